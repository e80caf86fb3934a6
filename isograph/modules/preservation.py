"""Whether modules of one cohort are modules of another: module preservation statistics.

Langfelder, Luo, Oldham & Horvath (2011), PLoS Computational Biology 7: e1001057. Density asks
whether the features of a module still go together in the test cohort; connectivity asks whether
those in its middle are still in its middle. Both are compared with random sets of the same size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import eigh
from scipy.stats import rankdata

from isograph.errors import InputError, Problems
from isograph.machine import in_threads, one_thread

Matrix = npt.NDArray[np.float64]

DENSITY = ("prop_var_explained", "mean_sign_aware_kme", "mean_sign_aware_cor", "mean_adjacency")
"""Statistics whose median z is `z_density`."""
CONNECTIVITY = ("cor_kim", "cor_kme", "cor_cor")
"""Statistics whose median z is `z_connectivity`."""
STATISTICS = (*DENSITY, "mean_mar", "cor_kim", "cor_kme", "cor_kme_all", "cor_cor", "cor_mar")

_LEAST_FEATURES = 3
_LEAST_SAMPLES = 4


@dataclass(frozen=True)
class _Side:
    """What one set of features is in one cohort.

    Attributes:
        r: correlations, shape (n, n).
        kim: intramodular connectivity, sum of adjacencies to the other members, shape (n,).
        mar: maximum adjacency ratio, sum of squared adjacencies over their sum, shape (n,).
        mean_adjacency: over pairs.
        kme: correlation with the eigengene, shape (n,).
        kme_all: the same of every feature of the cohort, shape (n_features,).
    """

    r: Matrix
    kim: Matrix
    mar: Matrix
    mean_adjacency: float
    kme: Matrix
    kme_all: Matrix


def module_preservation(
    reference: npt.ArrayLike,
    test: npt.ArrayLike,
    labels: npt.NDArray[np.integer[Any]],
    *,
    power: float | None = None,
    signed: bool = False,
    n_permutations: int = 200,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Preservation of each module of a reference cohort in a test cohort.

    Args:
        reference: shape (n_features, n_reference_samples); rows are standardised here, missing
            values count as the row's mean.
        test: the same features in the same order, shape (n_features, n_test_samples).
        labels: module of each feature, shape (n_features,); negative for none. Features of no
            module are in the networks and in the random sets.
        power: soft threshold; 6, or 12 for a signed network, if None.
        signed: adjacency ((1 + r)/2)^power instead of |r|^power.
        n_permutations: random sets of features, matched with the module's own in the reference.
        rng: for the random sets.

    Returns:
        A row a module, in the order of labels: `module`, `n_features`, each of `STATISTICS` with
        its `z_…` (deviations from the mean of random sets) and `p_…` ((1 + b)/(1 + B), b sets that
        are at least as good), `z_density`, `z_connectivity`, `z_summary` (their mean), `p_summary`,
        and `median_rank` (1 is the best preserved module; it does not depend on size as z does).
        Above 10 `z_summary` is strong evidence, from 2 to 10 some, below 2 none, says the paper.

        Eigengenes have no sign of their own: statistics of them are taken without.

    Raises:
        InputError: shapes do not agree, values are infinite or a feature is constant, a module has
            fewer than 3 features, a cohort fewer than 4 samples.
    """
    first, second = np.asarray(reference, dtype=float), np.asarray(test, dtype=float)
    modules: npt.NDArray[np.integer[Any]] = np.asarray(labels)
    _refuse(first, second, modules, n_permutations=n_permutations)
    first, second = _standardise(first), _standardise(second)
    power = power if power is not None else (12.0 if signed else 6.0)
    names = np.unique(modules[modules >= 0])
    members = [np.flatnonzero(modules == name) for name in names]
    orders = [rng.permutation(len(first)) for _ in range(n_permutations)]
    with one_thread():
        sides = [_side(first, own, power=power, signed=signed) for own in members]
        observed = np.array(
            [
                _compare(side, _side(second, own, power=power, signed=signed))
                for side, own in zip(sides, members, strict=True)
            ]
        )

        def of_random_sets(order: npt.NDArray[np.intp]) -> Matrix:
            """Statistics of every module, its features matched with random ones of the test."""
            return np.array(
                [
                    _compare(
                        side,
                        _side(second, order[own], power=power, signed=signed),
                        order=order,
                    )
                    for side, own in zip(sides, members, strict=True)
                ]
            )

        null = np.array(in_threads(of_random_sets, orders))
    return _table(names, members, observed, null)


