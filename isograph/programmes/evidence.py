"""Code lengths: how many nats modules and broad factors save in writing the features down.

A model of a feature is a regression on its module's factor, on broad factors, on both, or on
nothing; n/2 · log(1 − R²) less ½ log n a coefficient is what it saves (BIC, Schwarz 1978), with
every predictor made without the gene that it predicts. Each module gene also pays log(number of
modules) for saying which one. Models with and without broad factors are compared on this scale, on
all features, so that genes outside modules count too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from isograph.communities.factors import carriers
from isograph.communities.profile import leading_profile, row_correlations, scores_without_gene
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.programmes.directions import Directions, regress

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_SAID = 1.0  # nats to say that a feature loads on something besides its module


@dataclass(frozen=True)
class ModuleFactors:
    """One factor a module.

    Attributes:
        profiles: shape (n_modules, n_samples), mean square 1.
        scores: of each module gene, its module's factor made without it, shape
            (n_module_genes, n_samples).
        score_of: row of `scores` of each feature, −1 for none, shape (n_features,).
        label: module of each feature, −1 for none, shape (n_features,).
        size: genes of each module, shape (n_modules,).
    """

    profiles: Floats
    scores: Floats
    score_of: Ints
    label: Ints
    size: Ints

    @cached_property
    def member(self) -> npt.NDArray[np.bool_]:
        """Features of module genes, shape (n_features,)."""
        return self.label >= 0

    @cached_property
    def own(self) -> Floats:
        """Profile of each feature's own module, 0 without one, shape (n_features, n_samples)."""
        return self._spread(self.profiles, self.label)

    @cached_property
    def without(self) -> Floats:
        """The same made without the feature's own gene."""
        return self._spread(self.scores, self.score_of)

    def _spread(self, rows: Floats, place: Ints) -> Floats:
        whole = np.zeros((len(place), rows.shape[1]))
        whole[self.member] = rows[place[self.member]]
        return whole


def module_factors(features: FeatureSet, association: Association, labels: Ints) -> ModuleFactors:
    """Factors of modules from the features that carry their edges.

    Args:
        features: all features.
        association: their pairs.
        labels: module of each gene, −1 for none, shape (n_genes,).
    """
    n_modules = int(labels.max(initial=-1)) + 1
    rows = carriers(features, association, labels)
    group = labels[features.gene_of[rows]]
    order = np.argsort(group, kind="stable")
    rows, group = rows[order], group[order]
    bounds = np.searchsorted(group, np.arange(n_modules + 1))
    profiles = np.zeros((n_modules, features.n_samples))
    loading = np.zeros(len(rows))
    for module in range(n_modules):
        part = slice(bounds[module], bounds[module + 1])
        profiles[module], _, loading[part] = leading_profile(features.values[rows[part]])
    genes = np.flatnonzero(labels >= 0)
    scores = scores_without_gene(features, rows, group, loading, genes, labels)
    place = np.full(len(labels), -1, dtype=np.int64)
    place[genes] = np.arange(len(genes))
    return ModuleFactors(
        profiles=profiles,
        scores=scores,
        score_of=place[features.gene_of],
        label=labels[features.gene_of],
        size=np.bincount(labels[labels >= 0], minlength=n_modules).astype(np.int64),
    )


def saved(r2: Floats, n_samples: int, n_coefficients: int) -> Floats:
    """Nats that a regression saves, negative where it does not pay; shape of `r2`."""
    nats: Floats = -n_samples / 2 * np.log1p(-np.minimum(r2, 1.0 - 1e-9))
    nats -= n_coefficients / 2 * np.log(n_samples)
    return nats


def modules_alone(features: FeatureSet, factors: ModuleFactors, labels: Ints) -> float:
    """Nats that modules save without broad factors."""
    r2 = np.square(row_correlations(features.values, factors.without))
    nats = np.maximum(saved(r2, features.n_samples, 1), 0.0)[factors.member]
    return float(nats.sum()) - _naming(labels)


def overlapping_modules(features: FeatureSet, factors: ModuleFactors, labels: Ints) -> float:
    """Nats that modules save if a gene may follow a second one.

    Genes in two modules also leave correlation behind that their own module does not explain.
    Where this account is the shorter one, nothing is shared by all.
    """
    n_modules = len(factors.profiles)
    if n_modules < 2:
        return modules_alone(features, factors, labels)
    rows = features.values[factors.member]
    own, without = factors.label[factors.member], factors.without[factors.member]
    n = features.n_samples
    size = np.maximum(np.einsum("ij,ij->i", without, without), 1e-12)
    along = np.einsum("ij,ij->i", rows, without)
    first = np.clip(along**2 / (size * n), 0.0, 1.0)
    cross = without @ factors.profiles.T
    top = rows @ factors.profiles.T - cross * (along / size)[:, None]
    left = (
        np.maximum(n - cross**2 / size[:, None], 1e-9)
        * np.maximum(n - along**2 / size, 1e-9)[:, None]
    )
    partial = np.clip(top**2 / left, 0.0, 1.0)
    partial[np.arange(len(own)), own] = 0.0
    one = saved(first, n, 1)
    two = one + saved(partial.max(axis=1), n, 1) - np.log(n_modules) - _SAID
    return float(np.maximum(np.maximum(one, two), 0.0).sum()) - _naming(labels)


def with_directions(
    features: FeatureSet, directions: Directions, factors: ModuleFactors, labels: Ints
) -> float:
    """Nats that modules and broad factors save together.

    Args:
        features: before removal.
        directions: the broad factors.
        factors: of modules found after removal, from features without the directions.
        labels: those modules, shape (n_genes,).
    """
    n, rows = features.n_samples, features.values
    everything, weight = directions.everything, directions.all_weights
    k = len(everything)
    alone = saved(regress(rows, everything, weight, directions.source).r2, n, k) - _SAID
    best = np.maximum(alone, 0.0)
    member = factors.member
    if member.any():
        own = saved(np.square(row_correlations(rows[member], factors.without[member])), n, 1)
        beside = regress(
            rows[member],
            everything,
            weight[member],
            directions.source[member],
            given=factors.without[member],
        )
        both = own + saved(beside.r2, n, k) - _SAID
        best[member] = np.maximum(best[member], np.maximum(own, both))
    return float(best.sum()) - _naming(labels)


def _naming(labels: Ints) -> float:
    """Nats to say the module of each assigned gene."""
    n_modules = int(labels.max(initial=-1)) + 1
    return float(np.log(max(n_modules, 1)) * np.count_nonzero(labels >= 0))
