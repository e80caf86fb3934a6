"""From a bundle to features: one pass, in the order that the method needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.config import FeatureSettings
from isograph.errors import Problem, StudyError
from isograph.features.abundance import log_abundance
from isograph.features.axes import reference_transcripts, switch_axes
from isograph.features.covariates import Design, build_design, residualise
from isograph.features.filtering import expressed_genes, seen_transcripts
from isograph.features.model import ABUNDANCE, META_COLUMNS, SWITCH, FeatureSet
from isograph.features.normalisation import size_factors
from isograph.features.standardise import standardise
from isograph.features.traits import infer_traits
from isograph.features.usage import Usage, shrunk_usage
from isograph.progress import Steps
from isograph.study import Study
from isograph.threads import one_thread

FILTERED = "filtered_low_expression"
_PSI_EDGE = 1e-4
_LEAST_DF = 4
RESERVED_COLUMNS = frozenset((*META_COLUMNS, "module_id", "variance_explained"))


@dataclass
class _Channel:
    """Rows of one kind of feature before standardising."""

    meta: pd.DataFrame
    values: npt.NDArray[np.float64]
    observed: npt.NDArray[np.bool_]


def build_features(
    bundle: Bundle,
    *,
    study: Study,
    settings: FeatureSettings,
    steps: Steps | None = None,
) -> FeatureSet:
    """Switch axes and abundance of every expressed gene, without the study's covariates.

    Samples, genes and transcripts are sorted by id first, so that no result depends on the order
    in which they came.

    Args:
        bundle: the data set.
        study: gives covariates, traits, categorical columns and `drop_missing`.
        settings: see `FeatureSettings`.
        steps: where to show progress.

    Returns:
        Standardised features.

    Raises:
        StudyError: covariates or traits that the sample table cannot give, or no feature left.
    """
    steps = steps or Steps()
    with steps.step("features") as note, one_thread():
        samples, order = _samples_in_order(bundle, study)
        design, kept = build_design(
            samples,
            study.covariates,
            drop_missing=study.drop_missing,
            categorical=study.categorical,
        )
        samples = samples.loc[kept].reset_index(drop=True)
        order = order[kept]
        _refuse_too_few(len(samples) - 2 - design.rank, samples, design)
        traits = infer_traits(samples, categorical=study.categorical, names=study.traits)
        channels, genes, factors = _channels(bundle, order, design, settings)
        features = _assemble(channels, design, settings)
        meta, values, observed = features
        if len(meta) == 0:
            raise StudyError(
                f"no gene of {bundle.name} can be used",
                [
                    Problem(
                        "expression filter",
                        f"{len(genes)} genes, none varies between {len(samples)} samples with "
                        f"enough to go by ({settings.min_count:g} reads, for counts)",
                        fix="is this the right table? see min_count, min_sample_share",
                    )
                ],
            )
        genes = _fates_before_network(genes, meta)
        note.result = _describe(genes, meta, design)
    return FeatureSet(
        meta=meta,
        values=values,
        observed=observed,
        sample_ids=samples["sample_id"].to_numpy(dtype=str),
        samples=samples,
        design=design,
        traits=traits,
        genes=genes,
        record=_record(study, settings, design, samples, factors, meta),
    )


def _refuse_too_few(df: int, samples: pd.DataFrame, design: Design) -> None:
    if df < _LEAST_DF:
        problem = Problem(
            "samples",
            f"{len(samples)} with {design.rank} covariate columns leave {max(df, 0)} degrees of "
            "freedom for a correlation",
            fix=f"at least {_LEAST_DF + 2 + design.rank} samples are needed, 30 or more are better",
        )
        raise StudyError("too few samples", [problem])


def _samples_in_order(bundle: Bundle, study: Study) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    reserved = sorted(set(bundle.sample_ids) & RESERVED_COLUMNS)
    if reserved:
        problem = Problem(
            "sample_id",
            "named like a column of the results",
            tuple(reserved),
            len(reserved),
            "rename these samples",
        )
        raise StudyError(f"samples of {bundle.name} refused", [problem])
    order = np.argsort(bundle.sample_ids, kind="stable")
    return bundle.samples.iloc[order].reset_index(drop=True), order


def _channels(
    bundle: Bundle,
    order: npt.NDArray[np.int64],
    design: Design,
    settings: FeatureSettings,
) -> tuple[list[_Channel], pd.DataFrame, npt.NDArray[np.float64] | None]:
    """Every channel that the bundle's assays give, and the fate of each gene so far."""
    if "transcript_counts" in bundle.matrices:
        return _from_transcripts(bundle, order, design, settings)
    channels: list[_Channel] = []
    genes = pd.DataFrame({"gene_id": bundle.gene_ids})
    genes["value"], genes["meaning"] = np.nan, ""
    factors = None
    if "psi" in bundle.matrices:
        channels.append(_from_psi(bundle, order, design))
        known = set(genes["gene_id"])
        extra = sorted(set(channels[-1].meta["gene_id"]) - known)
        genes = pd.concat([genes, pd.DataFrame({"gene_id": extra, "value": np.nan, "meaning": ""})])
    if "gene_expression" in bundle.matrices:
        channels.append(_from_expression(bundle, order, design))
        seen = pd.Series(channels[-1].observed.sum(axis=1), index=channels[-1].meta["gene_id"])
        genes["value"] = seen.reindex(genes["gene_id"]).to_numpy(dtype=float)
        genes["meaning"] = "samples with a value; too few, or they do not vary"
    elif "gene_counts" in bundle.matrices:
        totals, ids = _sorted_rows(bundle, "gene", "gene_counts", "gene_id", order)
        keep, n_enough, needed = expressed_genes(totals, settings)
        factors = size_factors(totals[keep], method=settings.normalisation)
        channels.append(_abundance(totals[keep], ids[keep], None, factors, design, settings))
        enough = pd.Series(n_enough, index=ids)
        genes["value"] = enough.reindex(genes["gene_id"]).to_numpy(dtype=float)
        genes["meaning"] = _meaning(settings, needed)
    return channels, genes.sort_values("gene_id", ignore_index=True), factors