def _refuse(
    first: Matrix, second: Matrix, labels: npt.NDArray[np.integer[Any]], *, n_permutations: int
) -> None:
    problems = Problems()
    shapes = f"{first.shape}, {second.shape} and {labels.shape}"
    if first.ndim != 2 or second.ndim != 2 or labels.shape != first.shape[:1]:
        problems.add("shapes", f"are {shapes}", fix="features × samples, twice, and a label each")
    elif len(first) != len(second):
        problems.add("shapes", f"are {shapes}", fix="give the same features in both cohorts")
    problems.raise_if_any(InputError, "preservation refused")
    for name, values in (("reference", first), ("test", second)):
        if values.shape[1] < _LEAST_SAMPLES:
            problems.add(name, f"has {values.shape[1]} samples", fix=f"{_LEAST_SAMPLES} or more")
        elif np.isinf(values).any():
            problems.add(name, "holds infinite values", count=int(np.isinf(values).sum()))
        elif n_constant := int((~(_spread(values) > 0)).sum()):
            problems.add(name, "features that do not vary", count=n_constant, fix="leave them out")
    names, sizes = np.unique(labels[labels >= 0], return_counts=True)
    small = names[sizes < _LEAST_FEATURES]
    if len(small):
        problems.add(
            "labels",
            f"modules of fewer than {_LEAST_FEATURES} features",
            examples=list(map(str, small)),
            count=len(small),
        )
    if not len(names):
        problems.add("labels", "name no module")
    if n_permutations < 2:
        problems.add("n_permutations", f"is {n_permutations}", fix="2 or more")
    problems.raise_if_any(InputError, "preservation refused")


def _spread(values: Matrix) -> Matrix:
    """Range of the values that are there, 0 where there is none, shape (n_features,)."""
    low = np.where(np.isnan(values), np.inf, values).min(axis=1)
    high = np.where(np.isnan(values), -np.inf, values).max(axis=1)
    return np.where(high > low, high - np.where(np.isfinite(low), low, 0.0), 0.0)


def _standardise(values: Matrix) -> Matrix:
    """Rows of mean 0 and length 1, so that products of rows are correlations."""
    there = ~np.isnan(values)
    mean = np.where(there, values, 0.0).sum(axis=1) / there.sum(axis=1)
    centred = np.where(there, values - mean[:, None], 0.0)
    scaled: Matrix = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return scaled


def _side(values: Matrix, own: npt.NDArray[np.intp], *, power: float, signed: bool) -> _Side:
    mine = values[own]
    r = np.clip(mine @ mine.T, -1.0, 1.0)
    adjacency = ((1.0 + r) / 2.0 if signed else np.abs(r)) ** power
    np.fill_diagonal(adjacency, 0.0)
    kim = adjacency.sum(axis=0)
    n = len(own)
    kme_all = values @ _eigengene(mine)
    return _Side(
        r=r,
        kim=kim,
        # a feature without any neighbour has no ratio; it counts as none
        mar=np.divide(np.square(adjacency).sum(axis=0), kim, out=np.zeros(n), where=kim > 0),
        mean_adjacency=float(kim.sum() / (n * (n - 1))),
        kme=kme_all[own],
        kme_all=kme_all,
    )


