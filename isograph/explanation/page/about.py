"""What the head of a module's page says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from isograph.explanation.model import Explanation
from isograph.explanation.page.roles import RoleCount, role_counts
from isograph.explanation.page.rows import records, row_of
from isograph.explanation.page.tiles import Tile, module_tiles, programme_tiles
from isograph.explanation.page.traits import MANY_LEVELS, traits_of
from isograph.explanation.page.words import module_sentences, programme_sentences
from isograph.explanation.source import MODULE, Source
from isograph.explanation.switches import switch_pairs

DRIVERS, POLARITY, HIGH_LOW = (
    "gene_driver_table",
    "transcript_polarity_table",
    "high_vs_low_table",
)


@dataclass(frozen=True)
class About:
    """Sentences and figures, with the tables that they are made of.

    Attributes:
        sentences: plain text.
        tiles: key figures.
        roles: of a module's genes; empty for programmes.
        traits: tests by p, from `traits_of`.
        drivers, polarity: tables of the explanation.
        pairs: from `switch_pairs`.
    """

    sentences: tuple[str, ...]
    tiles: tuple[Tile, ...]
    roles: tuple[RoleCount, ...]
    traits: pd.DataFrame
    drivers: pd.DataFrame
    polarity: pd.DataFrame
    pairs: pd.DataFrame


def about(source: Source, part: Explanation) -> About:
    """The head of the page of a module or programme.

    Args:
        source: fit and data.
        part: what is explained.
    """
    drivers, polarity = part.table(DRIVERS), part.table(POLARITY)
    traits = traits_of(source.fit.traits, part.profile.name)
    pairs = switch_pairs(polarity)
    head = _module_head if part.profile.kind == MODULE else _programme_head
    sentences, tiles, roles = head(source, part.profile.name, traits, drivers, pairs)
    return About(sentences, tiles, roles, traits, drivers, polarity, pairs)


_Head = tuple[tuple[str, ...], tuple[Tile, ...], tuple[RoleCount, ...]]


def _module_head(
    source: Source, name: str, traits: pd.DataFrame, drivers: pd.DataFrame, pairs: pd.DataFrame
) -> _Head:
    fit = source.fit
    summary = row_of(fit.summary, "module_id", name)
    share = float(row_of(fit.eigengenes, "module_id", name)["variance_explained"])
    roles, tests, n_samples = role_counts(summary), _tested(traits), len(source.sample_ids)
    sentences = module_sentences(
        summary,
        n_samples=n_samples,
        roles=roles,
        variance_explained=share,
        traits=tests,
        drivers=drivers,
        pairs=pairs,
        names=source.gene_names,
        n_also=int((fit.overlaps["module_id"] == name).sum()),
    )
    trait = tests[0] if tests else None
    tiles = module_tiles(summary, variance_explained=share, n_samples=n_samples, trait=trait)
    return sentences, tiles, roles


def _programme_head(
    source: Source, name: str, traits: pd.DataFrame, drivers: pd.DataFrame, pairs: pd.DataFrame
) -> _Head:
    row = row_of(source.fit.programmes, "programme_id", name)
    match = programme_match(row, source)
    sentences = programme_sentences(
        row,
        traits=[*([match] if match else []), *_tested(traits)],
        loadings=source.loadings_of(name).reset_index(),
        pairs=pairs,
        names=source.gene_names,
    )
    return sentences, programme_tiles(row, n_samples=len(source.sample_ids), match=match), ()


def programme_match(row: Mapping[str, Any], source: Source) -> dict[str, Any] | None:
    """What a programme follows most closely, as a test; the fit looks beyond the traits for it."""
    if pd.isna(row["best_match"]):
        return None
    trait = row["best_match"]
    tests = source.fit.traits
    mine = tests[(tests["module_id"] == row["programme_id"]) & (tests["trait"] == trait)]
    known = records(mine.head(1))[0] if len(mine) else {}
    kinds = {str(told["name"]): str(told["kind"]) for told in source.fit.config["traits"]}
    # a sample column that is no trait of the study has no test of its own on record
    test = MANY_LEVELS if kinds.get(trait) == "many-level" else "pearson"
    return (
        {"test": test, "level": None, "reference_level": None}
        | known
        | {
            "trait": trait,
            "r": row["best_match_r"],
            "qvalue": row["best_match_q"],
        }
    )


def _tested(traits: pd.DataFrame) -> list[dict[str, Any]]:
    return records(traits.dropna(subset=["pvalue"]))
