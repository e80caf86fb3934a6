"""Explanations at a glance: one row a module."""

from __future__ import annotations

import pandas as pd

from isograph.explanation.folder import closest_traits
from isograph.explanation.model import Explanation, Explanations
from isograph.explanation.run import DRIVERS, POLARITIES
from isograph.explanation.switches import CLEAR_Q, switch_pairs

COLUMNS = (
    *("module_id", "n_genes", "top_driver", "r", "switch", "falls", "rises", "shift"),
    *("trait", "test", "trait_r", "qvalue"),
)


def overview(explanations: Explanations, *, most: int | None = None) -> pd.DataFrame:
    """Top driver, clearest switch and closest trait of each module.

    Args:
        explanations: of a fit.
        most: so many rows only, the first.

    Returns:
        Columns `COLUMNS`, genes by name: `r` of the top driver; the gene of the clearest `switch`
        (q ≤ 0.05), its transcripts and the smaller of their two shifts; the trait with the smallest
        p, its test, r and q. None where there is none.
    """
    traits = closest_traits(explanations.source.fit.traits)
    rows = [
        {"module_id": part.profile.name, "n_genes": len(part.profile.genes)}
        | _driver(explanations, part)
        | _switch(explanations, part)
        | _trait(traits.get(part.profile.name, {}))
        for part in explanations.parts[:most]
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(object)


def _driver(explanations: Explanations, part: Explanation) -> dict[str, object]:
    drivers = part.table(DRIVERS)
    drivers = drivers[drivers["in_module"]]
    if drivers.empty:
        return {"top_driver": None, "r": None}
    top = drivers.iloc[0]
    return {"top_driver": explanations.source.gene_names[top["gene_id"]], "r": float(top["r"])}


def _switch(explanations: Explanations, part: Explanation) -> dict[str, object]:
    switches = switch_pairs(part.table(POLARITIES))
    switches = switches[switches["qvalue"] <= CLEAR_Q]
    if switches.empty:
        return dict.fromkeys(("switch", "falls", "rises", "shift"))
    first = switches.iloc[0]
    return {
        "switch": explanations.source.gene_names[first["gene_id"]],
        "falls": first["transcript_down"],
        "rises": first["transcript_up"],
        "shift": float(min(first["up_shift"], -first["down_shift"])),
    }


def _trait(row: dict[str, object]) -> dict[str, object]:
    names = {"trait": "trait", "test": "test", "trait_r": "r", "qvalue": "qvalue"}
    return {ours: row.get(theirs) for ours, theirs in names.items()}