def _eigengene(rows: Matrix) -> Matrix:
    """First principal component over samples, of length 1, shape (n_samples,); its sign is open."""
    n, n_samples = rows.shape
    if n_samples <= n:
        found: Matrix = eigh(rows.T @ rows, subset_by_index=[n_samples - 1, n_samples - 1])[1][:, 0]
        return found
    value, vector = eigh(rows @ rows.T, subset_by_index=[n - 1, n - 1])
    longer: Matrix = rows.T @ vector[:, 0] / np.sqrt(value[0])
    return longer


def _compare(reference: _Side, test: _Side, *, order: npt.NDArray[np.intp] | None = None) -> Matrix:
    """`STATISTICS` of a module: its own features in the reference, some features in the test.

    Args:
        reference: of the module.
        test: of its features, or of random ones in their place.
        order: which feature stands in the place of each, where they are random.
    """
    pairs = np.triu_indices(len(reference.kme), 1)
    before, now = reference.r[pairs], test.r[pairs]
    everywhere = test.kme_all if order is None else test.kme_all[order]
    return np.array(
        [
            np.square(test.kme).mean(),
            abs((np.sign(reference.kme) * test.kme).mean()),
            (np.sign(before) * now).mean(),
            test.mean_adjacency,
            test.mar.mean(),
            _correlation(reference.kim, test.kim),
            abs(_correlation(reference.kme, test.kme)),
            abs(_correlation(reference.kme_all, everywhere)),
            _correlation(before, now),
            _correlation(reference.mar, test.mar),
        ]
    )


def _correlation(x: Matrix, y: Matrix) -> float:
    """Pearson's r; 0 where one of both does not vary."""
    x, y = x - x.mean(), y - y.mean()
    scale = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / scale if scale > 0 else 0.0


def _table(
    names: npt.NDArray[np.integer[Any]],
    members: list[npt.NDArray[np.intp]],
    observed: Matrix,
    null: Matrix,
) -> pd.DataFrame:
    """Put z, p and ranks beside the statistics.

    Args:
        names: of modules.
        members: of each.
        observed: shape (n_modules, n_statistics).
        null: shape (n_permutations, n_modules, n_statistics).
    """
    mean, spread = null.mean(axis=0), null.std(axis=0, ddof=1)
    z = _scaled(observed - mean, spread)
    null_z = _scaled(null - mean, spread)
    n_better = (null >= observed).sum(axis=0)
    p = (1.0 + n_better) / (1.0 + len(null))
    found: dict[str, object] = {"module": names, "n_features": [len(own) for own in members]}
    found |= {name: observed[:, k] for k, name in enumerate(STATISTICS)}
    found |= {f"z_{name}": z[:, k] for k, name in enumerate(STATISTICS)}
    found |= {f"p_{name}": p[:, k] for k, name in enumerate(STATISTICS)}
    density, connectivity, summary = _summarise(z)
    better = (_summarise(null_z)[2] >= summary).sum(axis=0)
    found |= {"z_density": density, "z_connectivity": connectivity, "z_summary": summary}
    found["p_summary"] = (1.0 + better) / (1.0 + len(null))
    ranked = [STATISTICS.index(name) for name in (*DENSITY, *CONNECTIVITY)]
    found["median_rank"] = np.median(rankdata(-observed[:, ranked], axis=0), axis=1)
    return pd.DataFrame(found)


def _scaled(values: Matrix, spread: Matrix) -> Matrix:
    """Deviations in units of the spread; 0 where random sets do not differ."""
    return np.divide(values, spread, out=np.zeros_like(values), where=spread > 0)


def _summarise(z: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """Median z of density and of connectivity, and their mean, over the last axis."""
    density = np.median(z[..., [STATISTICS.index(name) for name in DENSITY]], axis=-1)
    connectivity = np.median(z[..., [STATISTICS.index(name) for name in CONNECTIVITY]], axis=-1)
    return density, connectivity, (density + connectivity) / 2.0
