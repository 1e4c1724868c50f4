"""The JSON format."""

from __future__ import annotations

import json
from pathlib import Path

from nn_lint.report import json_format
from tests.report.making import diagnostic, fix


def test_no_findings_are_an_empty_list() -> None:
    assert json.loads("".join(json_format.render([]))) == []


def test_the_shape_of_a_finding() -> None:
    first, second = json.loads("".join(json_format.render([diagnostic(fix=fix()), diagnostic()])))
    assert first == {
        "code": "NN101",
        "name": "missing-super-init",
        "severity": "error",
        "filename": str(Path("src/net.py").absolute()),
        "location": {"row": 3, "column": 9},
        "end_location": {"row": 3, "column": 17},
        "message": "`Net.__init__` never calls `super().__init__()`",
        "fix": {
            "applicability": "safe",
            "message": "Insert `super().__init__()`",
            "edits": [
                {
                    "content": "        super().__init__()\n",
                    "location": {"row": 4, "column": 1},
                    "end_location": {"row": 4, "column": 1},
                }
            ],
        },
        "url": "https://github.com/nn-lint/nn-lint/blob/main/docs/rules/NN101-missing-super-init.md",
    }
    assert second["fix"] is None
