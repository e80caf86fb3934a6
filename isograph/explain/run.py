"""Explain modules and programmes of a fit: every table, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from isograph.bundle import Bundle
from isograph.errors import Problem, StudyError
from isograph.explain.contrasts import high_low_table
from isograph.explain.drivers import driver_table
from isograph.explain.gene_sets import (
    LEAST_GENES,
    MOST_GENES,
    TestedSets,
    gene_set_table,
    match_gene_sets,
    read_gene_sets,
)
from isograph.explain.model import Explanation, Explanations
from isograph.explain.own_features import read_own_features
from isograph.explain.polarity import polarity_table
from isograph.explain.schema import POLARITY
from isograph.explain.source import MODULE, Profile, Source, open_source
from isograph.explain.switch_contrasts import switch_contrasts
from isograph.explain.usage import TranscriptUsage, stacked
from isograph.machine import one_thread
from isograph.progress import Steps
from isograph.results import Fit

DRIVERS, POLARITIES, HIGH_LOW = (
    "gene_driver_table",
    "transcript_polarity_table",
    "high_vs_low_table",
)
VAE_DRIVERS, IG, SETS = "vae_drivers", "ig_attributions", "gene_sets"


@dataclass(frozen=True)
class ExplainOptions:
    """What to tell about each module beside drivers, transcripts and contrasts.

    Attributes:
        vae_attribution: what the autoencoder's decoder answers to the module's direction.
        integrated_gradients: what its encoder reads the direction from.
        baseline: of the integrated gradients, `zero` or `mean`.
        gene_sets: GMT file.
        gene_set_sizes: fewest and most genes of a set that is tested.
        feature_table, feature_meta: features of the user's own, both or none.
    """

    vae_attribution: bool = False
    integrated_gradients: bool = False
    baseline: str = "zero"
    gene_sets: Path | None = None
    gene_set_sizes: tuple[int, int] = (LEAST_GENES, MOST_GENES)
    feature_table: Path | None = None
    feature_meta: Path | None = None

    def as_record(self) -> dict[str, Any]:
        """As the manifests have it."""
        return {
            "vae_attribution": self.vae_attribution,
            "integrated_gradients": self.integrated_gradients,
            "baseline": self.baseline,
            "gene_sets": None if self.gene_sets is None else self.gene_sets.name,
            "gene_set_sizes": list(self.gene_set_sizes),
            "feature_table": None if self.feature_table is None else self.feature_table.name,
            "feature_meta": None if self.feature_meta is None else self.feature_meta.name,
        }


def explain(
    fit: Fit,
    *,
    bundle: Bundle | Path | str | None = None,
    modules: Collection[str] | None = None,
    top: int | None = None,
    options: ExplainOptions | None = None,
    steps: Steps | None = None,
) -> Explanations:
    """Explain modules and programmes of a fit.

    Args:
        fit: in memory, or from `read_fit`.
        bundle: its data set, where that has moved since.
        modules: names of modules and programmes (`M000`, `P00`); all if None.
        top: that many of the largest modules instead.
        options: what to tell beside the tables that are always there.
        steps: where to show progress.

    Returns:
        The explanations, in the order of the fit's modules, then programmes.

    Raises:
        OutputError: the data set is not there or not that of the fit; a file of the options cannot
            be used; attribution is asked for and the fit has no model.
        StudyError: a module or programme is unknown.
    """
    options, steps = options or ExplainOptions(), steps or Steps()
    with steps.step("fit and data") as note, one_thread():
        source = open_source(fit, bundle=bundle)
        chosen = _chosen(source, modules, top)
        extras = _Extras.of(source, options)
        note.result = f"{fit.config['study']}, {fit.config['backend']}: {len(source.profiles)}"
        note.result += " modules and programmes"
    with steps.step("explanations") as note, one_thread():
        parts = []
        for number, profile in enumerate(chosen, start=1):
            steps.tell(f"{profile.name}, {number} of {len(chosen)}")
            parts.append(_explain(source, profile, extras))
        note.result = f"{len(parts)} explained"
    with steps.step("switch contrasts") as note, one_thread():
        contrasts = switch_contrasts(source)
        note.result = "no trait of two levels, or no usage"
        if contrasts is not None:
            note.result = f"{contrasts.num_rows:,} of gene and trait"
    return Explanations(
        source=source,
        parts=tuple(parts),
        switch_contrasts=contrasts,
        options=options.as_record(),
    )


def _chosen(source: Source, modules: Collection[str] | None, top: int | None) -> list[Profile]:
    profiles = source.profiles
    if modules is not None:
        unknown = [name for name in modules if name not in profiles]
        if unknown:
            known = ", ".join([*list(profiles)[:3], "…"] if len(profiles) > 3 else profiles)
            problem = Problem(
                "modules",
                "not in the fit",
                tuple(unknown),
                len(unknown),
                f"it has {known or 'neither modules nor programmes'}",
            )
            raise StudyError("there is no such module", [problem])
        wanted = set(modules)
        return [profile for name, profile in profiles.items() if name in wanted]
    if top is not None:
        return [profile for profile in profiles.values() if profile.kind == MODULE][:top]
    return list(profiles.values())


@dataclass(frozen=True)
class _Extras:
    """What the options ask for, read and checked once for all modules."""

    sets: TestedSets | None = None
    own: TranscriptUsage | None = None

    @staticmethod
    def of(source: Source, options: ExplainOptions) -> _Extras:
        least, most = options.gene_set_sizes
        sets = own = None
        if options.gene_sets is not None:
            named = read_gene_sets(options.gene_sets)
            sets = match_gene_sets(source, named, least=least, most=most)
        if options.feature_table is not None and options.feature_meta is not None:
            own = read_own_features(
                options.feature_table,
                options.feature_meta,
                sample_ids=source.sample_ids,
                genes=source.bundle.gene_ids,
            )
        return _Extras(sets=sets, own=own)


def _explain(source: Source, profile: Profile, extras: _Extras) -> Explanation:
    usage = source.usage.read(profile.genes)
    if extras.own is not None:
        usage = stacked(usage, extras.own.of_genes(profile.genes))
    tables: dict[str, pa.Table] = {
        DRIVERS: driver_table(source, profile),
        POLARITIES: POLARITY.empty_table(),
        HIGH_LOW: high_low_table(source, profile, extra=extras.own),
    }
    records: dict[str, Mapping[str, Any]] = {}
    missing: dict[str, str] = {}
    if len(usage.transcript_ids):
        tables[POLARITIES] = polarity_table(source, profile, usage)
    elif source.usage.known:
        missing[POLARITIES] = "no gene of it has two transcripts with reads"
    else:
        missing[POLARITIES] = "the data set has neither transcript counts nor recorded shares (psi)"
    if extras.sets is not None:
        tables[SETS] = gene_set_table(source, profile, extras.sets)
        records[SETS] = extras.sets.record
    return Explanation(profile=profile, tables=tables, records=records, missing=missing)