def _sorted_rows(
    bundle: Bundle, kind: str, assay: str, id_column: str, order: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.str_]]:
    ids = bundle.tables[kind][id_column].to_numpy(dtype=str)
    rows = np.argsort(ids, kind="stable")
    return bundle.matrices[assay][np.ix_(rows, order)].astype(np.float64), ids[rows]


def _from_transcripts(
    bundle: Bundle,
    order: npt.NDArray[np.int64],
    design: Design,
    settings: FeatureSettings,
) -> tuple[list[_Channel], pd.DataFrame, npt.NDArray[np.float64]]:
    table = bundle.tables["transcript"]
    gene_ids = table["gene_id"].to_numpy(dtype=str)
    rows = np.lexsort((table["transcript_id"].to_numpy(dtype=str), gene_ids))
    counts = bundle.matrices["transcript_counts"][np.ix_(rows, order)].astype(np.float64)
    table, gene_ids = table.iloc[rows], gene_ids[rows]
    genes, starts = np.unique(gene_ids, return_index=True)
    totals = np.add.reduceat(counts, starts, axis=0)
    keep, n_enough, needed = expressed_genes(totals, settings)
    factors = size_factors(totals[keep], method=settings.normalisation)

    gene_of_row = np.repeat(np.arange(len(genes)), np.diff(np.append(starts, len(gene_ids))))
    use = keep[gene_of_row] & seen_transcripts(counts, settings)
    n_used = np.bincount(gene_of_row[use], minlength=len(genes))
    channels = [_abundance(totals[keep], genes[keep], n_used[keep], factors, design, settings)]
    use &= n_used[gene_of_row] >= 2
    if use.any():
        channels.append(_switches(counts[use], table[use], gene_ids[use], design, settings))

    fates = pd.DataFrame({"gene_id": bundle.gene_ids})
    value = pd.Series(n_enough, index=genes).reindex(fates["gene_id"], fill_value=0)
    fates["value"] = value.to_numpy(dtype=float)
    fates["meaning"] = _meaning(settings, needed)
    return channels, fates, factors


