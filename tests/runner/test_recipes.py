"""The recipe of docs/speed.md for other clusters, where their package is installed: `check_source` over texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from nn_lint import check_source
from nn_lint.diagnostic import Diagnostic
from nn_lint.rules import all_rules

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster"), pytest.mark.filterwarnings("ignore")]
PAGE = Path(__file__).parents[2] / "docs" / "speed.md"


def test_ray() -> None:
    ray = pytest.importorskip("ray")
    files = [
        (f"net{number}.py", example.text)
        for number, rule in enumerate(all_rules())
        for example in rule.examples[:1]
        if number % 7 == 0
    ]
    scope: dict[str, object] = {"files": files}
    recipe = PAGE.read_text("utf-8").partition("<!-- ray -->\n```python\n")[2].partition("```")[0]
    assert "check_source" in recipe
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        exec(recipe, scope)
    finally:
        ray.shutdown()
    found = scope["found"]
    assert isinstance(found, list)
    expected: list[list[Diagnostic]] = [check_source(text, name) for name, text in files]
    assert found == expected
    assert any(expected)
