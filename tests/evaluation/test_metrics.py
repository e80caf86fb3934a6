import json
import math
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    completeness_score,
    homogeneity_score,
)

from isograph.bundle.model import Bundle
from isograph.errors import IsographError
from isograph.evaluation import (
    PartitionScore,
    ScoreError,
    pooled_background,
    score_fit,
    score_partition,
)
from isograph.results.model import Fit
from isograph.schemas import EDGES, MODULES, ROLES
from isograph.simulation import simulate

# Ten genes, A = {a b c d}, B = {e f}, background g h i j.
# Found: X = {a b c g}, Y = {d e}, Z = {h}; f, i and j unassigned.
GENES = list("abcdefghij")
TRUTH = pd.DataFrame({"gene_id": list("abcdef"), "module_id": ["A"] * 4 + ["B"] * 2})
FOUND = pd.DataFrame({"gene_id": list("abcgdeh"), "module_id": ["X"] * 4 + ["Y"] * 2 + ["Z"]})
TRUTH_ROLES = pd.DataFrame(
    {
        "gene_id": GENES,
        "truth_role": ["switch_only", "switch_only", "abundance_only", "coupled"]
        + ["switch_only", "coupled"]
        + ["background"] * 4,
    }
)
GIVEN_ROLES = pd.DataFrame(
    {
        "gene_id": list("abcgdeh"),
        "module_role": [
            *("switch_only", "coupled", "abundance_only", "inactive"),
            *("discordant", "inactive", "coupled"),
        ],
    }
)
NOTHING = pd.DataFrame({"gene_id": [], "module_id": []}, dtype=object)


def score(
    truth: pd.DataFrame = TRUTH, assigned: pd.DataFrame = FOUND, **options: object
) -> PartitionScore:
    defaults = {"all_genes": GENES, "rng": np.random.default_rng(0), "n_permutations": 200}
    return score_partition(truth, assigned, **(defaults | options))  # type: ignore[arg-type]


