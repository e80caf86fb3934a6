"""The `wgcna` backend: from features to modules of genes, and what it leaves behind."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import isograph
from isograph.backends import get_backend, study_features
from isograph.backends.protocol import Found, Task
from isograph.backends.wgcna.backend import find, gene_labels
from isograph.backends.wgcna.blockwise import find_network
from isograph.backends.wgcna.dendrogram import FILE, read_dendrograms
from isograph.backends.wgcna.settings import WgcnaSettings
from isograph.bundle.model import Bundle
from isograph.config import CommunitySettings
from isograph.errors import ConfigError
from isograph.features.model import FeatureSet
from isograph.files import to_json
from isograph.progress import Steps
from isograph.results.model import Fit
from isograph.study import make_study


def fitted(bundle: Bundle, **settings: object) -> Fit:
    study = make_study(name="test", bundle=bundle.name, set=settings)
    return isograph.fit(bundle, backend="wgcna", study=study)


def found(features: FeatureSet, **settings: object) -> Found:
    own = WgcnaSettings.model_validate(settings)
    return find(Task(features=features, settings=own, communities=CommunitySettings()), Steps())


def flipped(features: FeatureSet, seed: int) -> FeatureSet:
    """The same features with the signs of about half of the switch axes turned."""
    rng = np.random.default_rng(seed)
    signs = np.where(features.is_switch & (rng.random(features.n_features) < 0.5), -1.0, 1.0)
    return dataclasses.replace(features, values=features.values * signs[:, None])


@pytest.fixture(scope="module")
def features(realistic: Bundle) -> FeatureSet:
    return study_features(realistic)


@pytest.fixture(scope="module")
def fit(realistic: Bundle) -> Fit:
    return fitted(realistic)


class TestModules:
    @pytest.mark.parametrize("network", ["unsigned", "signed", "signed_hybrid"])
    @pytest.mark.parametrize("correlation", ["pearson", "bicor"])
    def test_finds_planted_modules_in_every_network(
        self, realistic: Bundle, network: str, correlation: str
    ) -> None:
        result = fitted(realistic, network=network, correlation=correlation)
        score = isograph.score_fit(realistic, result).as_dict()
        assert score["ari"] == 1.0
        assert score["background_fraction"] == 0.0

    def test_finds_switches_abundances_and_both(self) -> None:
        bundle = isograph.simulate("medium_multiplex_v1", seed=3)
        score = isograph.score_fit(bundle, fitted(bundle)).as_dict()
        assert score["ari"] == 1.0
        assert score["coverage"] == 1.0

    def test_modules_below_the_least_size_are_lost_until_it_is_lowered(self) -> None:
        # eight modules of twelve genes: fewer than R's least size of 20
        bundle = isograph.simulate("noisy_v1", seed=3)
        usual = isograph.score_fit(bundle, fitted(bundle)).as_dict()
        lower = isograph.score_fit(bundle, fitted(bundle, min_module_size=8)).as_dict()
        assert usual["coverage"] < 0.5
        assert lower["coverage"] > 0.8
        assert lower["ari"] > usual["ari"]

    def test_the_least_size_is_half_of_few_features(self) -> None:
        assert WgcnaSettings().parameters(1000).min_module_size == 20
        assert WgcnaSettings().parameters(30).min_module_size == 15
        assert WgcnaSettings().parameters(3).min_module_size == 2

    @pytest.mark.parametrize("n_features", [1, 2, 3, 4, 7])
    def test_a_handful_of_features_is_no_error(self, features: FeatureSet, n_features: int) -> None:
        few = features.take(np.arange(n_features))
        partition = found(few).partition
        assert len(partition.labels) == len(few.gene_ids)

    def test_a_gene_goes_with_its_feature_of_the_largest_membership(
        self, features: FeatureSet
    ) -> None:
        network = find_network(features.values, parameters=WgcnaSettings().parameters(400))
        labels = gene_labels(features, network)
        for gene in range(len(labels)):
            rows = np.flatnonzero((features.gene_of == gene) & (network.labels >= 0))
            if len(rows) == 0:
                assert labels[gene] == -1
                continue
            kme = np.abs(network.kme[rows, network.labels[rows]])
            assert labels[gene] in (network.labels[rows[np.argmax(kme)]], -1)

    def test_grey_genes_are_outside_any_core(self, fit: Fit) -> None:
        fates = fit.fates.set_index("gene_id")["fate"]
        grey = fates.index.difference(fit.modules["gene_id"])
        assert len(grey) == 100
        assert set(fates[grey]) == {"outside_core"}

    def test_values_that_are_missing_are_missing_to_the_network(self, features: FeatureSet) -> None:
        rng = np.random.default_rng(0)
        observed = rng.random(features.values.shape) > 0.03
        gappy = dataclasses.replace(
            features, observed=observed, values=np.where(observed, features.values, 0.0)
        )
        other = np.where(observed, features.values, np.nan)
        network = find_network(
            other,
            parameters=WgcnaSettings().parameters(features.n_features),
            turnable=features.is_switch,
        )
        record = found(gappy).partition.association.calibration
        assert record["soft_threshold"][0]["mean_k"] == network.table.mean_k[0]

    def test_features_that_share_hardly_a_sample_go_together_with_nothing(
        self, features: FeatureSet
    ) -> None:
        observed = np.ones(features.values.shape, dtype=bool)
        observed[0, 40:] = observed[1, :38] = False
        gappy = dataclasses.replace(
            features, observed=observed, values=np.where(observed, features.values, 0.0)
        )
        for correlation in ("pearson", "bicor"):
            assert found(gappy, correlation=correlation).partition.n_modules == 5


class TestSigns:
    @pytest.mark.parametrize("network", ["unsigned", "signed", "signed_hybrid"])
    @pytest.mark.parametrize("seed", [1, 2])
    def test_signs_of_switch_axes_change_nothing_when_aligned(
        self, features: FeatureSet, network: str, seed: int
    ) -> None:
        plain = found(features, network=network)
        other = found(flipped(features, seed), network=network)
        np.testing.assert_array_equal(plain.partition.labels, other.partition.labels)
        assert plain.files == other.files

    def test_the_textbooks_signed_network_splits_modules_of_arbitrary_signs(
        self, features: FeatureSet
    ) -> None:
        turned = flipped(features, 1)
        aligned = found(turned, network="signed", min_module_size=5)
        textbook = found(turned, network="signed", min_module_size=5, orientation="as_is")
        assert aligned.partition.n_modules == 5
        assert textbook.partition.n_modules > 5

    def test_abundances_keep_their_signs(self, features: FeatureSet) -> None:
        # all features as abundances: then aligned is the textbook's network
        meta = features.meta.assign(feature_type="abundance")
        plain = dataclasses.replace(flipped(features, 1), meta=meta)
        for network in ("unsigned", "signed"):
            aligned = found(plain, network=network)
            textbook = found(plain, network=network, orientation="as_is")
            np.testing.assert_array_equal(aligned.partition.labels, textbook.partition.labels)
            assert aligned.files == textbook.files


class TestEdges:
    def test_edges_are_of_different_genes_and_weighted_by_overlap(self, fit: Fit) -> None:
        edges = fit.edges
        assert len(edges) > 0
        assert (edges["source"] < edges["target"]).all()
        assert edges["weight"].between(0, 1, inclusive="right").all()
        ends = np.concatenate([edges["source"], edges["target"]])
        assert np.unique(ends, return_counts=True)[1].max() <= 30

    def test_r_is_that_of_the_features(self, fit: Fit) -> None:
        scores = fit.feature_scores.set_index("feature_id").iloc[:, 5:]
        edge = fit.edges.sort_values("weight").iloc[-1]
        r = np.corrcoef(
            scores.loc[edge["source_feature_id"]], scores.loc[edge["target_feature_id"]]
        )
        assert edge["r"] == pytest.approx(r[0, 1])


class TestRecord:
    def test_has_the_whole_soft_threshold_table_and_what_decided(self, fit: Fit) -> None:
        record = fit.calibration
        assert record is not None
        table = record["soft_threshold"]
        assert [row["power"] for row in table] == list(range(1, 21))
        assert set(table[0]) >= {"scale_free_r_squared", "slope", "mean_k", "median_k", "max_k"}
        chosen = next(row for row in table if row["power"] == record["power"])
        assert record["power_r_squared"] == chosen["scale_free_r_squared"]
        assert record["power_rule"] in ("scale_free", "sample_size")
        assert record["blocks"] == [record["n_features"]]
        assert record["matrix_type"] == "float64"
        assert record["n_grey_genes"] == 100
        json.loads(to_json(record))

    def test_a_given_power_is_taken(self, realistic: Bundle) -> None:
        record = fitted(realistic, power=8).calibration
        assert record is not None
        assert (record["power"], record["power_rule"]) == (8.0, "given")

    def test_says_so_where_matrices_are_float32(self, realistic: Bundle, fit: Fit) -> None:
        single = fitted(realistic, single_above=10)
        assert single.calibration is not None
        assert single.calibration["matrix_type"] == "float32"
        assert single.modules["module_id"].tolist() == fit.modules["module_id"].tolist()

    def test_warns_people_that_noise_gives_modules(self) -> None:
        record = get_backend("wgcna").record
        assert not record.calibrated
        assert "noise" in record.limits

    def test_refuses_settings_out_of_bounds_all_at_once(self, realistic: Bundle) -> None:
        with pytest.raises(ConfigError, match=r"(?s)min_r_squared.*deep_split"):
            fitted(realistic, deep_split=7, min_r_squared=2)


class TestSameBytes:
    def test_for_the_same_task_whatever_the_number_of_threads(
        self, features: FeatureSet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        results = []
        for threads in ("1", "2"):
            monkeypatch.setenv("ISOGRAPH_THREADS", threads)
            results.append(found(features, network="signed"))
        first, second = results
        assert first.files == second.files
        a, b = first.partition, second.partition
        assert a.association.weight.tobytes() == b.association.weight.tobytes()
        assert a.labels.tobytes() == b.labels.tobytes()

    def test_a_stored_dendrogram_comes_back(self, fit: Fit, tmp_path: object) -> None:
        (one,) = read_dendrograms(fit.files)
        table = fit.modules.set_index("gene_id")["module_id"]
        # a switch module: every leaf with a module is a feature of a gene in that module
        for feature, module in zip(one.feature_ids, one.module_ids, strict=True):
            if module:
                assert table[feature.split("::")[0]] == module
        assert sorted(one.tree.order) == list(range(one.tree.n_leaves))
        assert (np.diff(one.tree.height) >= 0).all()
        assert FILE in fit.files
