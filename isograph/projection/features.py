"""The features of a fit, computed on another cohort with the weights that the fit stored."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from isograph.bundle.model import Bundle
from isograph.config import FeatureSettings
from isograph.errors import OutputError, Problem, StudyError
from isograph.features.blocks import Blocks
from isograph.features.channels import log_odds
from isograph.features.counts import take_block
from isograph.features.design import Design, residualise
from isograph.features.filtering import expressed_genes, refuse_empty_samples
from isograph.features.model import AXIS_WEIGHTS as COLUMNS
from isograph.features.model import SWITCH
from isograph.features.samples import samples_in_use
from isograph.features.standardise import standardise
from isograph.features.traits import Trait
from isograph.importers.mapping.match_notes import stems
from isograph.machine import one_thread
from isograph.projection.abundance import gene_values
from isograph.results.model import AXIS_WEIGHTS, Fit
from isograph.study import Study

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_LEAST_SEEN = 0.5
"""Share of a switch axis's mean usage that must be quantified in the other cohort."""

_NO_GENE, _FEW = "no such gene", "too few of its transcripts are quantified"


@dataclass(frozen=True)
class Elsewhere:
    """Features of a fit in another cohort.

    Attributes:
        feature_ids: those that the cohort has, shape (n_features,).
        values: mean 0, variance 1, without the cohort's covariates, 0 where not observed, shape
            (n_features, n_samples).
        sample_ids: sorted, shape (n_samples,).
        samples: sample table in that order.
        design, traits, blocks: of the cohort's own study.
        absent: feature and reason of those that the cohort does not have.
        notes: sentences, such as ids that were matched without versions.
    """

    feature_ids: npt.NDArray[np.str_]
    values: Floats
    sample_ids: npt.NDArray[np.str_]
    samples: pd.DataFrame
    design: Design
    traits: tuple[Trait, ...]
    blocks: Blocks | None
    absent: Mapping[str, str]
    notes: tuple[str, ...]


def stored_weights(fit: Fit) -> pd.DataFrame:
    """What the fit's switch axes are made of, see `isograph.schemas.AXIS_WEIGHTS`.

    Raises:
        OutputError: the fit was made by a version that did not store it.
    """
    content = fit.files.get(AXIS_WEIGHTS)
    if content is None:
        if fit.feature_scores["feature_type"].eq(SWITCH).any():
            problem = Problem(AXIS_WEIGHTS, "is missing", fix="fit again with this version")
            raise OutputError("the fit does not say what its switch axes are made of", [problem])
        return pd.DataFrame(columns=list(COLUMNS))
    try:
        found: pd.DataFrame = pq.read_table(io.BytesIO(content)).to_pandas()
        lacking = [name for name in COLUMNS if name not in found]
        if lacking:
            raise ValueError(f"lacks {', '.join(lacking)}")
    except (OSError, ValueError, pa.ArrowException) as error:
        problem = Problem(AXIS_WEIGHTS, str(error), fix="fit again")
        raise OutputError("the fit cannot be read", [problem]) from error
    return found


def features_elsewhere(
    fit: Fit, bundle: Bundle, *, study: Study, wanted: npt.NDArray[np.str_]
) -> Elsewhere:
    """Compute features of a fit on another bundle.

    Switch axes: log usage, made with the fit's mean usage and prior, weighted as the fit says.
    Abundance: as a fit computes it, from the cohort's own size factors. Centre and scale are the
    cohort's own: absolute levels of two cohorts cannot be compared. Its covariates are removed.

    Args:
        fit: says which features there are, and what they are made of.
        bundle: the other cohort.
        study: its covariates, traits, blocks.
        wanted: ids of features, sorted.

    Raises:
        OutputError: the fit lacks the weights of its axes.
        StudyError: nothing is wanted, the bundle has nothing in common with the fit, or cannot be
            used.
    """
    if not len(wanted):
        raise StudyError("nothing to project", [Problem("the fit", "has no modules")])
    settings = FeatureSettings.model_validate(fit.config["settings"]["features"])
    meta = fit.feature_scores[["feature_id", "gene_id", "feature_type"]].set_index("feature_id")
    meta = meta.loc[pd.Index(wanted)]
    samples, order, design, traits, blocks = samples_in_use(bundle, study)
    for assay in ("transcript_counts", "gene_counts"):
        if assay in bundle.matrices:
            sums = bundle.matrices[assay].sum(axis=0, dtype=np.float64)[order]
            refuse_empty_samples(sums[None, :], samples["sample_id"].to_numpy(dtype=str))
    notes: list[str] = []
    absent: dict[str, str] = {}
    with one_thread():
        parts = [
            _abundance(fit, bundle, order, meta, design, settings, absent, notes),
            _switches(fit, bundle, order, meta, design, settings, absent, notes),
        ]
        ids = np.concatenate([part[0] for part in parts])
        values = np.concatenate([part[1] for part in parts])
        observed = np.concatenate([part[2] for part in parts])
        scaled, varies = standardise(values, observed, design, clip=settings.clip)
    absent |= dict.fromkeys(ids[~varies].tolist(), "does not vary")
    # as in a fit: a correlation of mostly ties has no known null
    few = varies & (1.0 - observed.mean(axis=1) > settings.max_tied_share)
    absent |= dict.fromkeys(ids[few].tolist(), "too few samples have a value")
    varies &= ~few
    if not varies.any():
        raise StudyError("nothing to project", _reasons(bundle, absent))
    rows = np.flatnonzero(varies)
    rows = rows[np.argsort(ids[rows], kind="stable")]
    return Elsewhere(
        feature_ids=ids[rows],
        values=scaled[rows],
        sample_ids=samples["sample_id"].to_numpy(dtype=str),
        samples=samples,
        design=design,
        traits=traits,
        blocks=blocks,
        absent=absent,
        notes=tuple(notes),
    )


