"""Key figures of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from isograph.explanation.page.format import equals_pvalue, one_fixed, one_percent, one_pvalue
from isograph.explanation.page.traits import strength


@dataclass(frozen=True)
class Tile:
    """One key figure.

    Attributes:
        label: what it is.
        value: the figure.
        note: a few words below it; may be empty.
    """

    label: str
    value: str
    note: str = ""


def module_tiles(
    summary: Mapping[str, Any],
    *,
    variance_explained: float,
    n_samples: int,
    trait: Mapping[str, Any] | None,
) -> tuple[Tile, ...]:
    """Figures of a module beside its genes, from its row of `module_summary.parquet`."""
    q = float(summary["qvalue"])
    tiles = [
        Tile("p of the module", one_pvalue(float(summary["pvalue"])), equals_pvalue("q", q))
        if not pd.isna(summary["pvalue"])
        else Tile("p of the module", "–", "not tested by this backend"),
        Tile("Stability", one_fixed(float(summary["stability"])), "kept in half-samples, 0 to 1")
        if not pd.isna(summary["stability"])
        else Tile("Stability", "–", "not known"),
        Tile("Variance explained", one_percent(variance_explained), "of its features"),
        Tile("Samples", f"{n_samples:,}"),
        trait_tile(trait),
    ]
    return tuple(tiles)


def programme_tiles(
    row: Mapping[str, Any], *, n_samples: int, match: Mapping[str, Any] | None
) -> tuple[Tile, ...]:
    """Figures of a programme, from its row of `programmes.parquet`."""
    share = one_percent(float(row["variance_share"]), digits=1)
    return (
        Tile("Genes that load on it", f"{int(row['n_genes']):,}"),
        Tile("Variance", share, "of all features"),
        Tile("Taken out", "yes" if row["removed"] else "no", "before modules were found"),
        Tile("Samples", f"{n_samples:,}"),
        trait_tile(match),
    )


def trait_tile(test: Mapping[str, Any] | None) -> Tile:
    """What it goes with most closely."""
    if test is None:
        return Tile("Closest trait", "–", "none was tested")
    numbers = f"{strength(test)}, {equals_pvalue('q', float(test['qvalue']))}"
    return Tile("Closest trait", str(test["trait"]), numbers)
