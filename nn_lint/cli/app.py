"""The group of commands; what does not begin with the name of one is given to `check`."""

from __future__ import annotations

from importlib import import_module

import click

from nn_lint import __version__

_COMMANDS = ("check", "clean", "rule", "verify")
_OWN_OPTIONS = ("--version", "--help", "-h")


class CheckByDefault(click.Group):
    """Loads a command only when it is called, so that no command waits for the imports of another."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`nn-lint src` means `nn-lint check src`; a folder called `rule` is `./rule`."""
        if not args or args[0] not in (*_COMMANDS, *_OWN_OPTIONS):
            args = ["check", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, without loading them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(f"nn_lint.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, and the options of `check`, which may be given without its name."""
        self.format_commands(ctx, formatter)
        check = self.get_command(ctx, "check")
        options = (*(check.params if check else ()), *self.get_params(ctx))
        rows = [
            record for option in options if isinstance(option, click.Option) and (record := option.get_help_record(ctx))
        ]
        with formatter.section("Options"):
            formatter.write_dl(rows)


@click.group(
    cls=CheckByDefault, context_settings={"help_option_names": ["-h", "--help"]}, subcommand_metavar="[PATHS]..."
)
@click.version_option(__version__, message="nn-lint %(version)s")
def app() -> None:
    """Find, repair and prove the mistakes that people make when they define PyTorch modules.

    PATHS are files and folders, `-` is the standard input; without any the current folder is checked.
    """
