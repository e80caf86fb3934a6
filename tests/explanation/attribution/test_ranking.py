"""The area under the curve, and what it makes of genes with many features."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.explanation.attribution.ranking import adjusted_strength, member_auc
from tests.network.synthetic import feature_set


def test_area_is_the_share_of_pairs_in_order() -> None:
    strength = np.array([0.9, 0.1, 0.5, 0.5, 0.3])
    features = feature_set(np.random.default_rng(1).normal(size=(5, 12)))
    members = features.gene_ids[[0, 2]]
    found = member_auc(strength, features, members)
    assert found is not None
    # 3 + 2.5 of 6 pairs
    assert found.best_feature == pytest.approx(5.5 / 6)
    assert found.adjusted == pytest.approx(5.5 / 6)


def test_there_is_none_without_both_kinds_of_genes() -> None:
    features = feature_set(np.random.default_rng(1).normal(size=(5, 12)))
    assert member_auc(np.ones(5), features, features.gene_ids) is None
    assert member_auc(np.ones(5), features, features.gene_ids[:0]) is None


def test_many_features_help_a_gene_by_its_best_alone_but_not_adjusted() -> None:
    rng = np.random.default_rng(2)
    genes = np.repeat(np.arange(600), np.where(np.arange(600) < 200, 4, 1))
    features = feature_set(rng.normal(size=(len(genes), 8)), genes=list(genes))
    found = member_auc(rng.random(len(genes)), features, features.gene_ids[:200])
    assert found is not None
    assert found.best_feature > 0.7
    assert found.adjusted == pytest.approx(0.5, abs=0.07)


def test_adjusted_strength_keeps_the_order_of_genes_of_one_feature() -> None:
    strength = np.array([3.0, 1.0, 2.0])
    found = adjusted_strength(strength, np.arange(3))
    assert list(np.argsort(found)) == [1, 2, 0]
