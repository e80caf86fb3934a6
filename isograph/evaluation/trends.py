"""How scores and costs of a suite went over runs, from the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from isograph.files import plain

_SCORES = ("recovery", "ari", "coverage", "background_fraction")
_COSTS = ("seconds", "peak_memory_bytes")
_GROUP = ["suite", "backend", "machine"]
_CELL = ["dataset", "seed", "settings"]


def trend_rows(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Where a suite stood after each run.

    A run that did a part of the suite changes that part only: of the other cells the last known
    value counts. Costs are those of one kind of machine; runs on others are rows of their own.

    Args:
        history: lines of `isograph.evaluation.history.read_history`, oldest first.

    Returns:
        A row a suite, backend, machine and run, in that order: `time` (its last), `commit`,
        `dirty`, `n_cells_run`, `n_cells` (known so far), `mean_recovery`, `mean_ari`,
        `mean_coverage`, `mean_background_fraction` (over cells where they are defined),
        `total_seconds` and `largest_peak_memory_bytes`; None where nothing is known. Data sets of
        no suite are left out.
    """
    lines = [line for line in history if line.get("suite")]
    if not lines:
        return []
    frame = pd.DataFrame(lines).reindex(
        columns=[*_GROUP, *_CELL, *_SCORES, *_COSTS, "run", "time", "commit", "dirty"]
    )
    frame["settings"] = [str(sorted((line.get("settings") or {}).items())) for line in lines]
    frame["machine"] = frame["machine"].fillna("unknown")
    rows: list[dict[str, Any]] = []
    for key, group in frame.groupby(_GROUP, sort=True):
        rows += _of_group(dict(zip(_GROUP, key, strict=True)), group)
    return rows


def _of_group(about: Mapping[str, Any], group: pd.DataFrame) -> list[dict[str, Any]]:
    """One row a run, in the order of their first lines."""
    group = group.assign(cell=pd.factorize(pd.MultiIndex.from_frame(group[_CELL]))[0])
    group = group.assign(at=pd.factorize(group["run"])[0])
    last = group.groupby("at").last()
    n_run = group.groupby("at")["cell"].nunique()
    # a cell that a run did twice counts as it was at last; an undefined score is a value too
    once = group.drop_duplicates(["at", "cell"], keep="last").set_index(["at", "cell"])
    known = once["run"].unstack().ffill().notna()
    found: dict[str, pd.Series[float]] = {"n_cells": known.sum(axis=1)}
    for name in _SCORES:
        found[f"mean_{name}"] = _carried(once[name], known).mean(axis=1)
    found["total_seconds"] = _carried(once["seconds"], known).sum(axis=1, min_count=1)
    found["largest_peak_memory_bytes"] = _carried(once["peak_memory_bytes"], known).max(axis=1)
    rows = []
    for at in last.index:
        row = {**about, "run": last.at[at, "run"], "time": last.at[at, "time"]}
        row |= {"commit": last.at[at, "commit"], "dirty": last.at[at, "dirty"]}
        row["n_cells_run"] = int(n_run[at])
        row |= {name: _number(values[at]) for name, values in found.items()}
        row["n_cells"] = int(row["n_cells"] or 0)
        rows.append(plain(row))
    return rows


def _carried(values: pd.Series[Any], known: pd.DataFrame) -> pd.DataFrame:
    """Values by run (rows) and cell (columns), each cell's last one going on."""
    return values.astype(float).unstack().ffill().where(known)


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