def _meaning(settings: FeatureSettings, needed: int) -> str:
    return f"samples with at least {settings.min_count:g} reads; {needed} needed"


def _abundance(
    totals: npt.NDArray[np.float64],
    gene_ids: npt.NDArray[np.str_],
    n_transcripts: npt.NDArray[np.int64] | None,
    factors: npt.NDArray[np.float64],
    design: Design,
    settings: FeatureSettings,
) -> _Channel:
    values = residualise(log_abundance(totals, factors, settings), design)
    meta = _abundance_meta(gene_ids)
    if n_transcripts is not None:
        meta["n_transcripts"] = n_transcripts
    return _Channel(meta, values, np.ones(values.shape, dtype=bool))


def _abundance_meta(gene_ids: npt.NDArray[np.str_]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "feature_id": np.char.add(gene_ids, f"::{ABUNDANCE}"),
            "gene_id": gene_ids,
            "feature_type": ABUNDANCE,
            "n_transcripts": 0,
            "axis": 1,
            "variance_share": np.full(len(gene_ids), np.nan),
        },
        columns=list(META_COLUMNS),
    )


def _switches(
    counts: npt.NDArray[np.float64],
    table: pd.DataFrame,
    gene_ids: npt.NDArray[np.str_],
    design: Design,
    settings: FeatureSettings,
) -> _Channel:
    genes, starts = np.unique(gene_ids, return_index=True)
    usage = shrunk_usage(counts, starts, settings)
    reference = reference_transcripts(
        starts,
        usage.mean_usage,
        is_reference=_optional(table, "is_reference", bool),
        length=_optional(table, "length", float),
    )
    axes = switch_axes(
        usage,
        _without_covariates(usage, design),
        reference,
        max_axes=settings.max_axes,
        noise_ratio=settings.axis_noise_ratio,
    )
    ids = genes[axes.gene]
    suffix = np.where(axes.axis > 1, np.char.add(".", axes.axis.astype(str)), "")
    meta = pd.DataFrame(
        {
            "feature_id": np.char.add(np.char.add(ids, f"::{SWITCH}"), suffix),
            "gene_id": ids,
            "feature_type": SWITCH,
            "n_transcripts": usage.sizes[axes.gene],
            "axis": axes.axis,
            "variance_share": axes.variance_share,
        },
        columns=list(META_COLUMNS),
    )
    return _Channel(meta, axes.scores, usage.observed[axes.gene])


def _without_covariates(usage: Usage, design: Design) -> npt.NDArray[np.float64]:
    """Log usage less its fit on the design over samples with reads; 0 in the others."""
    if not design.rank or usage.observed.all():
        return residualise(usage.logs, design)
    hidden = np.repeat(~usage.observed, usage.sizes, axis=0)
    logs = residualise(np.where(hidden, np.nan, usage.logs), design)
    logs[hidden] = 0.0
    return logs


def _optional(table: pd.DataFrame, column: str, dtype: type) -> npt.NDArray[Any] | None:
    if column not in table.columns:
        return None
    if dtype is bool:
        return table[column].astype("boolean").fillna(False).to_numpy(dtype=bool)
    return pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _from_psi(bundle: Bundle, order: npt.NDArray[np.int64], design: Design) -> _Channel:
    """One switch coordinate a row: the log odds of the share that the bundle recorded."""
    table = bundle.tables["psi"]
    psi, _ = _sorted_rows(bundle, "psi", "psi", "psi_uid", order)
    table = table.iloc[np.argsort(table["psi_uid"].to_numpy(dtype=str), kind="stable")]
    gene_ids = table["gene_id"].to_numpy(dtype=str)
    rows = np.argsort(gene_ids, kind="stable")
    gene_ids, psi = gene_ids[rows], np.clip(psi[rows], _PSI_EDGE, 1 - _PSI_EDGE)
    _, first, count = np.unique(gene_ids, return_index=True, return_counts=True)
    axis = np.arange(len(gene_ids)) - np.repeat(first, count) + 1
    suffix = np.where(axis > 1, np.char.add(".", axis.astype(str)), "")
    meta = pd.DataFrame(
        {
            "feature_id": np.char.add(np.char.add(gene_ids, f"::{SWITCH}"), suffix),
            "gene_id": gene_ids,
            "feature_type": SWITCH,
            "n_transcripts": 2,
            "axis": axis,
            "variance_share": np.full(len(gene_ids), np.nan),
        },
        columns=list(META_COLUMNS),
    )
    values = residualise(np.log(psi) - np.log1p(-psi), design)
    return _Channel(meta, values, np.ones(values.shape, dtype=bool))


