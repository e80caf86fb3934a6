"""The approximate search: what it finds, that it is the same each time, and its measured recall."""

from __future__ import annotations

import builtins
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from isograph.backends.calibrated import associate as calibrated
from isograph.config import CalibratedSettings
from isograph.errors import ConfigError
from isograph.features.model import FeatureSet
from isograph.network import association as module
from isograph.network.approximate import (
    approximate_pairs,
    cells_for,
    measure_recall,
    require_faiss,
)
from isograph.network.association import Association, Search, strongest_pairs
from isograph.network.kernel import screen_pairs
from isograph.progress import Steps
from tests.network.synthetic import Floats, feature_set, followers

pytestmark = pytest.mark.filterwarnings("error")


def planted(seed: int = 0, *, n_noise: int = 3000, n_samples: int = 120) -> FeatureSet:
    """Ten modules with both signs in noise, two features a gene, in an order that mixes them."""
    rng = np.random.default_rng(seed)
    parts = [followers(rng, rng.normal(size=n_samples), 30, loading=0.8) for _ in range(10)]
    rows = np.concatenate([*parts, rng.normal(size=(n_noise, n_samples))])
    rows = rows[rng.permutation(len(rows))]
    return feature_set(rows, genes=np.arange(len(rows)) // 2)


def units(features: FeatureSet) -> np.ndarray:
    rows: np.ndarray = (features.values / np.sqrt(features.n_samples)).astype(np.float32)
    return rows


def edges(features: FeatureSet, *, approximate: bool, probes: int = 16) -> Association:
    above = features.n_features - 1 if approximate else 0
    return strongest_pairs(
        features,
        false_edges_per_feature=1e-3,
        neighbours=30,
        search=Search(approximate_above=above, probes=probes),
    )


def pairs(found: Association) -> set[tuple[int, int]]:
    return set(zip(found.i.tolist(), found.j.tolist(), strict=True))


@pytest.mark.skipif(find_spec("faiss") is None, reason="needs the extra `approximate`")
class TestSearch:
    def test_nearly_all_edges_of_modules_are_found_with_both_signs(self) -> None:
        features = planted()
        exact, found = edges(features, approximate=False), edges(features, approximate=True)
        assert len(exact) > 3000
        assert len(pairs(exact) & pairs(found)) > 0.97 * len(exact)
        assert (found.r < 0).mean() > 0.3

    def test_looking_into_every_cell_is_exact(self) -> None:
        features = planted(1, n_noise=600)
        exact = edges(features, approximate=False)
        found = edges(features, approximate=True, probes=cells_for(features.n_features))
        for name in ("i", "j", "r", "weight", "pvalue"):
            assert getattr(exact, name).tobytes() == getattr(found, name).tobytes(), name
        assert found.calibration["approximate_recall"] == 1.0

    def test_threads_do_not_matter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        features = planted(2)
        results = []
        for threads in (1, 2, 5):
            monkeypatch.setattr(module, "available_threads", lambda threads=threads: threads)
            # few cells looked into: a result that could differ
            results.append(edges(features, approximate=True, probes=2))
        for other in results[1:]:
            for name in ("i", "j", "r", "weight", "pvalue"):
                assert getattr(results[0], name).tobytes() == getattr(other, name).tobytes()
            assert results[0].calibration == other.calibration

    def test_pairs_are_sorted_and_never_within_a_gene(self) -> None:
        rng = np.random.default_rng(3)
        rows = followers(rng, rng.normal(size=60), 300, loading=0.9)
        features = feature_set(rows, genes=np.arange(300) // 6)
        i, j = approximate_pairs(
            units(features), features.gene_of, floor=0.4, neighbours=5, probes=3, threads=1
        )
        assert len(i) > 100
        assert (i < j).all()
        assert (np.lexsort((j, i)) == np.arange(len(i))).all()
        assert (features.gene_of[i] != features.gene_of[j]).all()

    def test_rows_of_ones_own_gene_take_no_places_of_partners(self) -> None:
        rng = np.random.default_rng(4)
        gene = rng.normal(size=100)
        own = followers(rng, gene, 8, loading=0.99)
        partner = followers(rng, gene, 1, loading=0.9)
        features = feature_set(np.concatenate([own, partner]), genes=[0] * 8 + [1])
        i, j = approximate_pairs(
            units(features), features.gene_of, floor=0.5, neighbours=1, probes=1, threads=1
        )
        assert list(zip(i.tolist(), j.tolist(), strict=True)) == [(k, 8) for k in range(8)]

    @pytest.mark.parametrize("n_rows", [0, 1, 2])
    def test_hardly_any_rows_are_no_trouble(self, n_rows: int) -> None:
        rows = np.zeros((n_rows, 10), dtype=np.float32)
        i, _ = approximate_pairs(
            rows, np.arange(n_rows), floor=0.5, neighbours=3, probes=4, threads=1
        )
        assert len(i) == 0

    def test_progress_rises_to_one(self) -> None:
        seen: list[float] = []
        features = planted(5, n_noise=2000)
        approximate_pairs(
            units(features),
            features.gene_of,
            floor=0.5,
            neighbours=3,
            probes=2,
            threads=2,
            progress=seen.append,
        )
        assert seen == sorted(seen)
        assert seen[-1] == 1.0

    def test_the_calibration_record_holds_method_and_recall(self) -> None:
        features = planted(6)
        chosen = CalibratedSettings(approximate_above=1000, approximate_probes=12)
        record = calibrated(features, chosen, Steps()).calibration
        assert record["neighbour_search"] == "approximate"
        assert record["approximate_probes"] == 12
        assert record["approximate_cells"] == cells_for(features.n_features)
        assert 0.9 < record["approximate_recall"] <= 1.0
        assert record["approximate_recall_rows"] == 500
        assert record["approximate_recall_pairs"] > 100


def test_the_exact_search_is_taken_up_to_the_stated_size(monkeypatch: pytest.MonkeyPatch) -> None:
    features = planted(7, n_noise=100)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("approximate search was used")

    monkeypatch.setattr(module, "approximate_pairs", refuse)
    for above in (0, features.n_features):
        found = strongest_pairs(
            features,
            false_edges_per_feature=1e-3,
            neighbours=30,
            search=Search(approximate_above=above),
        )
        assert found.calibration["neighbour_search"] == "exact"


def test_cells_grow_with_the_root_of_the_rows() -> None:
    assert [cells_for(n) for n in (0, 39, 1000, 10_000, 1_000_000)] == [1, 1, 25, 256, 4000]


def test_a_missing_library_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "faiss":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"\[approximate\]") as caught:
        require_faiss()
    assert len(caught.value.problems) == 1


class TestRecall:
    def brute(self, rows: Floats, groups: np.ndarray, *, k: int, floor: float) -> set[int]:
        strength = np.abs(rows @ rows.T)
        strength[groups[:, None] == groups[None, :]] = 0.0
        n = len(rows)
        keys = set()
        for i, row in enumerate(strength):
            for j in np.argsort(-row, kind="stable")[:k]:
                if row[j] >= floor:
                    keys.add(min(i, int(j)) * n + max(i, int(j)))
        return keys

    def test_it_is_the_share_found_of_all_significant_pairs(self) -> None:
        features = planted(8, n_noise=150)
        rows, groups = units(features), features.gene_of
        n = len(rows)
        wanted = np.array(sorted(self.brute(rows, groups, k=7, floor=0.4)))
        assert len(wanted) > 500
        found = wanted[::3]
        recall = measure_recall(rows, groups, found // n, found % n, floor=0.4, neighbours=7)
        assert (recall.expected, recall.found, recall.rows) == (len(wanted), len(found), n)
        assert recall.share == pytest.approx(1 / 3, abs=0.01)

    def test_the_exact_screen_has_recall_one(self) -> None:
        features = planted(9)
        rows, groups = units(features), features.gene_of
        i, j = screen_pairs(rows, groups, floor=0.4, neighbours=30, threads=1)
        recall = measure_recall(rows, groups, i, j, floor=0.4, neighbours=30)
        assert recall.share == 1.0
        assert recall.rows == 500

    def test_noise_has_no_recall_rather_than_a_perfect_one(self) -> None:
        rows = units(feature_set(np.random.default_rng(10).normal(size=(200, 100))))
        none = np.empty(0, dtype=np.int64)
        recall = measure_recall(rows, np.arange(200), none, none, floor=0.9, neighbours=5)
        assert recall.expected == 0
        assert recall.share is None

    def test_no_rows_have_no_recall(self) -> None:
        none = np.empty(0, dtype=np.int64)
        empty = np.empty((0, 5), dtype=np.float32)
        assert measure_recall(empty, none, none, none, floor=0.5, neighbours=5).share is None
