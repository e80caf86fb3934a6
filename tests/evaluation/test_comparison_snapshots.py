"""What `compare` says of two snapshots: planted changes are found, names and signs are free."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import isograph
from isograph.bundle.model import Bundle
from isograph.evaluation.comparison import (
    ComparisonError,
    Difference,
    SnapshotComparison,
    Tolerances,
    compare_snapshots,
)
from isograph.evaluation.comparison.partitions import compare_partitions
from isograph.evaluation.comparison.values import distance, row_correlation, row_distance
from isograph.evaluation.snapshots import Snapshot, save_snapshot, snapshot_of
from isograph.results import Fit

Edit = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="module")
def kept(realistic_fit: Fit) -> Snapshot:
    return snapshot_of(realistic_fit, "kept", recovery=1.0)


def edited(snapshot: Snapshot, **edits: Edit) -> Snapshot:
    """The snapshot with some tables passed through a function."""
    tables = dict(snapshot.tables)
    for name, edit in edits.items():
        schema = tables[name].schema
        tables[name] = pa.Table.from_pandas(
            edit(snapshot.table(name)), schema, preserve_index=False
        )
    return replace(snapshot, tables=tables)


def found(comparison: SnapshotComparison, what: str) -> Difference:
    (one,) = [d for d in comparison.differences if d.what == what]
    return one


def kinds(comparison: SnapshotComparison) -> set[str]:
    return {one.what for one in comparison.differences if one.fails}


def first_gene(snapshot: Snapshot) -> str:
    return str(snapshot.table("modules")["gene_id"].min())


# --- what is no difference -----------------------------------------------------------------------


def test_a_snapshot_equals_itself(kept: Snapshot) -> None:
    comparison = compare_snapshots(kept, kept)
    assert comparison.passed
    assert comparison.differences == ()
    assert comparison.partition.ari == 1.0
    assert comparison.partition.n_renamed == 0


def test_names_of_modules_are_no_difference(kept: Snapshot) -> None:
    ids = kept.module_sizes.index.tolist()
    other = dict(zip(ids, ids[::-1], strict=True))

    def rename(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(module_id=frame["module_id"].map(other)).sample(frac=1, random_state=1)

    comparison = compare_snapshots(
        kept, edited(kept, modules=rename, eigengenes=rename, module_gene_roles=rename)
    )
    assert comparison.passed
    assert comparison.differences == ()
    assert comparison.partition.n_renamed == len(ids) - len(ids) % 2
    assert all(r == pytest.approx(1.0) for r in comparison.eigengene_r.values())


def test_a_turned_switch_axis_is_told_only_with_the_roles_that_follow(toy: Bundle) -> None:
    kept = snapshot_of(isograph.fit(toy), "toy")
    roles = kept.table("module_gene_roles")
    gene = roles.loc[roles["module_role"] == "coupled", "gene_id"].iloc[0]
    samples = [c for c in kept.tables["switch_features"].column_names if c.startswith("S0")]
    assert samples

    def turn(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[(frame["gene_id"] == gene) & (frame["feature_type"] == "switch"), samples] *= -1
        return frame

    def mirror(frame: pd.DataFrame) -> pd.DataFrame:
        own = frame["gene_id"] == gene
        frame.loc[own, ["switch_r", "switch_abundance_r"]] *= -1
        frame.loc[own, "module_role"] = "discordant"
        return frame

    comparison = compare_snapshots(
        kept, edited(kept, switch_features=turn, module_gene_roles=mirror)
    )
    assert comparison.passed
    assert f"{gene}::switch" in found(comparison, "sign of switch axes").examples
    assert found(comparison, "roles of turned switch axes").examples == (
        f"{gene}: coupled → discordant",
    )
    # the same roles without a turned axis are another result
    assert "roles" in kinds(compare_snapshots(kept, edited(kept, module_gene_roles=mirror)))


def test_another_reference_isoform_turns_axes_and_changes_nothing_else(toy: Bundle) -> None:
    transcripts = toy.tables["transcript"]
    ends = [~transcripts["gene_id"].duplicated(keep=side) for side in ("first", "last")]
    fits = [
        isograph.fit(
            replace(toy, tables={**toy.tables, "transcript": transcripts.assign(is_reference=end)})
        )
        for end in ends
    ]
    one, other = (snapshot_of(fit, "toy") for fit in fits)
    comparison = compare_snapshots(one, other)
    assert comparison.passed, comparison.differences
    assert found(comparison, "sign of switch axes").count > 10
    assert found(comparison, "roles of turned switch axes").count > 5


def test_a_turned_eigengene_is_no_difference(kept: Snapshot) -> None:
    def turn(frame: pd.DataFrame) -> pd.DataFrame:
        frame[[c for c in frame if c not in ("module_id", "variance_explained")]] *= -1
        return frame

    assert compare_snapshots(kept, edited(kept, eigengenes=turn)).passed


# --- what is -------------------------------------------------------------------------------------


def test_moved_lost_and_new_genes_are_named(kept: Snapshot) -> None:
    genes = kept.table("modules").sort_values("gene_id")["gene_id"].tolist()
    moved, lost = genes[0], genes[1]
    modules = kept.module_sizes.index.tolist()

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        own = frame.loc[frame["gene_id"] == moved, "module_id"].item()
        target = next(m for m in modules if m != own)
        frame.loc[frame["gene_id"] == moved, "module_id"] = target
        frame = frame[frame["gene_id"] != lost]
        new = frame.iloc[[0]].assign(gene_id="new", module_id=target)
        return pd.concat([frame, new], ignore_index=True)

    comparison = compare_snapshots(kept, edited(kept, modules=change))
    assert not comparison.passed
    assert found(comparison, "genes in another module").examples == (moved,)
    assert found(comparison, "genes assigned on the left only").examples == (lost,)
    assert found(comparison, "genes assigned on the right only").examples == ("new",)
    assert found(comparison, "agreement of modules (ARI)").count == 3
    assert comparison.partition.ari is not None
    assert 0.9 < comparison.partition.ari < 1


def test_a_lower_ari_may_be_accepted(kept: Snapshot) -> None:
    lost = first_gene(kept)
    other = edited(kept, modules=lambda frame: frame[frame["gene_id"] != lost])
    assert compare_snapshots(kept, other, tolerances=Tolerances(min_ari=0.9)).passed
    assert not compare_snapshots(kept, other, tolerances=Tolerances(min_ari=0.9999)).passed
    assert not compare_snapshots(kept, other).passed


def test_a_module_that_was_split_has_a_part_without_counterpart(kept: Snapshot) -> None:
    def split(frame: pd.DataFrame) -> pd.DataFrame:
        own = frame.index[frame["module_id"] == "M000"]
        frame.loc[own[:5], "module_id"] = "M999"
        return frame

    comparison = compare_snapshots(kept, edited(kept, modules=split))
    assert found(comparison, "modules without a counterpart").examples == ("right: M999, 5 genes",)
    assert found(comparison, "genes in another module").count == 5


def test_another_eigengene_is_found(kept: Snapshot) -> None:
    def swap(frame: pd.DataFrame) -> pd.DataFrame:
        samples = list(frame.columns[2:])
        frame.loc[0, samples] = frame.loc[0, samples].to_numpy()[::-1]
        return frame

    comparison = compare_snapshots(kept, edited(kept, eigengenes=swap))
    assert kinds(comparison) == {"eigengenes"}
    one = found(comparison, "eigengenes")
    assert one.count == 1
    assert one.examples[0].startswith("M000")
    loose = Tolerances(min_eigengene_r=0.0)
    assert compare_snapshots(kept, edited(kept, eigengenes=swap), tolerances=loose).passed


def test_other_roles_are_found_and_may_be_accepted_by_share(kept: Snapshot) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[:1, "module_role"] = "inactive"
        return frame

    other = edited(kept, module_gene_roles=change)
    n = kept.tables["module_gene_roles"].num_rows
    assert found(compare_snapshots(kept, other), "roles").count == 2
    assert compare_snapshots(kept, other, tolerances=Tolerances(max_role_changes=2 / n)).passed
    assert not compare_snapshots(kept, other, tolerances=Tolerances(max_role_changes=1 / n)).passed


@pytest.mark.parametrize(("by", "passed"), [(1e-9, True), (1e-3, False)])
def test_feature_scores_are_compared_by_their_size(kept: Snapshot, by: float, passed: bool) -> None:
    def shift(frame: pd.DataFrame) -> pd.DataFrame:
        frame.iloc[4, 10] += by
        return frame

    comparison = compare_snapshots(kept, edited(kept, switch_features=shift))
    assert comparison.passed is passed
    if not passed:
        name = str(kept.table("switch_features")["feature_id"].iloc[4])
        assert found(comparison, "feature scores").examples[0].startswith(name)
        assert compare_snapshots(
            kept, edited(kept, switch_features=shift), tolerances=Tolerances(numeric=0.1)
        ).passed


def test_a_value_that_is_missing_on_one_side_is_a_difference(kept: Snapshot) -> None:
    def hole(frame: pd.DataFrame) -> pd.DataFrame:
        frame.iloc[0, 10] = np.nan
        return frame

    one = found(compare_snapshots(kept, edited(kept, switch_features=hole)), "feature scores")
    assert one.examples[0].endswith("in one only")
    both = edited(kept, switch_features=hole)
    assert compare_snapshots(both, both).passed


def test_features_and_samples_of_one_side_are_listed(kept: Snapshot) -> None:
    name = str(kept.table("switch_features")["feature_id"].iloc[0])
    fewer = edited(kept, switch_features=lambda frame: frame.iloc[1:])
    assert found(compare_snapshots(kept, fewer), "features").examples == (f"left: {name}",)
    sample = kept.tables["switch_features"].column_names[-1]
    tables = {n: t.drop_columns([sample]) if sample in t.column_names else t
              for n, t in kept.tables.items()}  # fmt: skip
    comparison = compare_snapshots(kept, replace(kept, tables=tables))
    assert found(comparison, "samples").examples == (f"left: {sample}",)


def test_another_configuration_fails_only_if_strict(kept: Snapshot) -> None:
    other = replace(kept, config=dict(kept.config) | {"seed": 99, "isograph_version": "9"})
    comparison = compare_snapshots(kept, other)
    assert comparison.passed
    told = found(comparison, "configuration")
    assert (told.where, told.left, told.right) == ("run_config.yaml: seed", 0, 99)
    strict = compare_snapshots(kept, other, tolerances=Tolerances(strict=True))
    assert [d.what for d in strict.differences if d.fails] == ["configuration"]


def test_another_number_of_edges_fails_unless_modules_may_differ(kept: Snapshot) -> None:
    other = replace(kept, n_edges=kept.n_edges + 1, recovery=0.5)
    assert kinds(compare_snapshots(kept, other)) == {"n_edges", "recovery"}
    assert compare_snapshots(kept, other, tolerances=Tolerances(min_ari=0.99)).passed
    assert compare_snapshots(kept, replace(kept, recovery=None)).passed


def test_a_table_that_was_changed_after_it_was_written_is_told(
    realistic_fit: Fit, kept: Snapshot, tmp_path: Path
) -> None:
    folder = save_snapshot(realistic_fit, "a", tmp_path)
    table = kept.table("modules").assign(membership=0.5)
    table.to_parquet(folder / "modules.parquet", index=False)
    comparison = isograph.compare(folder, folder)
    assert isinstance(comparison, SnapshotComparison)
    assert not comparison.passed
    assert [d.where for d in comparison.differences] == [
        "left: modules.parquet",
        "right: modules.parquet",
    ]


def test_fits_without_modules_can_be_compared(kept: Snapshot) -> None:
    names = ("modules", "eigengenes", "module_gene_roles")
    empty = edited(kept, **{name: lambda frame: frame.iloc[:0] for name in names})
    assert compare_snapshots(empty, empty).passed
    comparison = compare_snapshots(kept, empty)
    assert not comparison.passed
    n = kept.tables["modules"].num_rows
    assert found(comparison, "genes assigned on the left only").count == n


def test_the_report_has_what_the_contract_asks_for(kept: Snapshot) -> None:
    other = replace(kept, n_edges=kept.n_edges + 1)
    report = compare_snapshots(kept, other).as_dict()
    assert report["passed"] is False
    assert report["tolerances"]["numeric"] == 1e-6
    (one,) = report["differences"]
    assert {"what", "where", "left", "right", "tolerance", "count", "examples"} <= set(one)
    assert report["metrics"]["n_edges"]["delta"] == 1


def test_tolerances_out_of_bounds_are_all_named() -> None:
    with pytest.raises(ComparisonError) as caught:
        Tolerances(numeric=-1.0, min_ari=2.0)
    assert len(caught.value.problems) == 2


# --- partitions and numbers on bare arrays --------------------------------------------------------

LABELS = st.lists(st.integers(-1, 3), min_size=1, max_size=14)


def modules(labels: list[int], names: str = "ABCD") -> pd.DataFrame:
    rows = [(f"g{k:02d}", names[label]) for k, label in enumerate(labels) if label >= 0]
    return pd.DataFrame(rows, columns=["gene_id", "module_id"], dtype=object)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_renamed_modules_are_the_same_partition(data: st.DataObject) -> None:
    labels = data.draw(LABELS)
    names = "".join(data.draw(st.permutations("WXYZ")))
    agreement = compare_partitions(modules(labels), modules(labels, names))
    assert agreement.same
    assert (agreement.moved, agreement.only_left, agreement.only_right) == ((), (), ())
    assert all(match.jaccard == 1.0 for match in agreement.matches)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_modules_are_matched_with_the_largest_sum_of_jaccard_indices(data: st.DataObject) -> None:
    one = data.draw(LABELS)
    other = data.draw(st.lists(st.integers(-1, 3), min_size=len(one), max_size=len(one)))
    left = [{k for k, label in enumerate(one) if label == m} for m in range(4)]
    right = [{k for k, label in enumerate(other) if label == m} for m in range(4)]
    best = max(
        sum(len(a & right[k]) / len(a | right[k]) for a, k in zip(left, order, strict=True)
            if a | right[k])
        for order in itertools.permutations(range(4))
    )  # fmt: skip
    agreement = compare_partitions(modules(one), modules(other))
    assert sum(match.jaccard for match in agreement.matches) == pytest.approx(best)
    flipped = compare_partitions(modules(other), modules(one))
    assert (flipped.ari, flipped.only_left) == (agreement.ari, agreement.only_right)
    unmoved = sum(match.n_shared for match in agreement.matches)
    lone = len(agreement.only_left) + len(agreement.only_right)
    assert unmoved + len(agreement.moved) + lone == agreement.n_genes


def test_distance_is_relative_above_one_and_infinite_where_one_is_missing() -> None:
    left = np.array([0.0, 1000.0, np.nan, np.nan, np.inf])
    right = np.array([0.5, 1001.0, np.nan, 1.0, np.inf])
    expected = [0.5, 1 / 1001, 0.0, np.inf, 0.0]
    np.testing.assert_allclose(distance(left, right), expected)


def test_rows_may_be_turned_where_their_sign_does_not_count() -> None:
    rows = np.random.default_rng(0).normal(size=(3, 5))
    turned = rows * np.array([[-1.0], [-1.0], [1.0]])
    apart, flipped = row_distance(rows, turned, signed=np.array([False, True, False]))
    assert flipped.tolist() == [True, False, False]
    assert (apart > 0).tolist() == [False, True, False]


def test_row_correlation_is_pearsons_over_what_both_have() -> None:
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(2, 4, 9))
    left[0, 2] = right[1, 3] = np.nan
    left[3] = 2.0
    r = row_correlation(left, right)
    for k in range(3):
        known = np.isfinite(left[k]) & np.isfinite(right[k])
        assert r[k] == pytest.approx(np.corrcoef(left[k][known], right[k][known])[0, 1])
    assert np.isnan(r[3])
