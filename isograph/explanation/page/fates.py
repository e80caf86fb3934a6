"""What became of the genes, in words."""

from __future__ import annotations

import pandas as pd

_WORDS = {
    "assigned": "in a module",
    "filtered_low_expression": "too few reads to be looked at",
    "no_significant_edge": "go with no other gene more than chance would have it",
    "outside_core": "loosely tied to others, not enough to belong",
    "module_too_small": "tied to so few that they make no module",
    "module_not_significant": "in a group that chance could have made",
}


def fate_rows(fates: pd.DataFrame) -> list[tuple[int, str]]:
    """Number of genes and what became of them, in the order of the fit's steps.

    Args:
        fates: `gene_fates.parquet`.
    """
    counts = {str(name): int(n) for name, n in fates["fate"].value_counts(sort=False).items()}
    names = [name for name in _WORDS if name in counts] + sorted(set(counts) - set(_WORDS))
    return [(counts[name], _WORDS.get(name, name.replace("_", " "))) for name in names]
