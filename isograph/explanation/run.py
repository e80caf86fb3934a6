"""Explain modules and programmes of a fit: every table, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from isograph.annotation.cache import read_annotation
from isograph.annotation.model import Annotation
from isograph.bundle import Bundle
from isograph.errors import Problem, StudyError
from isograph.explanation.attribution.availability import check_model, reason_against
from isograph.explanation.contrasts import high_low_table
from isograph.explanation.drivers import driver_table
from isograph.explanation.gene_sets import (
    TestedSets,
    gene_set_table,
    match_gene_sets,
    read_gene_sets,
)
from isograph.explanation.model import Explanation, Explanations
from isograph.explanation.options import ExplainOptions
from isograph.explanation.own_features import read_own_features
from isograph.explanation.polarity import polarity_table
from isograph.explanation.schema import POLARITY
from isograph.explanation.source import MODULE, PROGRAMME, Profile, Source, open_source
from isograph.explanation.structure.files import read_structure
from isograph.explanation.structure.labels import refuse_other_annotation, structural_labels
from isograph.explanation.structure.schema import STRUCTURE as STRUCTURE_SCHEMA
from isograph.explanation.switch_contrasts import switch_contrasts
from isograph.explanation.switches import structure_pairs
from isograph.explanation.usage import TranscriptUsage
from isograph.files import to_arrow
from isograph.machine import one_thread
from isograph.progress import Steps
from isograph.results import Fit

if TYPE_CHECKING:
    from isograph.explanation.attribution.model import Autoencoder

DRIVERS, POLARITIES, HIGH_LOW = (
    "gene_driver_table",
    "transcript_polarity_table",
    "high_vs_low_table",
)
VAE_DRIVERS, VAE_RESPONSES = "vae_drivers", "vae_responses"
IG, SETS, STRUCTURE = "ig_attributions", "gene_sets", "structure"
OWN = "own_features"


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
        note.result = f"{fit.config['study']}, {fit.config['backend']}: {len(source.profiles)}"
        note.result += " modules and programmes"
    extras = _Extras.of(source, options, steps)
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
        annotation=extras.annotation,
    )


def _chosen(source: Source, modules: Collection[str] | None, top: int | None) -> list[Profile]:
    profiles = source.profiles
    if modules is not None:
        unknown = [name for name in modules if name not in profiles]
        if unknown:
            known = _in_words(source)
            problem = Problem(
                "modules",
                "not in the fit",
                tuple(unknown),
                len(unknown),
                f"it has {known}",
            )
            raise StudyError("there is no such module", [problem])
        wanted = set(modules)
        return [profile for name, profile in profiles.items() if name in wanted]
    if top is not None:
        return [profile for profile in profiles.values() if profile.kind == MODULE][:top]
    return list(profiles.values())


def _in_words(source: Source) -> str:
    """First and last module, first and last programme."""
    words = []
    for kind in (MODULE, PROGRAMME):
        names = [name for name, profile in source.profiles.items() if profile.kind == kind]
        if names:
            words.append(names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}")
    return " and ".join(words) or "neither modules nor programmes"


@dataclass(frozen=True)
class _Extras:
    """What the options ask for, read and checked once for all modules."""

    options: ExplainOptions
    sets: TestedSets | None = None
    own: TranscriptUsage | None = None
    own_record: Mapping[str, Any] | None = None
    autoencoder: Autoencoder | None = None
    annotation: Annotation | None = None
    structure: pa.Table | None = None

    @staticmethod
    def of(source: Source, options: ExplainOptions, steps: Steps) -> _Extras:
        least, most = options.gene_set_sizes
        sets = own = own_record = autoencoder = annotation = structure = None
        if options.gene_sets is not None:
            named = read_gene_sets(options.gene_sets)
            sets = match_gene_sets(source, named, least=least, most=most)
        if options.feature_table is not None and options.feature_meta is not None:
            own, own_record = read_own_features(
                options.feature_table,
                options.feature_meta,
                sample_ids=source.sample_ids,
                genes=source.bundle.gene_ids,
            )
        if options.vae_attribution or options.integrated_gradients:
            check_model(source.fit)
            # torch takes longer to load than most explanations take
            from isograph.explanation.attribution.model import open_autoencoder

            autoencoder = open_autoencoder(source)
        if options.annotation_table is not None:
            structure = read_structure(options.annotation_table)
        if options.gtf is not None:
            annotation = read_annotation(options.gtf, cache_dir=options.cache_dir, steps=steps)
            refuse_other_annotation(annotation, source.transcript_ids)
        return _Extras(
            options=options,
            sets=sets,
            own=own,
            own_record=own_record,
            autoencoder=autoencoder,
            annotation=annotation,
            structure=structure,
        )


def _explain(source: Source, profile: Profile, extras: _Extras) -> Explanation:
    usage = source.usage.read(profile.genes)
    own = None if extras.own is None else extras.own.of_genes(profile.genes)
    tables: dict[str, pa.Table] = {
        DRIVERS: driver_table(source, profile),
        POLARITIES: POLARITY.empty_table(),
        HIGH_LOW: high_low_table(source, profile, extra=extras.own),
    }
    records: dict[str, Mapping[str, Any]] = {}
    missing: dict[str, str] = {}
    if len(usage.transcript_ids) or own is not None:
        tables[POLARITIES] = polarity_table(source, profile, usage, own=own)
    if not len(usage.transcript_ids):
        missing[POLARITIES] = (
            "no gene of it has two transcripts with reads"
            if source.usage.known
            else "the data set has neither transcript counts nor recorded shares (psi)"
        )
    if extras.sets is not None:
        tables[SETS] = gene_set_table(source, profile, extras.sets)
        records[SETS] = extras.sets.record
    if extras.own_record is not None:
        records[OWN] = extras.own_record
    if extras.annotation is not None or extras.structure is not None:
        _add_structure(profile, extras, tables, records, missing)
    if extras.autoencoder is not None:
        _attribute(extras.autoencoder, profile, extras.options, tables, records, missing)
    return Explanation(profile=profile, tables=tables, records=records, missing=missing)


def _add_structure(
    profile: Profile,
    extras: _Extras,
    tables: dict[str, pa.Table],
    records: dict[str, Mapping[str, Any]],
    missing: dict[str, str],
) -> None:
    """Add what changes in the structure of each switch, from the annotation or a table of it."""
    pairs = structure_pairs(tables[POLARITIES].to_pandas(), profile.name)
    if not len(pairs):
        missing[STRUCTURE] = "no gene of it has a transcript that rises and one that falls"
        return
    if extras.annotation is not None:
        found = structural_labels(extras.annotation, pairs)
        tables[STRUCTURE], records[STRUCTURE] = found.table, found.record
        return
    assert extras.structure is not None
    keys = ["gene_id", "transcript_id_1", "transcript_id_2"]
    told = extras.structure.to_pandas().drop(columns="module_id").drop_duplicates(keys)
    kept = pairs.merge(told, on=keys)
    tables[STRUCTURE] = to_arrow(kept.astype(object).mask(kept.isna(), None), STRUCTURE_SCHEMA)
    records[STRUCTURE] = {"n_pairs": len(pairs), "n_compared": len(kept)}
    if not len(kept):
        missing[STRUCTURE] = "the annotation table has none of its switch pairs"


def _attribute(
    autoencoder: Autoencoder,
    profile: Profile,
    options: ExplainOptions,
    tables: dict[str, pa.Table],
    records: dict[str, Mapping[str, Any]],
    missing: dict[str, str],
) -> None:
    """Add what the autoencoder says about a profile, or why it says nothing."""
    from isograph.explanation.attribution.decoder import attribute_decoder
    from isograph.explanation.attribution.integrated_gradients import attribute_encoder

    asked = [VAE_DRIVERS] * options.vae_attribution + [IG] * options.integrated_gradients
    reason = reason_against(autoencoder.source.fit, profile)
    if reason is not None:
        missing.update(dict.fromkeys(asked, reason))
        return
    if options.vae_attribution:
        decoder = attribute_decoder(autoencoder, profile)
        tables[VAE_DRIVERS], records[VAE_DRIVERS] = decoder.driver_table, decoder.record
        tables[VAE_RESPONSES] = decoder.response_table
    if options.integrated_gradients:
        encoder = attribute_encoder(autoencoder, profile, baseline=options.baseline)
        tables[IG], records[IG] = encoder.table, encoder.record
