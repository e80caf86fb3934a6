"""From correlation to adjacency: soft thresholding (Zhang & Horvath 2005, section 2.2)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from isograph.backends.wgcna.correlation import Correlator
from isograph.machine import blocks, in_threads, one_thread

NetworkType = Literal["unsigned", "signed", "signed_hybrid"]
FloatArray = npt.NDArray[np.float64]

_BLOCK = 512


def similarity(r: FloatArray, *, network: NetworkType, out: FloatArray | None = None) -> FloatArray:
    """What the soft threshold raises to a power: |r|, (1 + r)/2 or max(r, 0).

    Args:
        r: correlations, any shape, in [−1, 1].
        network: `unsigned`, `signed` or `signed_hybrid`.
        out: where to put the result; may be `r` itself.

    Returns:
        Values in [0, 1], shape of `r`.
    """
    if network == "unsigned":
        return np.abs(r, out=out)
    if network == "signed":
        s: FloatArray = np.add(r, 1.0, out=out)
        s *= 0.5
        return s
    return np.maximum(r, 0.0, out=out)


def adjacency(
    r: FloatArray, *, power: float, network: NetworkType, out: FloatArray | None = None
) -> FloatArray:
    """Similarity to the power β; see `similarity`.

    Args:
        r: correlations, any shape, in [−1, 1].
        power: β, positive.
        network: `unsigned`, `signed` or `signed_hybrid`.
        out: where to put the result; may be `r` itself.

    Returns:
        Values in [0, 1], shape of `r`.
    """
    s = similarity(r, network=network, out=out)
    return raise_in_place(s, power)


def raise_in_place(s: FloatArray, power: float) -> FloatArray:
    """`s`, values in [0, 1] of any shape, to a positive power; returns `s`."""
    if float(power).is_integer() and power < 64:
        return _integer_power(s, int(power))
    result: FloatArray = np.power(s, power, out=s)
    return result


def adjacency_matrix(
    correlator: Correlator,
    *,
    power: float,
    network: NetworkType,
    keep_sign: bool = False,
    single: bool = False,
) -> npt.NDArray[np.floating]:
    """Adjacency of all pairs, filled block by block.

    Args:
        correlator: features made ready by `correlation.prepare`.
        power: β, positive.
        network: `unsigned`, `signed` or `signed_hybrid`.
        keep_sign: give each adjacency the sign of its correlation (for the signed overlap of an
            unsigned network; the other types have no negative correlations left).
        single: float32, half the memory.

    Returns:
        Shape (n, n), diagonal 1. Memory: itself and, a thread, two blocks of 512 rows.
    """
    n = correlator.n_features
    out = np.empty((n, n), dtype=np.float32 if single else np.float64)

    def fill(rows: slice) -> None:
        r = correlator.rows(rows)
        if keep_sign and network == "unsigned":
            out[rows] = np.copysign(adjacency(r, power=power, network=network), r)
        else:
            out[rows] = adjacency(r, power=power, network=network, out=r)

    with one_thread():
        in_threads(fill, blocks(n, _BLOCK))
    np.fill_diagonal(out, 1.0)
    return out


def _integer_power(s: FloatArray, power: int) -> FloatArray:
    """`s` to an integer power in place, by squaring; much faster than a general power."""
    factor = s.copy() if power & (power - 1) else s
    left = power
    started = False
    while left > 1:
        if left & 1:
            if started:
                s *= factor
            else:
                np.copyto(s, factor)
                started = True
        np.square(factor, out=factor)
        left >>= 1
    if started:
        s *= factor
    elif factor is not s:
        np.copyto(s, factor)
    return s
