"""Makes docs/fix.svg, the picture that opens the README: a real run of `nn-lint --fix` on a copy of a fixture."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 118
SVG = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""rich's frame of a terminal without fonts from elsewhere: a picture must not load anything."""
COMMANDS = (("resnet32.py",), ("--fix", "--diff", "resnet32.py"))


def run(folder: Path, arguments: tuple[str, ...]) -> str:
    """What a terminal would show."""
    command = [sys.executable, "-m", "nn_lint", "--isolated", "--color", "always", "--output-format", "full"]
    done = subprocess.run(
        [*command, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.stdout.decode()


def main() -> None:
    """Run the commands one after the other and write the picture."""
    with tempfile.TemporaryDirectory() as name, Path("/dev/null").open("w") as nowhere:
        folder = Path(name)
        shutil.copy(ROOT / "fixtures" / "resnet32.py", folder)
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
        for arguments in COMMANDS:
            console.print(Text(f"$ nn-lint {' '.join(arguments)}", style="bold"))
            console.print(Text.from_ansi(run(folder, arguments)))
        svg = console.export_svg(title="nn-lint", code_format=SVG)
        # Some viewers drop the spaces that a line begins with.
        kept = svg.replace("<text ", '<text xml:space="preserve" ')
        (ROOT / "docs" / "fix.svg").write_text(kept, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