def table_of(labels: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame({"gene_id": list(labels), "module_id": list(labels.values())})


# --- hand-worked ---------------------------------------------------------------------------


def test_recovery_is_the_mean_best_jaccard_over_all_genes() -> None:
    # A with X: 3 of 5; B with Y: 1 of 3
    assert score().recovery == pytest.approx((3 / 5 + 1 / 3) / 2)


def test_recovery_is_blind_to_extra_modules_and_nothing_else_is() -> None:
    extra = pd.concat([FOUND, table_of({"i": "V", "j": "W"})])
    assert score(assigned=extra).recovery == score().recovery
    assert score(assigned=extra).n_modules == 5
    assert score(assigned=extra).background_rate == 1.0


def test_coverage_counts_planted_genes() -> None:
    assert score().coverage == pytest.approx(5 / 6)


def test_background_is_a_share_of_the_assigned_and_of_the_background() -> None:
    assert score().background_fraction == pytest.approx(2 / 7)
    assert score().background_rate == pytest.approx(2 / 4)


def test_counts_of_genes_and_modules() -> None:
    found = score()
    assert (found.n_modules, found.n_truth_modules) == (3, 2)
    assert (found.n_genes, found.n_planted) == (10, 6)
    assert (found.n_assigned, found.n_background_assigned) == (7, 2)


def test_ari_makes_each_unassigned_planted_gene_a_singleton() -> None:
    # pairs together: in both 3 (of X), in truth 6 + 1, in found 3 + 1, of 15
    chance = 7 * 4 / 15
    assert score().ari == pytest.approx((3 - chance) / ((7 + 4) / 2 - chance))


def test_ari_assigned_leaves_unassigned_genes_out() -> None:
    # over a b c d e: in both 3, in truth 6, in found 3 + 1, of 10
    chance = 6 * 4 / 10
    assert score().ari_assigned == pytest.approx((3 - chance) / ((6 + 4) / 2 - chance))


def test_homogeneity_falls_by_merging_and_completeness_by_splitting() -> None:
    merged = score(assigned=table_of(dict.fromkeys("abcdef", "X")))
    assert merged.homogeneity == pytest.approx(0.0)
    assert merged.completeness == pytest.approx(1.0)
    split = score(assigned=table_of(dict(zip("abcdef", "XXYYZZ", strict=True))))
    assert split.homogeneity == pytest.approx(1.0)
    # H(found) = log 3, H(found | truth) = 4/6 log 2
    assert split.completeness == pytest.approx(1 - (4 / 6) * math.log(2) / math.log(3))


def test_role_recall_counts_genes_in_the_module_that_matches_theirs_best() -> None:
    # A matches X, B matches Y; d sits in Y, f nowhere
    recall = score(truth_roles=TRUTH_ROLES).role_recall
    assert recall == {
        "switch_only": 1.0,
        "abundance_only": 1.0,
        "coupled": 0.0,
        "discordant": None,
    }


def test_of_equally_good_matches_the_one_with_more_shared_genes_counts() -> None:
    # A = {a b c d}; X = {a}: 1 of 4; Y = {b c g h i j}: 2 of 8
    found = table_of(dict(zip("abcghij", "XYYYYYY", strict=True)))
    roles = pd.DataFrame({"gene_id": list("abcd"), "truth_role": ["coupled"] * 4})
    recall = score(truth=TRUTH.head(4), assigned=found, truth_roles=roles).role_recall
    assert recall["coupled"] == pytest.approx(2 / 4)


def test_roles_of_genes_in_no_planted_module_are_ignored() -> None:
    stray = TRUTH_ROLES.assign(
        truth_role=TRUTH_ROLES["truth_role"].replace("background", "coupled")
    )
    assert score(truth_roles=stray, roles=GIVEN_ROLES) == score(
        truth_roles=TRUTH_ROLES, roles=GIVEN_ROLES
    )


def test_role_accuracy_is_over_assigned_planted_genes() -> None:
    # of a b c d e only a and c are right
    assert score(truth_roles=TRUTH_ROLES, roles=GIVEN_ROLES).role_accuracy == pytest.approx(2 / 5)


def test_role_confusion_has_planted_rows_and_given_columns() -> None:
    confusion = score(truth_roles=TRUTH_ROLES, roles=GIVEN_ROLES).as_dict()["role_confusion"]
    columns = ["switch_only", "abundance_only", "coupled", "discordant", "inactive"]
    assert list(confusion) == columns[:4]
    assert [list(row) for row in confusion.values()] == [columns] * 4
    assert [list(row.values()) for row in confusion.values()] == [
        [1, 0, 1, 0, 1],
        [0, 1, 0, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0],
    ]


def test_giant_fraction_is_the_largest_component_over_all_genes() -> None:
    edges = pd.DataFrame({"source": list("abeg"), "target": list("bcfh")})
    assert score(edges=edges).giant_fraction == pytest.approx(3 / 10)


def test_a_graph_without_edges_has_no_giant() -> None:
    edges = pd.DataFrame({"source": [], "target": []}, dtype=object)
    assert score(edges=edges).giant_fraction == 0.0


def test_without_edges_or_roles_nothing_is_said_of_them() -> None:
    found = score()
    assert found.giant_fraction is None
    assert found.role_accuracy is None
    assert found.role_confusion is None
    assert set(found.role_recall.values()) == {None}


def test_a_perfect_partition_has_perfect_scores() -> None:
    found = score(assigned=TRUTH.assign(module_id=TRUTH["module_id"].map({"A": "y", "B": "x"})))
    for name in ("ari", "ami", "ari_assigned", "homogeneity", "completeness", "coverage"):
        assert getattr(found, name) == pytest.approx(1.0)
    assert found.recovery == 1.0
    assert (found.background_fraction, found.background_rate) == (0.0, 0.0)


# --- against scikit-learn ------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_agreement_equals_scikit_learn_on_explicit_labels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    genes = np.array([f"g{i:03d}" for i in range(120)])
    truth = rng.integers(0, 5, 120)
    found = np.where(rng.random(120) < 0.5, truth, rng.integers(-1, 6, 120))
    planted, assigned = truth < 4, found >= 0
    result = score(
        pd.DataFrame({"gene_id": genes[planted], "module_id": truth[planted]}),
        pd.DataFrame({"gene_id": genes[assigned], "module_id": found[assigned]}),
        all_genes=genes,
    )
    singletons = np.where(assigned, found, 1000 + np.arange(120))[planted]
    both = planted & assigned
    assert result.ari == pytest.approx(adjusted_rand_score(truth[planted], singletons))
    assert result.ami == pytest.approx(adjusted_mutual_info_score(truth[planted], singletons))
    assert result.ari_assigned == pytest.approx(adjusted_rand_score(truth[both], found[both]))
    assert result.homogeneity == pytest.approx(homogeneity_score(truth[both], found[both]))
    assert result.completeness == pytest.approx(completeness_score(truth[both], found[both]))


def test_recovery_equals_a_plain_loop_over_sets() -> None:
    rng = np.random.default_rng(3)
    genes = [f"g{i:03d}" for i in range(150)]
    truth = {g: int(m) for g, m in zip(genes, rng.integers(0, 6, 150), strict=True) if m < 4}
    found = {g: int(m) for g, m in zip(genes, rng.integers(0, 9, 150), strict=True) if m < 7}

    def members(labels: dict[str, int]) -> list[set[str]]:
        return [{g for g in labels if labels[g] == m} for m in set(labels.values())]

    best = [max(len(t & f) / len(t | f) for f in members(found)) for t in members(truth)]
    result = score(table_of(truth), table_of(found), all_genes=genes)
    assert result.recovery == pytest.approx(np.mean(best))


# --- permutations --------------------------------------------------------------------------


def test_recovery_null_equals_the_mean_over_every_possible_assignment() -> None:
    # one planted pair, one found pair in four genes: index 1 with chance 1/6, 0 with 1/6, else 1/3
    result = score(
        table_of(dict.fromkeys("ab", "A")),
        table_of(dict.fromkeys("ab", "X")),
        all_genes=list("abcd"),
        n_permutations=20_000,
    )
    expected = 1 / 6 + 4 / 6 / 3
    variance = 1 / 6 + 4 / 6 / 9 - expected**2
    assert result.recovery_null_mean == pytest.approx(expected, abs=0.01)
    assert result.recovery_z == pytest.approx((1 - expected) / math.sqrt(variance), rel=0.03)
    assert result.recovery_p == pytest.approx(1 / 6, abs=0.01)


def test_recovery_p_cannot_fall_below_one_over_permutations_plus_one() -> None:
    genes = [f"g{i:03d}" for i in range(200)]
    truth = table_of({g: i // 20 for i, g in enumerate(genes[:100])})
    result = score(truth, truth, all_genes=genes, n_permutations=99)
    assert result.recovery_p == 1 / 100
    assert result.recovery_z is not None
    assert result.recovery_z > 20


def test_random_partitions_have_even_p_values() -> None:
    rng = np.random.default_rng(8)
    genes = np.array([f"g{i:03d}" for i in range(100)])
    # uneven sizes: hardly two assignments have the same recovery
    truth = pd.DataFrame(
        {"gene_id": genes[:60], "module_id": np.repeat(np.arange(4), [7, 11, 17, 25])}
    )
    sizes = np.repeat(np.arange(8), [3, 5, 8, 10, 13, 16, 20, 25])
    ps = []
    for _ in range(200):
        found = pd.DataFrame({"gene_id": rng.permutation(genes), "module_id": sizes})
        ps.append(score(truth, found, all_genes=genes, rng=rng, n_permutations=99).recovery_p)
    assert np.mean(ps) == pytest.approx(0.5, abs=0.08)
    assert np.mean(np.array(ps) <= 0.05) < 0.12


def test_the_same_generator_gives_the_same_null() -> None:
    one = score(rng=np.random.default_rng(4))
    assert one == score(rng=np.random.default_rng(4))
    assert one.recovery_null_mean != score(rng=np.random.default_rng(5)).recovery_null_mean


def test_no_permutations_leave_their_scores_undefined() -> None:
    result = score(n_permutations=0)
    assert (result.recovery_null_mean, result.recovery_z, result.recovery_p) == (None, None, None)
    assert result.recovery is not None


def test_twelve_thousand_genes_are_scored_within_seconds() -> None:
    rng = np.random.default_rng(0)
    genes = np.array([f"G{i:05d}" for i in range(12_000)])
    truth = pd.DataFrame({"gene_id": genes[:3000], "module_id": np.arange(3000) % 16})
    found = pd.DataFrame({"gene_id": genes, "module_id": rng.integers(0, 1898, 12_000)})
    start = time.perf_counter()
    result = score(truth, found, all_genes=genes, n_permutations=1000)
    # takes under one second alone; the bound leaves room for a busy machine
    assert time.perf_counter() - start < 10
    assert result.n_modules == found["module_id"].nunique()


# --- what is undefined ---------------------------------------------------------------------


def test_without_planted_modules_agreement_is_undefined_and_counts_stay() -> None:
    result = score(truth=NOTHING)
    for name in ("ari", "ami", "ari_assigned", "homogeneity", "completeness", "coverage"):
        assert getattr(result, name) is None
    for name in ("recovery", "recovery_null_mean", "recovery_z", "recovery_p"):
        assert getattr(result, name) is None
    assert (result.n_modules, result.n_assigned, result.n_truth_modules) == (3, 7, 0)
    assert result.background_fraction == 1.0
    assert result.background_rate == pytest.approx(7 / 10)


def test_without_assigned_genes_nothing_is_recovered() -> None:
    result = score(assigned=NOTHING, truth_roles=TRUTH_ROLES)
    assert (result.recovery, result.coverage, result.background_rate) == (0.0, 0.0, 0.0)
    assert result.background_fraction is None
    assert result.homogeneity is None
    assert result.ari_assigned is None
    assert result.recovery_p == 1.0
    assert result.recovery_z is None
    assert result.ari == pytest.approx(0.0)
    assert result.role_recall["switch_only"] == 0.0


def test_an_empty_data_set_has_no_scores() -> None:
    edges = pd.DataFrame({"source": [], "target": []}, dtype=object)
    result = score(truth=NOTHING, assigned=NOTHING, all_genes=[], edges=edges)
    assert result.background_rate is None
    assert result.giant_fraction is None
    assert result.n_genes == 0


def test_without_background_its_rate_is_undefined() -> None:
    result = score(all_genes=list("abcdef"), assigned=TRUTH)
    assert result.background_rate is None
    assert result.background_fraction == 0.0


def test_a_null_module_means_background() -> None:
    truth = pd.concat([TRUTH, table_of({"g": None})])
    assert score(truth=truth) == score()


# --- invariances ---------------------------------------------------------------------------

_labels = st.lists(st.integers(-1, 4), min_size=12, max_size=12)


def _rows(labels: list[int], order: list[int], names: list[str]) -> pd.DataFrame:
    rows = [(f"g{i:02d}", names[labels[i]]) for i in order if labels[i] >= 0]
    return pd.DataFrame(rows, columns=["gene_id", "module_id"], dtype=object)


@settings(max_examples=60, deadline=None)
@given(_labels, _labels, st.permutations(range(12)), st.permutations(list("vwxyz")))
def test_row_order_gene_order_and_module_names_do_not_matter(
    truth: list[int], found: list[int], order: list[int], names: list[str]
) -> None:
    straight = list(range(12))
    roles = pd.DataFrame(
        {"gene_id": [f"g{i:02d}" for i in straight], "truth_role": ["switch_only", "coupled"] * 6}
    )
    one = score(
        _rows(truth, straight, list("abcde")),
        _rows(found, straight, list("abcde")),
        all_genes=[f"g{i:02d}" for i in straight],
        truth_roles=roles,
    )
    other = score(
        _rows(truth, order, names),
        _rows(found, order, names),
        all_genes=[f"g{i:02d}" for i in order],
        truth_roles=roles.iloc[order],
    )
    assert one == other


@settings(max_examples=60, deadline=None)
@given(_labels, _labels)
def test_shares_stay_between_zero_and_one(truth: list[int], found: list[int]) -> None:
    names, straight = list("abcde"), list(range(12))
    result = score(
        _rows(truth, straight, names),
        _rows(found, straight, names),
        all_genes=[f"g{i:02d}" for i in straight],
        n_permutations=20,
    )
    for name in ("recovery", "coverage", "background_fraction", "background_rate", "recovery_p"):
        value = getattr(result, name)
        assert value is None or 0.0 <= value <= 1.0


def test_integer_and_text_module_ids_score_alike() -> None:
    numbers = TRUTH.assign(module_id=TRUTH["module_id"].map({"A": 0, "B": 1}))
    assert score(truth=numbers) == score()


# --- output --------------------------------------------------------------------------------


def test_the_dictionary_is_json_in_a_fixed_order() -> None:
    full = score(truth_roles=TRUTH_ROLES, roles=GIVEN_ROLES).as_dict()
    bare = score(truth=NOTHING, assigned=NOTHING).as_dict()
    assert list(full) == list(bare)
    assert list(full)[:2] == ["ari", "ami"]
    assert list(full["role_recall"]) == ["switch_only", "abundance_only", "coupled", "discordant"]
    assert json.loads(json.dumps(full, allow_nan=False)) == full


def test_the_dictionary_holds_every_published_metric() -> None:
    published = (
        "recovery ari ami ari_assigned homogeneity completeness coverage background_fraction "
        "background_rate role_recall role_accuracy recovery_null_mean recovery_z recovery_p "
        "n_modules n_truth_modules giant_fraction"
    )
    assert set(published.split()) <= set(score().as_dict())


# --- refusals ------------------------------------------------------------------------------


def test_every_problem_is_listed_at_once() -> None:
    with pytest.raises(ScoreError) as caught:
        score(
            truth=pd.concat([TRUTH, table_of({"zz": "A"})]),
            assigned=pd.concat([FOUND, FOUND.head(1)]),
            roles=GIVEN_ROLES.replace("coupled", "Coupled"),
            truth_roles=TRUTH_ROLES.replace("background", "none"),
            edges=pd.DataFrame({"source": ["a"], "target": ["yy"]}),
        )
    text = str(caught.value)
    assert len(caught.value.problems) == 5
    for part in ("truth: genes that are not", "zz", "several rows (1): a", "Coupled", "none", "yy"):
        assert part in text


def test_an_assigned_planted_gene_needs_a_role() -> None:
    with pytest.raises(ScoreError, match=r"without a role \(1\): e"):
        score(truth_roles=TRUTH_ROLES, roles=GIVEN_ROLES[GIVEN_ROLES["gene_id"] != "e"])


# --- a fit ---------------------------------------------------------------------------------


def _fit(modules: pd.DataFrame, roles: pd.DataFrame, edges: pd.DataFrame) -> Fit:
    def filled(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
        return pa.Table.from_pandas(
            frame.reindex(columns=schema.names), schema=schema, preserve_index=False
        )

    tables = {
        "modules": filled(modules, MODULES),
        "module_gene_roles": filled(roles, ROLES),
        "edges": filled(edges, EDGES),
    }
    return Fit(config={}, calibration=None, tables=tables)


def _true_fit(bundle: Bundle) -> Fit:
    modules = bundle.tables["truth_module"]
    roles = bundle.tables["truth_channel_role"].rename(columns={"truth_role": "module_role"})
    genes = modules["gene_id"].to_numpy()
    return _fit(
        modules,
        roles[roles["module_id"].notna()],
        pd.DataFrame({"source": genes[:-1], "target": genes[1:]}),
    )


def test_a_fit_that_tells_the_truth_scores_perfectly() -> None:
    bundle = simulate("medium_multiplex_v1")
    result = score_fit(bundle, _true_fit(bundle))
    assert (result.ari, result.recovery, result.coverage) == (1.0, 1.0, 1.0)
    assert result.background_fraction == 0.0
    assert result.role_accuracy == 1.0
    assert set(result.role_recall.values()) == {1.0}
    assert result.giant_fraction == pytest.approx(192 / 320)
    assert result.recovery_p == 1 / 1001


def test_a_fit_is_scored_the_same_with_the_same_seed() -> None:
    bundle = simulate("toy_v1")
    fit = _true_fit(bundle)
    assert score_fit(bundle, fit, seed=3) == score_fit(bundle, fit, seed=3)


def test_a_fit_without_modules_is_scored() -> None:
    bundle = simulate("toy_v1")
    empty = pd.DataFrame()
    result = score_fit(bundle, _fit(empty, empty, empty))
    assert (result.n_modules, result.coverage, result.recovery) == (0, 0.0, 0.0)
    assert result.giant_fraction == 0.0


def test_a_bundle_without_truth_cannot_be_scored() -> None:
    toy = simulate("toy_v1")
    tables = {k: t for k, t in toy.tables.items() if k != "truth_module"}
    bare = Bundle(toy.name, toy.suite, "", toy.samples, tables, toy.matrices)
    with pytest.raises(IsographError, match="toy_v1: has no truth_module table"):
        score_fit(bare, _true_fit(toy))


# --- pooled background ---------------------------------------------------------------------


def test_background_is_pooled_with_an_exact_binomial_interval() -> None:
    pooled = pooled_background([score(), score(assigned=TRUTH), score(assigned=NOTHING)])
    assert (pooled.n_false, pooled.n_assigned) == (2, 13)
    # Clopper and Pearson by quantiles of the beta distribution
    assert pooled.low == pytest.approx(beta.ppf(0.025, 2, 12))
    assert pooled.high == pytest.approx(beta.ppf(0.975, 3, 11))


def test_no_false_gene_still_leaves_an_upper_bound() -> None:
    _, n_assigned, low, high = pooled_background([score(assigned=TRUTH)])
    assert (n_assigned, low) == (6, 0.0)
    assert high == pytest.approx(1 - 0.025 ** (1 / 6))


def test_without_assigned_genes_there_is_no_interval() -> None:
    assert pooled_background([score(assigned=NOTHING)]) == (0, 0, None, None)
