"""Features, eigengenes and roles of two snapshots beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.evaluation.comparison.model import EXAMPLES, Difference, Tolerances
from isograph.evaluation.comparison.partitions import PartitionAgreement
from isograph.evaluation.comparison.values import distance, row_correlation, row_distance
from isograph.evaluation.snapshots import FEATURES, Snapshot

Bools = npt.NDArray[np.bool_]

_FEATURE_META = ("gene_id", "feature_type", "n_transcripts", "axis", "variance_share")
_ROLE_R = ("switch_r", "abundance_r", "switch_abundance_r")
_ROLE_NUMBERS = ("switch_q", "abundance_q", "switch_active", "abundance_active", "role_supported")
_MIRRORED = {"coupled": "discordant", "discordant": "coupled"}


@dataclass(frozen=True)
class FeatureComparison:
    """What differs in the features, and genes with a switch axis that points the other way."""

    differences: tuple[Difference, ...]
    flipped_genes: frozenset[str]


def samples_of(snapshot: Snapshot) -> list[str]:
    """Sample ids, in the order of the columns."""
    meta = {"feature_id", *_FEATURE_META}
    return [name for name in snapshot.tables[FEATURES].column_names if name not in meta]


def only_in_one(what: str, where: str, left: Iterable[str], right: Iterable[str]) -> Difference:
    """Ids that one side has and the other has not; examples begin with the side."""
    one, other = set(left), set(right)
    lone = [f"left: {x}" for x in sorted(one - other)] + [
        f"right: {x}" for x in sorted(other - one)
    ]
    return Difference(
        what,
        where,
        left=len(one),
        right=len(other),
        count=len(lone),
        examples=tuple(lone[:EXAMPLES]),
    )


def compare_features(left: Snapshot, right: Snapshot, tolerances: Tolerances) -> FeatureComparison:
    """Feature scores over the samples and features of both; the sign of a switch axis is free."""
    where = f"{FEATURES}.parquet"
    one = left.table(FEATURES).set_index("feature_id")
    other = right.table(FEATURES).set_index("feature_id")
    samples = [s for s in samples_of(left) if s in set(samples_of(right))]
    differences = [
        only_in_one("samples", where, samples_of(left), samples_of(right)),
        only_in_one("features", where, one.index, other.index),
    ]
    shared = one.index[one.index.isin(other.index)]
    one, other = one.loc[shared], other.loc[shared]
    signed = (one["feature_type"] != "switch").to_numpy()
    apart, flipped = row_distance(
        one[samples].to_numpy(dtype=np.float64),
        other[samples].to_numpy(dtype=np.float64),
        signed=signed,
    )
    differences += [
        _apart("feature scores", where, apart, shared, tolerances),
        Difference(
            "sign of switch axes",
            where,
            count=int(flipped.sum()),
            examples=tuple(shared[flipped][:EXAMPLES]),
            fails=False,
        ),
    ]
    for name in _FEATURE_META:
        column = _column_distance(one[name], other[name])
        differences.append(
            _apart("feature properties", f"{where}: {name}", column, shared, tolerances)
        )
    return FeatureComparison(
        tuple(one for one in differences if one.count),
        frozenset(one["gene_id"].to_numpy()[flipped].tolist()),
    )


def compare_eigengenes(
    left: Snapshot, right: Snapshot, partition: PartitionAgreement, tolerances: Tolerances
) -> tuple[dict[str, float | None], list[Difference]]:
    """|r| of the eigengenes of matched modules, by left module id, and what differs.

    |r| is over the samples of both; None where it is undefined. How much an eigengene explains is
    compared for modules with the same genes, since it follows from them.
    """
    where = "eigengenes.parquet"
    one, other = left.table("eigengenes"), right.table("eigengenes")
    one, other = one.set_index("module_id"), other.set_index("module_id")
    pairs = [p for p in partition.pairs if p.left in one.index and p.right in other.index]
    samples = [s for s in samples_of(left) if s in set(samples_of(right))]
    one, other = one.loc[[p.left for p in pairs]], other.loc[[p.right for p in pairs]]
    r = np.abs(row_correlation(one[samples].to_numpy(float), other[samples].to_numpy(float)))
    low = ~(r >= tolerances.min_eigengene_r)
    order = np.flatnonzero(low)[np.argsort(np.nan_to_num(r[low], nan=-1.0), kind="stable")]
    names = [str(p.left) if p.left == p.right else f"{p.left}/{p.right}" for p in pairs]
    same = np.array([p.same for p in pairs], dtype=bool)
    explained = distance(
        one["variance_explained"].to_numpy(float)[same],
        other["variance_explained"].to_numpy(float)[same],
    )
    differences = [
        Difference(
            "eigengenes",
            f"{where}: |r|",
            left=1.0,
            right=None if np.isnan(r[low]).any() or not low.any() else float(r[low].min()),
            tolerance=tolerances.min_eigengene_r,
            count=int(low.sum()),
            examples=tuple(f"{names[k]}: |r| {_number(r[k])}" for k in order[:EXAMPLES]),
        ),
        _apart(
            "eigengenes",
            f"{where}: variance_explained",
            explained,
            pd.Index([name for name, keep in zip(names, same, strict=True) if keep]),
            tolerances,
            fails=tolerances.same_modules,
        ),
    ]
    known = {
        str(p.left): None if np.isnan(value) else float(value)
        for p, value in zip(pairs, r, strict=True)
    }
    return known, [one for one in differences if one.count]


def compare_roles(
    left: Snapshot,
    right: Snapshot,
    partition: PartitionAgreement,
    tolerances: Tolerances,
    *,
    flipped_genes: frozenset[str],
) -> list[Difference]:
    """Roles gene by gene, of genes assigned in both.

    `coupled` and `discordant` trade places where a switch axis points the other way: told, no
    failure. Correlations and flags are compared without sign, for genes of modules with the same
    members; q values, which depend on all modules, where all modules are the same.
    """
    where = "module_gene_roles.parquet"
    one = left.table("module_gene_roles").set_index("gene_id")
    other = right.table("module_gene_roles").set_index("gene_id")
    shared = one.index[one.index.isin(other.index)].sort_values()
    one, other = one.loc[shared], other.loc[shared]
    before = one["module_role"].to_numpy(dtype=object)
    after = other["module_role"].to_numpy(dtype=object)
    changed = np.asarray(before != after, dtype=bool)
    mirrored = changed & _mirrored(one, other, shared.isin(flipped_genes), tolerances)
    changed &= ~mirrored
    told = [f"{g}: {a} → {b}" for g, a, b in zip(shared, before, after, strict=True)]
    share = float(changed.mean()) if len(changed) else 0.0
    differences = [
        Difference(
            "roles",
            where,
            tolerance=tolerances.max_role_changes,
            count=int(changed.sum()),
            examples=tuple(told[k] for k in np.flatnonzero(changed)[:EXAMPLES]),
            fails=share > tolerances.max_role_changes,
        ),
        Difference(
            "roles of turned switch axes",
            where,
            count=int(mirrored.sum()),
            examples=tuple(told[k] for k in np.flatnonzero(mirrored)[:EXAMPLES]),
            fails=False,
        ),
    ]
    unmoved = {str(p.left) for p in partition.pairs if p.same}
    kept = one["module_id"].isin(unmoved).to_numpy()
    columns = [*_ROLE_R, *(c for c in _ROLE_NUMBERS if partition.same or not c.endswith("_q"))]
    for name in columns:
        x = np.abs(one[name].to_numpy(dtype=np.float64)[kept])
        apart = distance(x, np.abs(other[name].to_numpy(dtype=np.float64)[kept]))
        differences.append(
            _apart(
                "role numbers",
                f"{where}: {name}",
                apart,
                shared[kept],
                tolerances,
                fails=tolerances.same_modules,
            )
        )
    return [one for one in differences if one.count]


def compare_members(
    left: Snapshot, right: Snapshot, partition: PartitionAgreement, tolerances: Tolerances
) -> list[Difference]:
    """`membership` and |`kme`| of genes in modules with the same members."""
    one = left.table("modules").set_index("gene_id").sort_index()
    other = right.table("modules").set_index("gene_id")
    unmoved = {str(p.left) for p in partition.pairs if p.same}
    one = one[one["module_id"].isin(unmoved)]
    other = other.reindex(one.index)
    found = []
    for name in ("membership", "kme"):
        apart = distance(
            one[name].abs().to_numpy(dtype=np.float64), other[name].abs().to_numpy(np.float64)
        )
        where = f"modules.parquet: {name}"
        fails = tolerances.same_modules
        found.append(_apart("module numbers", where, apart, one.index, tolerances, fails=fails))
    return [one for one in found if one.count]


def _mirrored(
    one: pd.DataFrame, other: pd.DataFrame, flipped: Bools, tolerances: Tolerances
) -> Bools:
    """Genes whose two channels go together as strongly as before, the other way round."""
    r, other_r = one["switch_abundance_r"].to_numpy(float), other["switch_abundance_r"]
    same_size = distance(r, -other_r.to_numpy(float)) <= tolerances.numeric
    swapped = one["module_role"].map(_MIRRORED).to_numpy() == other["module_role"].to_numpy()
    mirrored: Bools = flipped & same_size & swapped
    return mirrored


def _column_distance(left: pd.Series, right: pd.Series) -> npt.NDArray[np.float64]:
    """Distance of two columns; of text, infinite where it is not equal."""
    if pd.api.types.is_numeric_dtype(left.dtype) and pd.api.types.is_numeric_dtype(right.dtype):
        return distance(left.to_numpy(dtype=np.float64), right.to_numpy(dtype=np.float64))
    equal = left.to_numpy(dtype=object) == right.to_numpy(dtype=object)
    return np.where(equal | (left.isna() & right.isna()).to_numpy(), 0.0, np.inf)


def _apart(
    what: str,
    where: str,
    apart: npt.NDArray[np.float64],
    ids: pd.Index,
    tolerances: Tolerances,
    *,
    fails: bool = True,
) -> Difference:
    """Values that are further apart than the tolerance, the furthest first."""
    beyond = np.flatnonzero(apart > tolerances.numeric)
    order = beyond[np.argsort(-apart[beyond], kind="stable")][:EXAMPLES]
    return Difference(
        what,
        where,
        tolerance=tolerances.numeric,
        count=len(beyond),
        examples=tuple(f"{ids[k]}: {_by(float(apart[k]))}" for k in order),
        fails=fails,
    )


def _by(apart: float) -> str:
    return "in one only" if np.isinf(apart) else f"by {apart:.2g}"


def _number(value: float) -> str:
    return "undefined" if np.isnan(value) else f"{value:.6f}"
