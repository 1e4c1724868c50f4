"""`nn-lint clean`: empties the cache."""

from __future__ import annotations

import click

from nn_lint.cli.exit_codes import CLEAN


@click.command("clean")
def command() -> int:
    """Remove all findings that were kept to make later runs fast."""
    from nn_lint.cache.folder import cache_folder, clean

    files, size = clean()
    click.echo(f"Removed {files} {'file' if files == 1 else 'files'} ({size / 1e6:.1f} MB) from {cache_folder()}.")
    return CLEAN
