"""Sorting in the browser, run under node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from isograph.explanation.page import shell

SCRIPT = Path(shell.__file__).parent / "templates" / "page.js"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed")


def _run(expression: str) -> Any:
    code = f"const page = require({json.dumps(str(SCRIPT))});"
    code += f"console.log(JSON.stringify({expression}))"
    done = subprocess.run(
        [str(NODE), "-e", code], capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("text", "full", "number"),
    [
        ("−0.97", "", -0.97),
        ("1,234", "", 1234),
        ("<1e-300", "2.2e-308", 2.2e-308),
        ("2.1e-12", "2.123e-12", 2.123e-12),
        ("▲ +12.5", "", 12.5),
        ("▼ −50.0", "", -50.0),
        ("99.5%", "", 99.5),
    ],
)
def test_cells_are_read_as_numbers(text: str, full: str, number: float) -> None:
    assert _run(f"page.numberOf({json.dumps(text)}, {json.dumps(full)})") == number


def test_numbers_sort_as_numbers_and_missing_ones_last_both_ways() -> None:
    rows, keys = ["ten", "gap", "nine", "minus"], [10, None, 9, -1]
    for sign, order in (
        (1, ["minus", "nine", "ten", "gap"]),
        (-1, ["ten", "nine", "minus", "gap"]),
    ):
        found = _run(f"page.sortRows({json.dumps(rows)}, {json.dumps(keys)}, {sign}, true)")
        assert found == order


def test_words_sort_with_their_numbers_in_order_and_ties_stay() -> None:
    names = ["M10", "m2", "M2", "M1"]
    found = _run(f"page.sortRows({json.dumps(names)}, {json.dumps(names)}, 1, false)")
    assert found == ["M1", "m2", "M2", "M10"]


def test_a_whole_name_beats_names_that_begin_like_it() -> None:
    finds = ["bcl2l1 a", "bcl2l11 b"]
    for word, found in (("bcl2l1", [True, False]), ("bcl2", [True, True]), ("c", [True, True])):
        test = f"page.finder({json.dumps(finds)}, {json.dumps(word)})"
        assert _run(f"{json.dumps(finds)}.map({test})") == found
