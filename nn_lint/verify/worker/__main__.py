"""Entry by path (`python -I -B <this folder>`): puts the folder up as a package of its own name and starts the server.

The folder is taken off `sys.path`, so that a module of the user's project may bear the name of any file here.
"""

import importlib
import importlib.util
import sys
from pathlib import Path

PACKAGE = "_nn_lint_worker"


def start() -> None:
    """Import this folder as the package `_nn_lint_worker` and serve until the parent hangs up."""
    folder = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != folder]
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"no package at {folder}")
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    importlib.import_module(PACKAGE + ".server").serve(once="--once" in sys.argv)


if __name__ == "__main__":
    start()