def _reasons(bundle: Bundle, absent: Mapping[str, str]) -> list[Problem]:
    """Why the cohort has none of the features, a line a reason."""
    features = pd.Series(absent, dtype=object)
    fixes = dict.fromkeys((_NO_GENE, _FEW), "are the ids of the same annotation?")
    return [
        Problem(
            bundle.name,
            f"has none of the fit's features, {reason}",
            tuple(sorted(some.index)[:3]),
            len(some),
            fix=fixes.get(str(reason), ""),
        )
        for reason, some in features.groupby(features)
    ]


_Part = tuple[npt.NDArray[np.str_], Floats, npt.NDArray[np.bool_]]


def _nothing(n_samples: int) -> _Part:
    empty = np.empty((0, n_samples))
    return np.empty(0, dtype=str), empty, empty.astype(bool)


def _abundance(
    fit: Fit,
    bundle: Bundle,
    order: Ints,
    meta: pd.DataFrame,
    design: Design,
    settings: FeatureSettings,
    absent: dict[str, str],
    notes: list[str],
) -> _Part:
    mine = meta[meta["feature_type"] == "abundance"]
    if mine.empty:
        return _nothing(len(order))
    table, values, expressed = gene_values(bundle, order, settings)
    if not len(table):
        absent |= dict.fromkeys(mine.index.astype(str), "no abundance of genes")
        return _nothing(len(order))
    every = fit.fates["gene_id"].to_numpy(dtype=str)
    place = _matched(mine["gene_id"].to_numpy(dtype=str), table, every, notes, "genes")
    known = place >= 0
    absent |= dict.fromkeys(mine.index[~known].astype(str), _NO_GENE)
    weak = known & ~expressed[place]
    absent |= dict.fromkeys(mine.index[weak].astype(str), "not expressed")
    rows = place[known & ~weak]
    taken = values[rows]
    ids = mine.index[known & ~weak].to_numpy(dtype=str)
    return ids, residualise(taken, design), ~np.isnan(taken)


def _switches(
    fit: Fit,
    bundle: Bundle,
    order: Ints,
    meta: pd.DataFrame,
    design: Design,
    settings: FeatureSettings,
    absent: dict[str, str],
    notes: list[str],
) -> _Part:
    mine = meta[meta["feature_type"] == "switch"]
    if mine.empty:
        return _nothing(len(order))
    weights = stored_weights(fit)
    every = np.unique(weights["transcript_id"].to_numpy(dtype=str))
    weights = weights[weights["feature_id"].isin(mine.index)]
    told = mine.index.isin(weights["feature_id"].unique())
    absent |= dict.fromkeys(mine.index[~told].astype(str), "its weights are not stored")
    shares = bool(weights["prior"].isna().any())
    assay = "psi" if shares else "transcript_counts"
    if assay not in bundle.matrices:
        what = "recorded shares" if shares else "transcript counts"
        absent |= dict.fromkeys(mine.index[told].astype(str), f"no {what}")
    if weights.empty or assay not in bundle.matrices:
        return _nothing(len(order))
    if shares:
        return _recorded_shares(bundle, order, weights, design, absent)
    table = bundle.tables["transcript"]["transcript_id"].to_numpy(dtype=str)
    place = _matched(
        weights["transcript_id"].to_numpy(dtype=str), table, every, notes, "transcripts"
    )
    ids, axis = np.unique(weights["feature_id"].to_numpy(dtype=str), return_inverse=True)
    usage = weights["mean_usage"].to_numpy(dtype=np.float64)
    covered = np.bincount(axis, usage * (place >= 0)) / np.bincount(axis, usage)
    scores, totals = _axis_scores(
        bundle, order, weights, place=place, axis=axis, n_axes=len(ids), design=design
    )
    observed = totals > 0
    seen = covered >= _LEAST_SEEN
    absent |= dict.fromkeys(ids[~seen].tolist(), _FEW)
    good = seen & expressed_genes(totals, settings)[0]
    absent |= dict.fromkeys(ids[seen & ~good].tolist(), "not expressed")
    return ids[good], scores[good], observed[good]


