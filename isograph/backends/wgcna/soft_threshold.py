"""Choosing the soft-threshold power by scale-free topology (Zhang & Horvath 2005, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from isograph.backends.wgcna.adjacency import NetworkType, raise_in_place, similarity
from isograph.backends.wgcna.correlation import Correlator
from isograph.machine import blocks, in_threads, one_thread

FloatArray = npt.NDArray[np.float64]
PowerRule = Literal["scale_free", "sample_size", "given"]

DEFAULT_POWERS = tuple(range(1, 21))
_BINS = 10
# keeps the logarithm of an empty bin's share finite
_EMPTY_SHARE = 1e-9
# the authors' FAQ calls powers below this (signed networks: twice as much) reasonable
_HIGHEST_POWER = 15
_BLOCK_ENTRIES = 2_000_000


@dataclass(frozen=True)
class SoftThresholdTable:
    """Fit of the scale-free topology for each power; all shapes (n_powers,).

    Attributes:
        power: β.
        r_squared: R² of log₁₀ p(k) on log₁₀ k over ten bins of k.
        slope: slope of that line.
        truncated_r_squared: adjusted R² of log₁₀ p(k) on log₁₀ k and k.
        mean_k: mean connectivity.
        median_k: median connectivity.
        max_k: largest connectivity.
    """

    power: FloatArray
    r_squared: FloatArray
    slope: FloatArray
    truncated_r_squared: FloatArray
    mean_k: FloatArray
    median_k: FloatArray
    max_k: FloatArray

    @property
    def signed_r_squared(self) -> FloatArray:
        """−sign(slope) · R², what people plot: only falling lines count as scale-free."""
        signed: FloatArray = -np.sign(self.slope) * self.r_squared
        return signed


@dataclass(frozen=True)
class PowerChoice:
    """The power taken, and why.

    Attributes:
        power: β.
        rule: `scale_free` if it is the smallest power that reaches R², `sample_size` if none did
            and the table by number of samples decided, `given` if the user did.
        r_squared: signed R² at that power, NaN where it is not in the table.
    """

    power: float
    rule: PowerRule
    r_squared: float


def soft_threshold_table(
    correlator: Correlator,
    *,
    network: NetworkType,
    powers: Sequence[float] = DEFAULT_POWERS,
) -> SoftThresholdTable:
    """Scale-free fit and connectivity for each power.

    Args:
        correlator: features made ready by `correlation.prepare`.
        network: `unsigned`, `signed` or `signed_hybrid`.
        powers: positive, ascending.

    Returns:
        The table. Only a block of the correlation matrix (2 million entries) a thread is held at a
        time.
    """
    k = connectivities(correlator, network=network, powers=powers)
    fits = np.array([scale_free_fit(row) for row in k])
    return SoftThresholdTable(
        power=np.asarray(powers, dtype=np.float64),
        r_squared=fits[:, 0],
        slope=fits[:, 1],
        truncated_r_squared=fits[:, 2],
        mean_k=k.mean(axis=1),
        median_k=np.median(k, axis=1),
        max_k=k.max(axis=1),
    )


def connectivities(
    correlator: Correlator, *, network: NetworkType, powers: Sequence[float]
) -> FloatArray:
    """Connectivity k_i = Σ_{j≠i} a_ij at each power, shape (n_powers, n_features)."""
    n = correlator.n_features
    k = np.zeros((len(powers), n))

    def fill(rows: slice) -> None:
        base = similarity(correlator.rows(rows), network=network)
        own = np.arange(len(base))
        base[own, own + rows.start] = 0.0
        raised, last = base.copy(), 1.0
        for i, power in enumerate(powers):
            if power - last == 1.0:
                raised *= base
            elif power != last:
                np.copyto(raised, base)
                raise_in_place(raised, power)
            last = power
            k[i, rows] = raised.sum(axis=1)

    with one_thread():
        in_threads(fill, blocks(n, max(1, _BLOCK_ENTRIES // n)))
    return k


def scale_free_fit(k: FloatArray) -> tuple[float, float, float]:
    """How well p(k) follows a power law, and a truncated one.

    Connectivity is cut into ten equal bins; p is the share of nodes in a bin, k their mean (the
    bin's middle where it is empty). Least squares of log₁₀ p on log₁₀ k gives R² and slope; with
    k as a second term, log₁₀ p = c₀ + c₁ log₁₀ k + c₂ k, it is the truncated exponential, with its
    R² adjusted for the two terms.

    Args:
        k: connectivities, shape (n_nodes,), ≥ 0.

    Returns:
        R², slope, adjusted R²; NaN if all connectivities are equal.
    """
    low, high = float(k.min()), float(k.max())
    if not high > low:
        return float("nan"), float("nan"), float("nan")
    edges = np.linspace(low, high, _BINS + 1)
    # bins are open below and closed above, the lowest one closed on both sides
    which = np.clip(np.searchsorted(edges, k, side="left") - 1, 0, _BINS - 1)
    count = np.bincount(which, minlength=_BINS)
    total = np.bincount(which, weights=k, minlength=_BINS)
    middle = (edges[:-1] + edges[1:]) / 2
    mean = np.where(count > 0, total / np.maximum(count, 1), middle)
    mean = np.where(mean == 0, middle, mean)
    x = np.log10(mean)
    y = np.log10(count / len(k) + _EMPTY_SHARE)
    slope, line = _least_squares(y, x)
    _, truncated = _least_squares(y, x, mean)
    adjusted = 1 - (1 - truncated) * (_BINS - 1) / (_BINS - 3)
    return line, slope, adjusted


def _least_squares(y: FloatArray, *terms: FloatArray) -> tuple[float, float]:
    """Coefficient of the first term, and R², of a fit with intercept."""
    design = np.column_stack([np.ones_like(y), *terms])
    coefficients, *_ = np.linalg.lstsq(design, y, rcond=None)
    residual = y - design @ coefficients
    away = y - y.mean()
    total = float(away @ away)
    # as many nodes in each bin: no line can explain what does not vary
    explained = 1 - float(residual @ residual) / total if total > 0 else float("nan")
    return float(coefficients[1]), explained


def choose_power(
    table: SoftThresholdTable,
    *,
    network: NetworkType,
    n_samples: int,
    min_r_squared: float = 0.85,
) -> PowerChoice:
    """The smallest power with R² ≥ `min_r_squared` and a falling line, or one by sample size.

    Only powers below 15 (signed networks: 30) count: beyond, hardly any connection is left, and a
    fit reached there says little. If none of them gets there, the answer is what the authors' FAQ
    advises: unsigned and signed hybrid networks 9 (fewer than 20 samples), 8 (20–30), 7 (31–40),
    6 (more); signed ones 18, 16, 14, 12.

    Args:
        table: fits.
        network: `unsigned`, `signed` or `signed_hybrid`.
        n_samples: number of samples.
        min_r_squared: what counts as scale-free, 0 to 1.
    """
    signed = table.signed_r_squared
    factor = 2 if network == "signed" else 1
    enough = np.flatnonzero((signed >= min_r_squared) & (table.power < _HIGHEST_POWER * factor))
    if len(enough):
        first = int(enough[0])
        return PowerChoice(float(table.power[first]), "scale_free", float(signed[first]))
    unsigned = 9 - int(np.searchsorted([20, 31, 41], n_samples, side="right"))
    power = float(unsigned * factor)
    return PowerChoice(power, "sample_size", _r_squared_at(table, power))


def given_power(table: SoftThresholdTable, power: float) -> PowerChoice:
    """A power that the user chose."""
    return PowerChoice(float(power), "given", _r_squared_at(table, power))


def _r_squared_at(table: SoftThresholdTable, power: float) -> float:
    at = np.flatnonzero(table.power == power)
    return float(table.signed_r_squared[at[0]]) if len(at) else float("nan")
