"""What a module or a programme is, in a few plain sentences made of its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from isograph.explanation.page.format import (
    NO_BREAK,
    counted,
    equals_pvalue,
    fixed,
    listed,
    one_fixed,
    one_percent,
)
from isograph.explanation.page.roles import RoleCount
from isograph.explanation.page.traits import trait_sentences
from isograph.explanation.switches import CLEAR_Q

_TOP_GENES = 3
_WORDS = {
    "coupled": "coupled",
    "switch_only": "by isoform usage only",
    "abundance_only": "by abundance only",
    "discordant": "discordant",
    "inactive": "weak in both",
}


def module_sentences(
    summary: Mapping[str, Any],
    *,
    n_samples: int,
    roles: tuple[RoleCount, ...],
    variance_explained: float,
    traits: Sequence[Mapping[str, Any]],
    drivers: pd.DataFrame,
    pairs: pd.DataFrame,
    names: pd.Series[str],
    n_also: int,
) -> tuple[str, ...]:
    """A module in plain words.

    Args:
        summary: its row of `module_summary.parquet`.
        n_samples: of the fit.
        roles: of its genes.
        variance_explained: by its eigengene, 0 to 1.
        traits: its tests by p.
        drivers: its driver table.
        pairs: from `switch_pairs`.
        names: of genes by id.
        n_also: genes of other modules that follow it too.
    """
    genes = counted(int(summary["n_genes"]), "gene")
    ranked = sorted(roles, key=lambda count: -count.n)
    split = listed([f"{count.n:,} {_WORDS[count.role]}" for count in ranked]) if ranked else ""
    told = [
        f"{genes} whose {_channels(roles)} together across {n_samples:,} samples"
        + (f": {split}." if split else ".")
    ]
    firm = []
    if not pd.isna(summary["stability"]):
        firm.append(f"stability {one_fixed(float(summary['stability']))} over half-samples")
    if np.isfinite(variance_explained):
        share = one_percent(variance_explained)
        firm.append(f"its eigengene carries {share} of its features’ variance")
    if not pd.isna(summary["pvalue"]):
        chance = equals_pvalue("p", float(summary["pvalue"]))
        firm.append(f"a module this dense by chance: {chance}")
    if firm:
        told.append(_capital("; ".join(firm)) + ".")
    told += trait_sentences(traits, thing="module")
    told += _driver_sentence(drivers, names) + _switch_sentence(pairs, names)
    if n_also:
        verb = "follows" if n_also == 1 else "follow"
        told.append(f"{counted(n_also, 'gene')} of other modules {verb} it too.")
    return tuple(told)


def programme_sentences(
    row: Mapping[str, Any],
    *,
    traits: Sequence[Mapping[str, Any]],
    loadings: pd.DataFrame,
    pairs: pd.DataFrame,
    names: pd.Series[str],
) -> tuple[str, ...]:
    """A broad factor in plain words.

    Args:
        row: its row of `programmes.parquet`.
        traits: what it goes with, tests with the closest first.
        loadings: its rows of `programme_loadings.parquet`.
        pairs: from `switch_pairs`.
        names: of genes by id.
    """
    n_genes = int(row["n_genes"])
    told = [
        "A broad factor: a direction that many genes of different modules share, such as a batch, "
        "a mixture of cells or a treatment.",
        f"It carries {one_percent(float(row['variance_share']), digits=1)} of the variance of all "
        f"features; {counted(n_genes, 'gene')} {'loads' if n_genes == 1 else 'load'} on it.",
        "It was taken out of the data before modules were found: modules show what varies beside "
        "it, and what follows it is told here."
        if row["removed"]
        else "It was left in the data when modules were found.",
        *trait_sentences(traits, thing="factor"),
    ]
    if len(loadings):
        size = loadings["loading"].abs().round(9)
        best = loadings.assign(size=-size).sort_values(["size", "feature_id"])
        ids = best.drop_duplicates("gene_id")["gene_id"].head(_TOP_GENES)
        told.append(f"The highest loadings: {listed(_named(ids, names))}.")
    return tuple(told + _switch_sentence(pairs, names))


def _channels(roles: tuple[RoleCount, ...]) -> str:
    present = {count.role for count in roles} - {"inactive"}
    if present == {"abundance_only"}:
        return "abundance moves"
    if present == {"switch_only"}:
        return "isoform usage moves"
    return "isoform usage and abundance move"


def _driver_sentence(drivers: pd.DataFrame, names: pd.Series[str]) -> list[str]:
    known = drivers[drivers["in_module"]].dropna(subset=["r_loo"])
    if known.empty:
        return []
    size = known["r_loo"].abs().round(9)
    best = known.assign(size=-size).sort_values(["size", "gene_id"]).head(_TOP_GENES)
    rs = fixed(best["r_loo"].to_numpy(dtype=np.float64), digits=2)
    told = [
        f"{name} (r{NO_BREAK}={NO_BREAK}{r})"
        for name, r in zip(_named(best["gene_id"], names), rs, strict=True)
    ]
    verb = "Strongest driver" if len(told) == 1 else "Strongest drivers"
    return [f"{verb}, each against the module made without it: {listed(told)}."]


def _switch_sentence(pairs: pd.DataFrame, names: pd.Series[str]) -> list[str]:
    clear = pairs[pairs["qvalue"] <= CLEAR_Q]
    if clear.empty:
        return []
    first = clear.iloc[0]
    gene = _named(clear["gene_id"].head(_TOP_GENES), names)
    told = (
        f"Clearest switch: where it is high, {gene[0]} moves from {first['transcript_down']} "
        f"({one_percent(first['down_low'])} → {one_percent(first['down_high'])} of the gene) to "
        f"{first['transcript_up']} ({one_percent(first['up_low'])} → "
        f"{one_percent(first['up_high'])})"
    )
    others = len(clear) - 1
    if others:
        more = f"; {counted(others, 'further gene')} {'switches' if others == 1 else 'switch'}"
        shown = gene[1:]
        told += f"{more}, {listed(shown)} {'most clearly' if others > len(shown) else 'clearly'}"
    return [told + "."]


def _named(ids: pd.Series[str], names: pd.Series[str]) -> list[str]:
    return [str(name) for name in names.reindex(ids).fillna(ids.set_axis(ids)).tolist()]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
