"""Module eigengenes, module membership and connectivity within modules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from isograph.backends.wgcna.correlation import CorrelationKind, cross_correlation
from isograph.backends.wgcna.impute import impute_nearest

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ModuleEigengenes:
    """First principal component of each module.

    Attributes:
        values: mean 0, length 1, along the module's average; shape (n_modules, n_samples).
        variance_explained: mean r² of the members with it, shape (n_modules,).
    """

    values: FloatArray
    variance_explained: FloatArray


@dataclass(frozen=True)
class Connectivity:
    """Connectivity of each node, in all and with its own module; all shapes (n,).

    Attributes:
        total: Σ_j a_ij, j ≠ i.
        within: the part with members of the own module (for leftovers: with leftovers).
    """

    total: FloatArray
    within: FloatArray

    @property
    def outside(self) -> FloatArray:
        """Connectivity with other modules."""
        return self.total - self.within


def module_eigengenes(values: FloatArray, labels: IntArray) -> ModuleEigengenes:
    """Eigengene of each module: Langfelder & Horvath (2007), BMC Syst Biol 1:54.

    Missing values are imputed from the ten nearest members (`impute.impute_nearest`), features
    standardised; the component's sign is that of its correlation with the members' mean.

    Args:
        values: shape (n_features, n_samples), NaN where missing.
        labels: modules 0 … n_modules − 1, each with a member, −1 for none; shape (n_features,).

    Returns:
        The eigengenes, in order of label.
    """
    n_modules = int(labels.max(initial=-1)) + 1
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(n_modules + 1))
    found = np.zeros((n_modules, values.shape[1]))
    explained = np.zeros(n_modules)
    for module in range(n_modules):
        members = _standardised(values[order[bounds[module] : bounds[module + 1]]])
        found[module] = _leading(members)
        explained[module] = np.square(members @ found[module]).mean()
    return ModuleEigengenes(values=found, variance_explained=explained)


def module_membership(
    values: FloatArray, eigengenes: FloatArray, *, kind: CorrelationKind = "pearson"
) -> FloatArray:
    """kME: correlation of every feature with every eigengene (Horvath & Dong 2008, PLoS CB 4).

    Args:
        values: shape (n_features, n_samples), NaN where missing.
        eigengenes: shape (n_modules, n_samples).
        kind: which correlation.

    Returns:
        Shape (n_features, n_modules).
    """
    if not len(eigengenes):
        return np.empty((len(values), 0))
    return cross_correlation(values, eigengenes, kind=kind)


def intramodular_connectivity(
    adjacency: npt.NDArray[np.floating], labels: IntArray
) -> Connectivity:
    """Connectivity in all and within modules (Langfelder & Horvath 2008, BMC Bioinf 9:559).

    Args:
        adjacency: symmetric, shape (n, n); the diagonal does not count.
        labels: modules from 0, −1 for leftovers, which count as one group; shape (n,).
    """
    own = np.arange(len(labels))
    group = labels - labels.min(initial=0)
    member = np.zeros((len(labels), int(group.max(initial=0)) + 1), dtype=adjacency.dtype)
    member[own, group] = 1
    diagonal = np.diagonal(adjacency).astype(np.float64)
    with_group = (adjacency @ member).astype(np.float64)
    return Connectivity(
        total=with_group.sum(axis=1) - diagonal, within=with_group[own, group] - diagonal
    )


def _standardised(members: FloatArray) -> FloatArray:
    """No missing values, rows of mean 0 and length 1."""
    x = impute_nearest(members)
    x = x - x.mean(axis=1, keepdims=True)
    unit: FloatArray = x / np.sqrt(np.einsum("ij,ij->i", x, x))[:, None]
    return unit


def _leading(x: FloatArray) -> FloatArray:
    """First right singular vector, along the mean of the rows, shape (n_samples,)."""
    small = x @ x.T if len(x) < x.shape[1] else x.T @ x
    last = len(small) - 1
    vector = eigh(small, subset_by_index=(last, last))[1][:, 0]
    if len(x) < x.shape[1]:
        vector = vector @ x
    vector = vector / np.sqrt(vector @ vector)
    signed: FloatArray = vector if vector @ x.mean(axis=0) >= 0 else -vector
    return signed
