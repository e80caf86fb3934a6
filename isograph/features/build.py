"""From a bundle to features: one pass, in the order that the method needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.config import FeatureSettings
from isograph.errors import Problem, StudyError
from isograph.features.channels import Channel, assay_channels
from isograph.features.dependence import block_lines, block_record
from isograph.features.design import ROWS_A_BLOCK, Design
from isograph.features.model import ABUNDANCE, META_COLUMNS, SWITCH, FeatureSet
from isograph.features.ordered import ordered_levels
from isograph.features.samples import samples_in_use
from isograph.features.standardise import standardise
from isograph.machine import blocks, in_threads, one_thread
from isograph.progress import Steps
from isograph.study import Study

FILTERED = "filtered_low_expression"


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
        study: gives covariates, traits, categorical columns, blocks, ordered levels and
            `drop_missing`; what it leaves open of these two, the bundle's provenance says.
        settings: see `FeatureSettings`.
        steps: where to show progress.

    Returns:
        Standardised features.

    Raises:
        StudyError: covariates, traits or blocks that the sample table cannot give, or no feature
            left.
    """
    steps = steps or Steps()
    with steps.step("features") as note, one_thread():
        samples, order, design, traits, blocks = samples_in_use(bundle, study)
        channels, genes, factors = assay_channels(bundle, order, design, settings)
        known_weights = [c.axis_weights for c in channels if c.axis_weights is not None]
        meta, values, observed = _assemble(channels, design, settings)
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
    record = _record(study, settings, design, samples, factors, meta)
    known = ordered_levels(study.ordered, bundle.provenance, groups=study.categorical)
    if known:
        record["ordered_levels"] = known
    if blocks is not None:
        record["blocks"] = block_record(blocks, traits, design, values)
        for line in block_lines(record["blocks"]):
            steps.say(line)
    return FeatureSet(
        meta=meta,
        values=values,
        observed=observed,
        sample_ids=samples["sample_id"].to_numpy(dtype=str),
        samples=samples,
        design=design,
        traits=traits,
        genes=genes,
        record=record,
        blocks=blocks,
        axis_weights=known_weights[0] if known_weights else None,
    )


def _assemble(
    channels: list[Channel], design: Design, settings: FeatureSettings
) -> tuple[pd.DataFrame, npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    metas: list[pd.DataFrame] = []
    sources: list[tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]] = []
    chosen: list[npt.NDArray[np.intp]] = []
    # each matrix is let go as soon as it is used: at 60,000 features one more sets the peak
    while channels:
        channel = channels.pop(0)
        if len(channel.meta) == 0:
            continue
        scaled, varies = standardise(channel.values, channel.observed, design, clip=settings.clip)
        # a feature seen in a few samples only has too few degrees of freedom to correlate
        seen = np.count_nonzero(channel.observed, axis=1) / scaled.shape[1]
        varies &= 1 - seen <= settings.max_tied_share + 1e-9
        metas.append(channel.meta[varies])
        sources.append((scaled, channel.observed))
        chosen.append(np.flatnonzero(varies))
    if not metas:
        empty = np.empty((0, design.matrix.shape[0]))
        return pd.DataFrame(columns=list(META_COLUMNS)), empty, empty.astype(bool)
    meta = pd.DataFrame(
        {name: np.concatenate([part[name].to_numpy() for part in metas]) for name in META_COLUMNS}
    )
    order = np.lexsort(
        (meta["axis"], meta["feature_type"].to_numpy(str), meta["gene_id"].to_numpy(str))
    )
    values, observed = _placed(sources, chosen, order)
    return meta.iloc[order].reset_index(drop=True), values, observed


def _placed(
    sources: list[tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]],
    chosen: list[npt.NDArray[np.intp]],
    order: npt.NDArray[np.intp],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Chosen rows of several matrices under each other, in `order`; the matrices are let go."""
    n_samples = sources[0][0].shape[1]
    values = np.empty((len(order), n_samples))
    observed = np.empty((len(order), n_samples), dtype=bool)
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    for rows in chosen:
        (scaled, mask), target, place = sources.pop(0), place[: len(rows)], place[len(rows) :]
        _copy_rows(scaled, rows, values, target)
        _copy_rows(mask, rows, observed, target)
    return values, observed


def _copy_rows(
    source: npt.NDArray[Any],
    rows: npt.NDArray[np.intp],
    target: npt.NDArray[Any],
    place: npt.NDArray[np.intp],
) -> None:
    def copy(part: slice) -> None:
        target[place[part]] = source[rows[part]]

    in_threads(copy, blocks(len(rows), ROWS_A_BLOCK))


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
        "block": study.block,
        "ordered": {name: list(levels) for name, levels in study.ordered.items()} or None,
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
    asked = feature_record(study, settings)
    # what nobody asked for leaves the record as it was before there were blocks
    without = {name for name in ("block", "ordered") if asked[name] is None}
    return {
        **{name: value for name, value in asked.items() if name not in without},
        "n_samples": len(samples),
        "n_switch_features": int((meta["feature_type"] == SWITCH).sum()),
        "n_abundance_features": int((meta["feature_type"] == ABUNDANCE).sum()),
        "design": {"formula": design.formula, "terms": list(design.terms), "rank": design.rank},
        "notes": list(design.notes),
        "size_factors": (
            None if factors is None else dict(zip(ids, factors.tolist(), strict=True))
        ),
    }
