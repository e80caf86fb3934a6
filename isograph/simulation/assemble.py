"""From what was drawn to a bundle with truth tables and provenance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.files import SCHEMA_VERSION, plain
from isograph.simulation.genes import CARRYING_ABUNDANCE, SWITCHING, Ints, Layout, Placement

GENERATOR = "isograph.simulation"
GENERATOR_VERSION = "1"
"""Raised whenever a fixture's draws change."""

PSI_FLOOR = 1e-4
LONGEST = 1000
LENGTH_STEP = 50


DECIMALS = 6
"""Of truth tables: no machine's last bit reaches the file."""


@dataclass(frozen=True)
class Effects:
    """How strongly isoform usage follows modules; a gene may stand here once a module.

    Attributes:
        gene: index of the gene, shape (n_effects,).
        module: index of the module it follows, shape (n_effects,).
        effect: what the logit of isoform 1's share gains a unit of the latent, with sign,
            shape (n_effects,).
    """

    gene: Ints
    module: Ints
    effect: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Planted:
    """Everything drawn for one fixture.

    Attributes:
        samples: the sample table.
        placement: module and role of each gene.
        layout: isoforms of each gene.
        latents: shape (n_modules, n_samples).
        transcript_counts: whole numbers, shape (n_transcripts, n_samples), rows as in `layout`.
        latents_told: whether the bundle gets a table of the latents.
        effects: of the bundle's table of effects; None where it has none.
    """

    samples: pd.DataFrame
    placement: Placement
    layout: Layout
    latents: npt.NDArray[np.float64]
    transcript_counts: Ints
    latents_told: bool = False
    effects: Effects | None = None


def assemble(
    planted: Planted,
    *,
    name: str,
    suite: str,
    description: str,
    seed: int,
    parameters: Mapping[str, Any],
) -> Bundle:
    """Make the bundle of a fixture.

    Args:
        planted: what was drawn.
        name: the fixture.
        suite: its suite.
        description: one line for people.
        seed: seed it was drawn with.
        parameters: everything that was planted on purpose, kept as JSON text.

    Returns:
        A bundle with transcript counts, gene counts, psi and the truth tables.
    """
    layout = planted.layout
    gene_ids = _ids("G", len(layout.n_isoforms))
    gene_counts = np.add.reduceat(planted.transcript_counts, layout.first, axis=0)
    tables = {
        "transcript": _transcript_table(layout, gene_ids),
        "gene": pd.DataFrame({"gene_id": gene_ids}),
        "psi": pd.DataFrame({"psi_uid": gene_ids + ":psi", "gene_id": gene_ids}),
        **_truth_tables(planted, gene_ids),
    }
    return Bundle(
        name=name,
        suite=suite,
        description=description,
        samples=planted.samples,
        tables=tables,
        matrices={
            "transcript_counts": planted.transcript_counts,
            "gene_counts": gene_counts,
            "psi": _psi(planted.transcript_counts[layout.first], gene_counts, layout=layout),
        },
        provenance={
            "generator": GENERATOR,
            "generator_version": GENERATOR_VERSION,
            "fixture": name,
            "seed": str(seed),
            "parameters": json.dumps(plain(parameters), allow_nan=False),
            "schema_version": SCHEMA_VERSION,
        },
    )


def _ids(prefix: str, n: int) -> npt.NDArray[np.object_]:
    return np.array([f"{prefix}{number:05d}" for number in range(1, n + 1)], dtype=object)


def _transcript_table(layout: Layout, gene_ids: npt.NDArray[np.object_]) -> pd.DataFrame:
    of_gene = gene_ids[layout.gene]
    number = (layout.isoform + 1).astype(str).astype(object)
    return pd.DataFrame(
        {
            "transcript_id": of_gene + ".T" + number,
            "gene_id": of_gene,
            "length": LONGEST - LENGTH_STEP * layout.isoform,
        }
    )


def _truth_tables(planted: Planted, gene_ids: npt.NDArray[np.object_]) -> dict[str, pd.DataFrame]:
    names = _module_names(len(planted.latents))
    tables = _placement_tables(planted.placement, gene_ids, names)
    if planted.effects is not None:
        tables |= _effect_tables(planted.effects, planted.placement, gene_ids, names)
    if planted.latents_told and len(planted.latents):
        n_modules, n_samples = planted.latents.shape
        tables["truth_latents"] = pd.DataFrame(
            {
                "sample_id": np.tile(planted.samples["sample_id"].to_numpy(object), n_modules),
                "module_id": np.repeat(names[:-1], n_samples),
                "latent": np.round(planted.latents.ravel(), DECIMALS),
            }
        )
    return tables


def _module_names(n_modules: int) -> npt.NDArray[np.object_]:
    """Ids of modules, then None, which index −1 gives to background genes."""
    width = max(2, len(str(n_modules - 1)))
    return np.array([*(f"T{index:0{width}d}" for index in range(n_modules)), None], dtype=object)


def _effect_tables(
    effects: Effects,
    placement: Placement,
    gene_ids: npt.NDArray[np.object_],
    names: npt.NDArray[np.object_],
) -> dict[str, pd.DataFrame]:
    gene, module = gene_ids[effects.gene], names[effects.module]
    second = effects.module != placement.module[effects.gene]
    tables = {
        "truth_effect": pd.DataFrame(
            {
                "gene_id": gene,
                "module_id": module,
                "sign": np.where(effects.effect < 0, -1, 1),
                "effect": np.round(np.abs(effects.effect), DECIMALS),
            }
        )
    }
    if second.any():
        tables["truth_module_overlap"] = pd.DataFrame(
            {"gene_id": gene[second], "module_id": module[second]}
        )
    return tables


def _placement_tables(
    placement: Placement, gene_ids: npt.NDArray[np.object_], names: npt.NDArray[np.object_]
) -> dict[str, pd.DataFrame]:
    module = names[placement.module]
    planted = placement.module >= 0
    return {
        "truth_module": pd.DataFrame({"gene_id": gene_ids[planted], "module_id": module[planted]}),
        "truth_switch": pd.DataFrame(
            {"gene_id": gene_ids, "has_switch": placement.has_role(*SWITCHING)}
        ),
        "truth_abundance": pd.DataFrame(
            {"gene_id": gene_ids, "has_abundance": placement.has_role(*CARRYING_ABUNDANCE)}
        ),
        "truth_channel_role": pd.DataFrame(
            {
                "gene_id": gene_ids,
                "module_id": module,
                "truth_role": placement.role.astype(object),
            }
        ),
    }


def _psi(first: Ints, total: Ints, *, layout: Layout) -> npt.NDArray[np.float64]:
    """Isoform 1's share of the counts; samples without counts get the gene's share over all."""
    pooled = first.sum(axis=1) / np.maximum(total.sum(axis=1), 1)
    # a gene without any count has no usage to show: an even split
    pooled = np.where(total.sum(axis=1) > 0, pooled, 1.0 / layout.n_isoforms)
    share = np.where(total > 0, first / np.maximum(total, 1), pooled[:, None])
    return np.clip(share, PSI_FLOOR, 1.0 - PSI_FLOOR)