def _recorded_shares(
    bundle: Bundle, order: Ints, weights: pd.DataFrame, design: Design, absent: dict[str, str]
) -> _Part:
    """Log odds of shares by the id of what was recorded; what ends in a number is no version."""
    ids = weights["feature_id"].to_numpy(dtype=str)
    mine = pd.Index(weights["transcript_id"].to_numpy(dtype=str))
    place = pd.Index(bundle.tables["psi"]["psi_uid"].to_numpy(dtype=str)).get_indexer(mine)
    known = place >= 0
    absent |= dict.fromkeys(ids[~known].tolist(), "its share is not recorded")
    psi = take_block(bundle.matrices["psi"], place[known].astype(np.int64), order)
    return ids[known], residualise(log_odds(psi), design), np.ones(psi.shape, dtype=bool)


def _axis_scores(
    bundle: Bundle,
    order: Ints,
    weights: pd.DataFrame,
    *,
    place: Ints,
    axis: Ints,
    n_axes: int,
    design: Design,
) -> tuple[Floats, Floats]:
    """Scores of all axes, and the reads of their transcripts, shape (n_axes, n_samples) each."""
    counts = np.zeros((len(place), len(order)))
    there = place >= 0
    matrix = bundle.matrices["transcript_counts"]
    # a transcript that was not quantified counts as one without reads
    counts[there] = take_block(matrix, place[there], order)
    totals = np.zeros((n_axes, len(order)))
    np.add.at(totals, axis, counts)
    hidden = ~(totals > 0)[axis]
    prior = (weights["prior"] * weights["mean_usage"]).to_numpy(dtype=np.float64)
    logs = np.log(counts + prior[:, None])
    logs = residualise(np.where(hidden, np.nan, logs), design)
    logs[hidden] = 0.0
    scores = np.zeros((n_axes, len(order)))
    np.add.at(scores, axis, weights["weight"].to_numpy(dtype=np.float64)[:, None] * logs)
    return scores, totals


def _matched(
    mine: npt.NDArray[np.str_],
    theirs: npt.NDArray[np.str_],
    every: npt.NDArray[np.str_],
    notes: list[str],
    what: str,
) -> Ints:
    """Place of each id among others, exactly or else without versions; −1 where it is not.

    Args:
        mine: ids that are wanted.
        theirs: of the other cohort.
        every: all ids that the fit knows: one of them is no version of another.
        notes: gets a sentence where versions differ.
        what: what has the ids.
    """
    place = pd.Index(theirs).get_indexer(pd.Index(mine)).astype(np.int64)
    lost = np.flatnonzero(place < 0)
    if not len(lost):
        return place
    plain, other = (_stems(ids) for ids in (mine[lost], theirs))
    alone = ~pd.Series(other).duplicated(keep=False).to_numpy() & ~np.isin(theirs, every)
    known = pd.Index(other[alone])
    found = known.get_indexer(pd.Index(plain))
    # where ids of one side differ by their last number alone, that is no version: MSTRG.1.2
    known_stems = pd.Series(_stems(np.unique(np.concatenate([mine, every]))))
    found[np.isin(plain, known_stems[known_stems.duplicated()].to_numpy())] = -1
    place[lost[found >= 0]] = np.flatnonzero(alone)[found[found >= 0]]
    n = len(np.unique(mine[lost[found >= 0]]))
    if n:
        notes.append(f"{n:,} {what} matched without versions")
    return place


def _stems(ids: npt.NDArray[Any]) -> npt.NDArray[Any]:
    plain: npt.NDArray[Any] = stems(pa.array(ids.astype(object), type=pa.string())).to_numpy(
        zero_copy_only=False
    )
    return plain