def _from_expression(bundle: Bundle, order: npt.NDArray[np.int64], design: Design) -> _Channel:
    """Ready-made log expression, taken as it is; missing values stay out of every fit."""
    values, ids = _sorted_rows(bundle, "gene", "gene_expression", "gene_id", order)
    observed = ~np.isnan(values)
    return _Channel(_abundance_meta(ids), residualise(values, design), observed)


def _assemble(
    channels: list[_Channel], design: Design, settings: FeatureSettings
) -> tuple[pd.DataFrame, npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    metas, values, masks = [], [], []
    for channel in channels:
        if len(channel.meta) == 0:
            continue
        scaled, varies = standardise(channel.values, channel.observed, design, clip=settings.clip)
        # a feature seen in a few samples only has too few degrees of freedom to correlate
        varies &= 1 - channel.observed.mean(axis=1) <= settings.max_tied_share + 1e-9
        metas.append(channel.meta[varies])
        values.append(scaled[varies])
        masks.append(channel.observed[varies])
    if not metas:
        empty = np.empty((0, design.matrix.shape[0]))
        return pd.DataFrame(columns=list(META_COLUMNS)), empty, empty.astype(bool)
    meta = pd.DataFrame(
        {name: np.concatenate([part[name].to_numpy() for part in metas]) for name in META_COLUMNS}
    )
    order = np.lexsort(
        (meta["axis"], meta["feature_type"].to_numpy(str), meta["gene_id"].to_numpy(str))
    )
    # one allocation a matrix: at 60,000 features a second copy is what sets the peak
    stacked = np.concatenate(values)
    mask = np.concatenate(masks)
    return meta.iloc[order].reset_index(drop=True), stacked[order], mask[order]


def _fates_before_network(genes: pd.DataFrame, meta: pd.DataFrame) -> pd.DataFrame:
    usable = genes["gene_id"].isin(set(meta["gene_id"]))
    fate = pd.Series(FILTERED, index=genes.index, dtype=object).mask(usable, None)
    return genes.assign(fate=fate)[["gene_id", "fate", "value", "meaning"]]


def _describe(genes: pd.DataFrame, meta: pd.DataFrame, design: Design) -> str:
    n_switch = int((meta["feature_type"] == SWITCH).sum())
    text = (
        f"{len(genes):,} genes, {meta['gene_id'].nunique():,} expressed → {n_switch:,} switch and "
        f"{len(meta) - n_switch:,} abundance features × {design.matrix.shape[0]} samples"
    )
    return text + (f", {design.rank} covariate columns removed" if design.rank else "")


def feature_record(study: Study, settings: FeatureSettings) -> dict[str, Any]:
    """What features depend on besides the data: all that must agree for a fit to reuse them."""
    return {
        "covariates": study.covariates,
        "categorical": list(study.categorical),
        "traits": None if study.traits is None else list(study.traits),
        "drop_missing": study.drop_missing,
        "settings": settings.model_dump(mode="json"),
    }


def _record(
    study: Study,
    settings: FeatureSettings,
    design: Design,
    samples: pd.DataFrame,
    factors: npt.NDArray[np.float64] | None,
    meta: pd.DataFrame,
) -> dict[str, Any]:
    ids = samples["sample_id"].astype(str)
    return {
        **feature_record(study, settings),
        "n_samples": len(samples),
        "n_switch_features": int((meta["feature_type"] == SWITCH).sum()),
        "n_abundance_features": int((meta["feature_type"] == ABUNDANCE).sum()),
        "design": {"formula": design.formula, "terms": list(design.terms), "rank": design.rank},
        "notes": list(design.notes),
        "size_factors": (
            None if factors is None else dict(zip(ids, factors.tolist(), strict=True))
        ),
    }
