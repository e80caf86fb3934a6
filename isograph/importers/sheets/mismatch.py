"""Why the names of a sample sheet and of quantified samples do not meet."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pandas as pd

from isograph.bundle.format import SAMPLE_ID
from isograph.importers.sheets.paths import n_in_paths
from isograph.importers.sheets.sample_sheet import Sheet


def mismatch_hint(sheet: Sheet, quantified: pd.Index[Any]) -> str:
    """What would bring more samples together; empty if nothing is in sight.

    Args:
        sheet: the sample sheet.
        quantified: ids of the quantified samples.
    """
    frame = sheet.frame
    n_now = int(quantified.isin(frame[SAMPLE_ID]).sum())
    others = {
        str(name): int(quantified.isin(frame[name].dropna().astype(str)).sum())
        for name in frame.columns.drop(SAMPLE_ID)
    }
    best = max(others, key=lambda name: others[name], default=None)
    if best is not None and others[best] > n_now:
        return f"column {best} holds {others[best]} of {len(quantified)}: --sample-column {best}"
    if int(quantified.isin(frame.columns).sum()) > n_now:
        return "its columns are the samples: turn it, one row a sample"
    for name, column in frame.items():
        if n_in_paths(column, quantified) > n_now:
            return f"{name} holds paths with the samples' ids in them: write the ids alone"
    ids, names = frame[SAMPLE_ID].astype(object), pd.Series(quantified, dtype=object)
    mine, theirs = _shared_end(ids), _shared_end(names)
    by_r = ids.str.replace(r"[^A-Za-z0-9._]", ".", regex=True)
    for fix, sheets, files in (
        (
            "R changed the names: read with check.names = FALSE",
            by_r.str.replace(r"^(?=[0-9_])", "X", regex=True),
            names,
        ),
        (
            "they differ by upper and lower case: write them alike",
            ids.str.lower(),
            names.str.lower(),
        ),
        (
            "leading zeros are lost: keep the column of ids as text",
            ids.str.lstrip("0"),
            names.str.lstrip("0"),
        ),
        (
            f"names end in {theirs!r} in the files, in {mine!r} in the sheet: make them alike",
            ids.str.removesuffix(mine),
            names.str.removesuffix(theirs),
        ),
    ):
        if files.isin(sheets).sum() > n_now:
            return fix
    return ""


def _shared_end(names: pd.Series[str]) -> str:
    """What all names end in, from a point, dash or underscore on: `_quant`."""
    letters = zip(*(str(name)[::-1] for name in names), strict=False)
    same = itertools.takewhile(lambda column: len(set(column)) == 1, letters)
    end = "".join(column[0] for column in same)[::-1]
    found = re.search(r"[._-].*", end)
    return found[0] if found else ""
