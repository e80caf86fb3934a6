"""Edges of a model: ranked by what it implies, significant by what the data say."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.backends.model_edges import EdgeSettings, edges_of_model, model_association
from isograph.errors import InputError
from isograph.features.model import FeatureSet
from isograph.network.association import Association, edge_pvalue, strongest_pairs
from isograph.network.significance import critical_correlation, edge_pvalue_threshold
from isograph.progress import Steps
from tests.network.synthetic import feature_set, followers

pytestmark = pytest.mark.filterwarnings("error")

PER_MODULE, N_MODULES, N_BACKGROUND, N_SAMPLES = 20, 3, 60, 80
N = PER_MODULE * N_MODULES + N_BACKGROUND
MODULE = np.repeat([*range(N_MODULES), -1], [PER_MODULE] * N_MODULES + [N_BACKGROUND])
BUDGET = {"false_edges_per_feature": 3e-3, "neighbours": 5}

Floats = np.ndarray


def planted(seed: int = 0, *, gaps: float = 0.0, genes: list[int] | None = None) -> FeatureSet:
    rng = np.random.default_rng(seed)
    rows = [
        followers(rng, rng.normal(size=N_SAMPLES), PER_MODULE, loading=0.8)
        for _ in range(N_MODULES)
    ]
    values = np.vstack([*rows, rng.normal(size=(N_BACKGROUND, N_SAMPLES))])
    return feature_set(values, observed=rng.random(values.shape) >= gaps, genes=genes)


def knowing() -> tuple[Floats, Floats]:
    """A model that knows the modules, each its own direction, with uneven communalities."""
    embedding = np.zeros((N, N_MODULES))
    members = np.flatnonzero(MODULE >= 0)
    embedding[members, MODULE[members]] = 1.0
    communality = np.where(MODULE >= 0, 0.5 + 0.3 * np.arange(N) / N, 0.0)
    return embedding, communality


def vague(seed: int = 1) -> tuple[Floats, Floats]:
    """A model that says something of every pair."""
    rng = np.random.default_rng(seed)
    embedding, communality = knowing()
    rows = embedding + 0.3 * rng.normal(size=embedding.shape)
    return (
        rows / np.linalg.norm(rows, axis=1, keepdims=True),
        np.maximum(communality, rng.random(N) * 0.5),
    )


def pairs_of(association: Association) -> set[tuple[int, int]]:
    return set(zip(association.i.tolist(), association.j.tolist(), strict=True))


def brute_force(
    features: FeatureSet, embedding: Floats, communality: Floats, *, least: float
) -> set[tuple[int, int]]:
    """The rule as it is written, over all pairs at once."""
    implied = np.square(embedding @ embedding.T) * np.outer(communality, communality)
    gene = features.gene_of
    implied[gene[:, None] == gene[None, :]] = -1.0
    order = np.argsort(-implied, axis=1, kind="stable")[:, : BUDGET["neighbours"]]
    listed = np.zeros((N, N), dtype=bool)
    listed[np.arange(N)[:, None], order] = True
    i, j = np.nonzero(np.triu(listed | listed.T, 1))
    r = np.sum(features.values[i] * features.values[j], axis=1) / features.n_samples
    p = edge_pvalue_threshold(
        n_features=N, false_edges_per_feature=BUDGET["false_edges_per_feature"]
    )
    floor = critical_correlation(p, features.df_residual)
    kept = edge_pvalue(features, i, j, r) <= p
    kept &= (np.abs(r) >= floor) & (implied[i, j] >= least * floor**2)
    return set(zip(i[kept].tolist(), j[kept].tolist(), strict=True))


class TestTheRule:
    @pytest.mark.parametrize("least", [0.0, 0.25, 1.0])
    @pytest.mark.parametrize("gaps", [0.0, 0.05])
    def test_is_what_it_says_over_all_pairs(self, least: float, gaps: float) -> None:
        features = planted(gaps=gaps, genes=np.repeat(np.arange(N // 2), 2).tolist())
        embedding, communality = vague()
        found = model_association(
            features,
            embedding=embedding,
            communality=communality,
            least_explained=least,
            **BUDGET,
        )
        assert len(found) > 50
        assert pairs_of(found) == brute_force(features, embedding, communality, least=least)

    def test_weight_is_what_the_model_implies_and_r_what_the_data_say(self) -> None:
        features, (embedding, communality) = planted(), vague()
        found = model_association(features, embedding=embedding, communality=communality, **BUDGET)
        i, j = found.i, found.j
        product = np.sum(embedding[i] * embedding[j], axis=1)
        assert np.allclose(found.weight, product**2 * communality[i] * communality[j], rtol=1e-12)
        assert found.weight.min() > 0
        exact = np.sum(features.values[i] * features.values[j], axis=1) / N_SAMPLES
        assert np.allclose(found.r, exact, atol=1e-12)
        assert found.pvalue.max() <= found.pair_p

    def test_pairs_that_only_the_model_believes_in_are_no_edges(self) -> None:
        one = np.ones((N, 1))
        rng = np.random.default_rng(3)
        features = feature_set(rng.normal(size=(N, N_SAMPLES)))
        found = model_association(
            features, embedding=one, communality=0.9 + 0.1 * rng.random(N), **BUDGET
        )
        assert len(found) <= 3

    def test_pairs_of_which_the_model_knows_nothing_are_no_edges(self) -> None:
        embedding, communality = knowing()
        communality = np.where(MODULE == 0, 0.0, communality)
        features = planted()
        found = model_association(features, embedding=embedding, communality=communality, **BUDGET)
        assert not np.isin(MODULE[found.i], [0, -1]).any()
        plain = strongest_pairs(features, **BUDGET)
        assert np.any(MODULE[plain.i] == 0)

    def test_a_model_that_knows_nothing_makes_no_edge_at_all(self) -> None:
        found = model_association(
            planted(), embedding=np.zeros((N, 2)), communality=np.zeros(N), **BUDGET
        )
        assert len(found) == 0

    def test_edges_are_some_of_those_proposed(self) -> None:
        embedding, communality = vague()
        found = model_association(
            planted(),
            embedding=embedding,
            communality=communality,
            proposals_per_feature=1.0,
            **BUDGET,
        )
        assert found.proposals is not None
        assert pairs_of(found) < pairs_of(found.proposals)

    def test_false_edges_stay_within_the_budget_whatever_the_model(self) -> None:
        n_edges = []
        for seed in range(40):
            rng = np.random.default_rng(seed)
            features = feature_set(rng.normal(size=(200, 40)))
            # the worst model there is: one that has seen the data and memorised it
            gram = features.values.T @ features.values
            rows = features.values @ np.linalg.eigh(gram)[1][:, -6:]
            length = np.linalg.norm(rows, axis=1)
            found = model_association(
                features,
                embedding=rows / length[:, None],
                communality=np.clip(length**2 / 40, 0, 1),
                **BUDGET,
            )
            n_edges.append(len(found))
        assert np.mean(n_edges) <= 1.5 * 200 * BUDGET["false_edges_per_feature"]


class TestInvariance:
    def test_turning_and_reflecting_the_embedding_changes_nothing(self) -> None:
        embedding, communality = vague()
        turn = np.linalg.qr(np.random.default_rng(5).normal(size=(N_MODULES, N_MODULES)))[0]
        sign = np.random.default_rng(6).choice([-1.0, 1.0], (N, 1))
        one, other = (
            model_association(planted(), embedding=rows, communality=communality, **BUDGET)
            for rows in (embedding, sign * (embedding @ turn))
        )
        assert pairs_of(one) == pairs_of(other)
        assert np.allclose(one.weight, other.weight, rtol=1e-9)

    def test_the_number_of_threads_changes_no_bit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        embedding, communality = vague()
        found = []
        for threads in ("1", "2"):
            monkeypatch.setenv("ISOGRAPH_THREADS", threads)
            found.append(
                model_association(planted(), embedding=embedding, communality=communality, **BUDGET)
            )
        for name in ("i", "j", "r", "weight", "pvalue"):
            assert np.array_equal(getattr(found[0], name), getattr(found[1], name)), name

    def test_equal_similarities_are_settled_by_index(self) -> None:
        embedding = np.zeros((N, N_MODULES))
        members = np.flatnonzero(MODULE >= 0)
        embedding[members, MODULE[members]] = 1.0
        communality = np.where(MODULE >= 0, 0.64, 0.0)
        features = planted()
        found = model_association(features, embedding=embedding, communality=communality, **BUDGET)
        assert pairs_of(found) == brute_force(features, embedding, communality, least=0.25)


class TestAblation:
    def test_r2_is_the_plain_search(self) -> None:
        features = planted()
        found = model_association(
            features,
            embedding=np.zeros((N, 1)),
            communality=np.zeros(N),
            similarity="r2",
            proposals_per_feature=1.0,
            **BUDGET,
        )
        plain = strongest_pairs(features, proposals_per_feature=1.0, **BUDGET)
        assert pairs_of(found) == pairs_of(plain)
        assert np.array_equal(found.weight, plain.weight)
        assert found.proposals is not None
        assert plain.proposals is not None
        assert pairs_of(found.proposals) == pairs_of(plain.proposals)

    def test_random_has_no_use_for_the_model_but_for_its_width(self) -> None:
        found = []
        for embedding, communality in (knowing(), vague()):
            found.append(
                model_association(
                    planted(),
                    embedding=embedding,
                    communality=communality,
                    similarity="random",
                    **BUDGET,
                )
            )
        assert pairs_of(found[0]) == pairs_of(found[1])
        assert np.array_equal(found[0].weight, found[1].weight)

    def test_random_follows_its_seed_and_finds_less_than_a_model_that_knows(self) -> None:
        embedding, communality = knowing()
        first, other = (
            model_association(
                planted(),
                embedding=embedding,
                communality=communality,
                similarity="random",
                rng_seed=seed,
                **BUDGET,
            )
            for seed in (1, 2)
        )
        assert pairs_of(first) != pairs_of(other)
        known = model_association(planted(), embedding=embedding, communality=communality, **BUDGET)
        assert len(first) < len(known) / 2

    def test_the_record_says_which_it_was(self) -> None:
        embedding, communality = knowing()
        found = edges_of_model(
            planted(),
            embedding=embedding,
            communality=communality,
            settings=EdgeSettings(similarity="random"),
            steps=Steps(),
            record={"model": {"fitted": True}},
        )
        assert found.calibration["similarity"] == "random"
        assert found.calibration["model"] == {"fitted": True}
        assert found.calibration["n_feature_edges"] == len(found)


class TestRefusals:
    def test_names_rows_that_are_neither_of_length_one_nor_zero(self) -> None:
        embedding, communality = knowing()
        embedding[3] *= 2
        with pytest.raises(InputError, match=r"neither of length 1 nor 0 \(1\): G00003"):
            model_association(planted(), embedding=embedding, communality=communality, **BUDGET)

    def test_names_every_problem_at_once(self) -> None:
        communality = knowing()[1]
        communality[0], communality[1] = 1.5, np.nan
        with pytest.raises(InputError) as error:
            model_association(
                planted(), embedding=np.ones((N - 1, 2)), communality=communality, **BUDGET
            )
        assert "embedding: has shape" in str(error.value)
        assert "not between 0 and 1 (2)" in str(error.value)


@pytest.mark.slow
def test_many_features_in_one_dimension_need_no_square() -> None:
    # the hardest case for the screen: every product is large and most are nearly equal
    rng = np.random.default_rng(0)
    features = feature_set(rng.normal(size=(12_000, 30)))
    found = model_association(
        features,
        embedding=np.ones((12_000, 1)),
        communality=rng.random(12_000),
        false_edges_per_feature=3e-3,
        neighbours=30,
    )
    assert found.calibration["n_pairs_of_the_model"] <= 30 * 12_000
