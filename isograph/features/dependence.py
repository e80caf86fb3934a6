"""What samples of one donor do to the correlation of two features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.features.blocks import Blocks, Unit, n_varying, unit_of
from isograph.features.design import Design
from isograph.features.traits import Trait
from isograph.machine import blocks, one_thread

_NOTHING = 1e-9
_ROWS_AT_ONCE = 2048

_FEW, _MANY = 3, 5
"""A trait varies in hardly any block if it does in fewer than 3, and in less than a fifth."""

Floats = npt.NDArray[np.float64]


class Dependence:
    """How far correlations scatter where samples of a donor are alike.

    Split each centred row into what its blocks' means say and the rest, with a share a of its sum
    of squares in the first. If two rows are independent, Gaussian, and samples of a donor are alike
    in each to any degree (compound symmetry, Laird & Ware 1982), the directions of both parts are
    uniform given the shares a and b, so

        r = √(ab)·c₁ + √((1 − a)(1 − b))·c₂,   Var r = ab/d₁ + (1 − a)(1 − b)/d₂,

    with c₁, c₂ correlations in spaces of d₁ and d₂ dimensions (blocks, and samples within them,
    less what the design takes of each). This is the null of permuting donors, and samples within
    donors. Its tails are lighter than those of a correlation with the same variance, whose degrees
    of freedom are 1/Var r − 1. Exact where blocks have the same size; else block means of a row
    scatter differently, which is accounted for by the row's own intra-block correlation (analysis
    of variance estimator).

    Attributes:
        most: degrees of freedom where samples are independent, samples − 2 − rank of the design.
    """

    def __init__(self, known: Blocks, design: Design) -> None:
        n = len(known.codes)
        with one_thread():
            taken = float(np.square(known.indicators.T @ design.basis).sum())
        rank = design.basis.shape[1]
        self._order = np.argsort(known.codes, kind="stable")
        self._starts = np.concatenate([[0], np.cumsum(known.sizes)[:-1]])
        self._sizes = known.sizes.astype(np.float64)
        self._between = known.n_blocks - taken
        self._within = n - rank - self._between
        self.most = float(max(n - 1 - rank, 1))
        sizes = self._sizes
        self._mean_size = (n - np.square(sizes).sum() / n) / (known.n_blocks - 1)
        self._first, self._second = (sizes - 1).sum(), np.square(sizes - 1).sum()
        self._n_blocks = float(known.n_blocks)

    def share(self, rows: Floats) -> Floats:
        """Share of each row's sum of squares that lies between blocks, 0 of empty rows.

        Args:
            rows: mean 0, orthogonal to the design, shape (n_rows, n_samples).

        Returns:
            Shape (n_rows,).
        """
        share = np.zeros(len(rows))
        for part in blocks(len(rows), _ROWS_AT_ONCE):
            # in one layout, without a product: the same bits whoever made the rows
            block = np.ascontiguousarray(rows[part][:, self._order])
            sums = np.add.reduceat(block, self._starts, axis=1)
            between = (np.square(sums) / self._sizes).sum(axis=1)
            total = np.square(block).sum(axis=1)
            np.divide(between, total, out=share[part], where=total > _NOTHING)
        clipped: Floats = np.clip(share, 0.0, 1.0)
        return clipped

    def intra_block(self, share: Floats) -> Floats:
        """Intra-block correlation by the analysis of variance estimator, within 0 and 1."""
        if self._between <= _NOTHING:
            return np.zeros_like(share)
        ratio = share * self._within / np.maximum((1 - share) * self._between, _NOTHING)
        over = np.maximum(ratio - 1, 0.0)
        rho: Floats = over / (over + self._mean_size)
        return rho

    def df(self, first: Floats, second: Floats) -> Floats:
        """Degrees of freedom of a correlation of rows with these shares, at least 1.

        Args:
            first, second: shares, of shapes that go together.
        """
        variance = (1 - first) * (1 - second) / max(self._within, _NOTHING)
        if self._between > _NOTHING:
            a, b = self.intra_block(first), self.intra_block(second)
            products = self._n_blocks + (a + b) * self._first + a * b * self._second
            sums = (self._n_blocks + a * self._first) * (self._n_blocks + b * self._first)
            uneven = self._n_blocks * products / sums
            variance = variance + first * second * uneven / self._between
        df: Floats = np.clip(1.0 / np.maximum(variance, _NOTHING) - 1.0, 1.0, self.most)
        return df


def block_record(
    known: Blocks, traits: Sequence[Trait], design: Design, values: Floats
) -> dict[str, Any]:
    """Blocks as `features.json` and `fit_config.json` have them.

    Args:
        known: blocks of the samples.
        traits: of the samples, of which those that can be tested are named with their unit.
        design: over the samples, with their ids.
        values: features, shape (n_features, n_samples).
    """
    dependence = Dependence(known, design)
    alike = dependence.intra_block(dependence.share(values))
    units = {t.name: unit_of(t, design.sample_ids, known) for t in traits if t.testable}
    return {
        "column": known.column,
        "n_blocks": known.n_blocks,
        "n_repeated": known.n_repeated,
        "intra_block_correlation": {
            "median": round(float(np.median(alike)), 3),
            "one_in_twenty": round(float(np.quantile(alike, 0.95)), 3),
        },
        "traits": {name: str(unit) for name, unit in units.items() if unit is not None},
        "varies_in": {
            t.name: n_varying(t, design.sample_ids, known)
            for t in traits
            if units.get(t.name) == Unit.WITHIN
        },
    }


def block_lines(record: Mapping[str, Any]) -> list[str]:
    """What `block_record` says, for the log."""
    alike = record["intra_block_correlation"]
    lines = [
        f"blocks: {record['n_blocks']} of {record['column']}, {record['n_repeated']} with several "
        f"samples; these are alike with r = {alike['median']:.2f} in the median feature, "
        f"{alike['one_in_twenty']:.2f} in one of twenty"
    ]
    for unit in Unit:
        names = [name for name, one in record["traits"].items() if one == unit]
        if names:
            lines.append(f"  tested {unit} blocks: {', '.join(names)}")
    return lines + [f"  {line}" for line in rarely_varying(record)]


def rarely_varying(record: Mapping[str, Any]) -> list[str]:
    """Traits that hardly a block has several values of: one wrong entry makes such a trait.

    Args:
        record: from `block_record`; older ones do not tell.
    """
    column, n = record["column"], record["n_repeated"]
    return [
        f"{name} has several values in {few} of {n} {column}s alone and is tested within them: is "
        "an entry wrong?"
        for name, few in record.get("varies_in", {}).items()
        if few < _FEW and _MANY * few <= n
    ]
