"""What the principal components go with."""

from __future__ import annotations

import numpy as np

from isograph.explanation.pictures.frame import Picture
from isograph.quality.model import Quality
from isograph.quality.pictures.grid import grid_figure

_MOST = 30
_Q = 0.05


def associations_picture(quality: Quality) -> Picture | None:
    """Share of each component's variance that each sample column explains.

    Args:
        quality: of a cohort.
    """
    tests = quality.tables["component_associations"].to_pandas()
    if tests["r2"].notna().sum() == 0 or quality.components is None:
        return None
    best = tests.groupby("column")["pvalue"].min().fillna(1.0)
    columns = [column.name for column in quality.columns if column.name in best.index]
    if len(columns) > _MOST:
        kept = set(best.sort_values(kind="stable").index[:_MOST])
        columns = [name for name in columns if name in kept]
    rows = list(quality.components.names)
    r2, q = (
        tests.pivot(index="component", columns="column", values=name)
        .reindex(index=rows, columns=columns)
        .to_numpy(dtype=np.float64)
        for name in ("r2", "qvalue")
    )
    shares = quality.components.shares
    names = [f"{row} ({share:.0%})" for row, share in zip(rows, shares, strict=True)]
    told = f"R²; framed: q ≤ {_Q:g}"
    if len(columns) < len(best):
        told += f"; {len(columns)} of {len(best)} columns, smallest p"
    figure = grid_figure(
        r2,
        rows=names,
        columns=columns,
        marked=np.nan_to_num(q, nan=1.0) <= _Q,
        title="What the components go with",
        told=told,
        cell=(0.36, 0.27),
    )
    caption = (
        "Share of each principal component (with its share of the variance) that a sample column "
        "explains by itself. A technical column beside PC1 belongs among the covariates."
    )
    return Picture("Components and sample columns", caption, figure)
