"""`nn-lint rule`: the manual page of a rule."""

from __future__ import annotations

import click

from nn_lint.cli.exit_codes import CLEAN, FAILURE
from nn_lint.cli.options import color_option
from nn_lint.cli.output import is_terminal, open_output
from nn_lint.config import ConfigError


@click.command("rule")
@click.argument("rule", required=False)
@click.option("--all", "everything", is_flag=True, help="The pages of all rules.")
@color_option()
def command(rule: str | None, everything: bool, color: str) -> int:
    """Explain RULE: a code such as NN101, or a name such as missing-super-init."""
    from nn_lint.report.manual import page
    from nn_lint.rules import all_rules
    from nn_lint.rules.selection import find_rule

    if (rule is None) != everything:
        raise click.UsageError("give the code or name of a rule, or --all")
    output = open_output(color, quiet=False)
    try:
        rules = all_rules() if rule is None else (find_rule(rule),)
    except ConfigError as error:
        output.failure(str(error))
        return FAILURE
    text = "\n".join(map(page, rules))
    if not is_terminal():
        output.result(text, newline=False)
        return CLEAN
    from rich.console import Console
    from rich.markdown import Markdown

    Console(no_color=not output.colour).print(Markdown(text))
    return CLEAN
