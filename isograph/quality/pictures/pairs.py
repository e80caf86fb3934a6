"""Which sample columns go together."""

from __future__ import annotations

import numpy as np

from isograph.explanation.pictures.frame import Picture
from isograph.quality.model import Quality
from isograph.quality.pictures.grid import grid_figure

_MOST = 30


def pairs_picture(quality: Quality) -> Picture | None:
    """Strength of the association of every pair of sample columns, traits and covariates first.

    Args:
        quality: of a cohort.
    """
    pairs = quality.tables["column_pairs"].to_pandas()
    pairs = pairs[pairs["strength"].notna() | (pairs["relation"] != "")]
    if pairs.empty:
        return None
    best: dict[str, float] = {}
    for column in ("column_1", "column_2"):
        for name, value in pairs.groupby(column)["strength"].max().items():
            best[str(name)] = max(best.get(str(name), 0.0), float(value))
    names = [column.name for column in quality.columns if column.name in best]
    n_all = len(names)
    if n_all > _MOST:
        ranked = [name for name in names if name in _named(quality)]
        ranked += sorted((n for n in names if n not in ranked), key=lambda name: -best[name])
        kept = set(ranked[:_MOST])
        names = [name for name in names if name in kept]
    place = {name: i for i, name in enumerate(names)}
    values = np.full((len(names), len(names)), np.nan)
    marked = np.zeros(values.shape, dtype=bool)
    for row in pairs.to_dict("records"):
        i, j = place.get(row["column_1"]), place.get(row["column_2"])
        if i is not None and j is not None:
            # below the diagonal
            i, j = max(i, j), min(i, j)
            values[i, j] = row["strength"]
            marked[i, j] = row["warned"]
    told = "0: nothing in common, 1: the same; framed: look at these"
    if len(names) < n_all:
        told += f"; {len(names)} of {n_all} columns"
    figure = grid_figure(
        values[1:, :-1],
        rows=names[1:],
        columns=names[:-1],
        marked=marked[1:, :-1],
        title="Which sample columns go together",
        told=told,
        cell=(0.3, 0.24) if len(names) > 14 else (0.4, 0.29),
    )
    caption = (
        "Cramér’s V of two groupings, η of a grouping and a measurement, |r| of two measurements. "
        "Framed: so strong that what one column does is hard to tell from the other."
    )
    return Picture("Sample columns", caption, figure)


def _named(quality: Quality) -> set[str]:
    return {column.name for column in quality.columns if column.role in ("trait", "covariate")}
