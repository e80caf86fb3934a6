"""How usage differs between the two levels of a trait, gene by gene (dIF)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from isograph.explanation.schema import SWITCH_CONTRASTS
from isograph.explanation.source import Source
from isograph.explanation.usage import TranscriptUsage
from isograph.features.design import residualise, restrict
from isograph.features.traits import Trait, TraitKind
from isograph.files import to_arrow
from isograph.machine import blocks
from isograph.modules.traits import module_traits
from isograph.network.significance import benjamini_hochberg

_GENES_AT_ONCE = 2000

Floats = npt.NDArray[np.float64]


def switch_contrasts(source: Source) -> pa.Table | None:
    """dIF and a test of every gene with a switch feature, for every trait of two levels.

    The test is that of `module_traits` (Welch, given the covariates) on each of the gene's switch
    axes; p of a gene is that of its best axis, Bonferroni over its axes, and q Benjamini and
    Hochberg's over the genes of a trait. dIF is the difference of a transcript's mean usage, level
    less reference, adjusted for covariates; a gene's is that of the transcript that changes most.

    Args:
        source: fit and data.

    Returns:
        Columns of `explanation.schema.SWITCH_CONTRASTS`, by trait, p, then gene; None without a
        two-level trait or a switch feature.
    """
    features = source.features
    rows = np.flatnonzero(features.is_switch)
    traits = [t for t in features.traits if t.testable and t.kind == TraitKind.TWO_LEVEL]
    if not traits or not len(rows) or not source.usage.known:
        return None
    meta = features.meta.iloc[rows]
    ids = meta["feature_id"].astype(str).tolist()
    tests = module_traits(
        features.values[rows],
        module_ids=ids,
        traits=traits,
        samples=features.samples,
        design=features.design,
        blocks=features.blocks,
    ).rename(columns={"module_id": "feature_id"})
    tests = tests.merge(meta[["feature_id", "gene_id"]], on="feature_id")
    genes = _best_axis(tests.dropna(subset=["pvalue"]))
    frame = genes.merge(_all_shifts(source, traits), on=["trait", "gene_id"], how="left")
    module_of = source.fit.modules.set_index("gene_id")["module_id"]
    frame["module_id"] = frame["gene_id"].map(module_of)
    frame = frame.sort_values(["trait", "pvalue", "gene_id"], ignore_index=True)
    return to_arrow(frame, SWITCH_CONTRASTS)


def _best_axis(tests: pd.DataFrame) -> pd.DataFrame:
    """One row a trait and gene: its best axis, p for having looked at all of them."""
    keys = ["trait", "gene_id"]
    n_axes = tests.groupby(keys)["pvalue"].transform("size")
    tests = tests.assign(pvalue=np.minimum(tests["pvalue"] * n_axes, 1.0))
    best = tests.sort_values([*keys, "pvalue", "feature_id"]).drop_duplicates(keys)
    qvalue = best.groupby("trait")["pvalue"].transform(
        lambda p: benjamini_hochberg(p.to_numpy(dtype=np.float64))
    )
    columns = [*keys, "level", "reference_level", "feature_id", "pvalue", "qvalue", "n"]
    return best.assign(qvalue=qvalue)[columns]


def _all_shifts(source: Source, traits: list[Trait]) -> pd.DataFrame:
    """`_shifts` of every trait, a few thousand genes at a time."""
    genes = source.features.gene_ids
    parts: list[pd.DataFrame] = []
    for part in blocks(len(genes), _GENES_AT_ONCE):
        usage = source.usage.read(genes[part])
        parts.extend(_shifts(source, usage, trait) for trait in traits)
    return pd.concat(parts, ignore_index=True)


def _shifts(source: Source, usage: TranscriptUsage, trait: Trait) -> pd.DataFrame:
    """The transcripts that rise and fall most in each gene, with their usage in both levels."""
    values = trait.values.reindex(list(source.sample_ids))
    known = values.notna().to_numpy()
    in_level = (values[known] == trait.levels[1]).to_numpy()
    share = usage.share[:, known]
    level, reference = _adjusted_means(source, share, in_level, known)
    frame = pd.DataFrame(
        {
            "gene_id": usage.gene_ids,
            "transcript": usage.transcript_ids,
            "level": level,
            "reference": reference,
            "dif": level - reference,
        }
    ).dropna(subset=["dif"])
    frame = frame.sort_values(["gene_id", "dif", "transcript"], ignore_index=True)
    falls = frame.drop_duplicates("gene_id").set_index("gene_id")
    rises = frame.drop_duplicates("gene_id", keep="last").set_index("gene_id")
    larger = rises["dif"].abs() >= falls["dif"].abs()
    dif = rises["dif"].where(larger, falls["dif"])
    # of a gene with one recorded share only one of the two moves as its column says
    rises, falls = rises[rises["dif"] > 0], falls[falls["dif"] < 0]
    return (
        pd.DataFrame(
            {
                "trait": pd.Series(trait.name, index=dif.index),
                "dif": dif,
                "transcript_up": rises["transcript"],
                "usage_up_level": rises["level"],
                "usage_up_reference": rises["reference"],
                "transcript_down": falls["transcript"],
                "usage_down_level": falls["level"],
                "usage_down_reference": falls["reference"],
            }
        )
        .rename_axis("gene_id")
        .reset_index()
    )


def _adjusted_means(
    source: Source,
    share: Floats,
    in_level: npt.NDArray[np.bool_],
    known: npt.NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Mean usage in the level and in the reference, given the covariates.

    The difference is the coefficient of the level in a regression of usage on design and level
    (Frisch–Waugh–Lovell); the means lie around the transcript's own by the levels' sizes.
    """
    design = restrict(source.features.design, known)
    gaps = np.isnan(share)
    indicator = np.where(gaps, np.nan, in_level.astype(np.float64))
    level = residualise(indicator, design) if gaps.any() else None
    if level is None:
        level = np.broadcast_to(
            residualise(in_level.astype(np.float64)[None, :], design), share.shape
        )
    level = np.where(gaps, 0.0, level)
    usage = np.where(gaps, 0.0, share)
    square = np.einsum("ij,ij->i", level, level)
    n = np.maximum((~gaps).sum(axis=1), 1)
    n_level = (~gaps & in_level).sum(axis=1)
    testable = (square > 1e-9 * n) & (n_level > 0) & (n_level < n)
    change = np.divide(
        np.einsum("ij,ij->i", level, usage), square, out=np.full(len(n), np.nan), where=testable
    )
    centre, portion = usage.sum(axis=1) / n, n_level / n
    up = np.clip(centre + (1 - portion) * change, 0.0, 1.0)
    down = np.clip(centre - portion * change, 0.0, 1.0)
    return up, down
