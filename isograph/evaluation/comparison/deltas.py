"""One metric of one data set, or of all: values of both sides, paired over seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from isograph.evaluation.comparison.paired import bootstrap_interval, paired_test
from isograph.evaluation.comparison.stored import Key, Values
from isograph.network.significance import benjamini_hochberg

Floats = npt.NDArray[np.float64]

POOLED = "all"
DIFFERENCE, RATIO = "difference", "ratio"
_CONFIDENCE = 0.95
# facts about the data, by-products of permutations, and parts of other figures
_UNTESTED = (
    *("n_samples", "n_genes", "n_planted", "n_truth_modules", "n_hidden_dimensions"),
    *("recovery_null_mean", "recovery_z", "recovery_p", "role_confusion.", "step_seconds."),
)


@dataclass(frozen=True)
class MetricDelta:
    """One metric of one data set, or of all of them.

    Attributes:
        dataset: its name; `all` for the pooled row.
        metric: its name; nested ones dotted.
        scale: `difference`, or `ratio` for seconds and bytes.
        left: mean over the finished seeds of the left report.
        right: the same of the right one.
        delta: right − left.
        n_left: seeds with a value on the left.
        n_right: seeds with a value on the right.
        n_pairs: seeds with a value in both.
        effect: over pairs, the mean difference, or the geometric mean of right/left.
        low, high: its 95% interval.
        test: see `PairedTest`.
        pvalue, smallest_p: see `PairedTest`.
        qvalue: Benjamini–Hochberg.
        n_datasets: data sets in a pooled row; 1 else.
    """

    dataset: str
    metric: str
    scale: str
    left: float | None
    right: float | None
    delta: float | None
    n_left: int
    n_right: int
    n_pairs: int
    effect: float | None
    low: float | None
    high: float | None
    test: str | None
    pvalue: float | None
    smallest_p: float | None
    qvalue: float | None = None
    n_datasets: int = 1

    @property
    def tested(self) -> bool:
        """Whether the metric is one to test: no fact about the data, no part of another figure."""
        return not self.metric.startswith(_UNTESTED)

    @property
    def size(self) -> float:
        """How large the change is, for sorting: counts and costs relative to the larger side."""
        if self.delta is None or self.left is None or self.right is None:
            return 0.0
        scale = max(1.0, abs(self.left), abs(self.right))
        if self.scale == RATIO:
            scale = max(abs(self.left), abs(self.right)) or 1.0
        return abs(self.delta) / scale

    def as_dict(self) -> dict[str, Any]:
        """Every attribute by name."""
        return asdict(self)


@dataclass(frozen=True)
class Draw:
    """How intervals are drawn: each afresh from one seed, so that no row depends on another."""

    n_resamples: int
    seed: int

    def interval(self, groups: Sequence[Floats]) -> tuple[float, float] | None:
        """See `bootstrap_interval`."""
        rng = np.random.default_rng(self.seed)
        return bootstrap_interval(
            groups, rng=rng, n_resamples=self.n_resamples, confidence=_CONFIDENCE
        )


@dataclass(frozen=True)
class Pairs:
    """Values of one metric in one data set; `differences` are logarithms of ratios for costs."""

    dataset: str
    metric: str
    scale: str
    left: Floats
    right: Floats
    differences: Floats


def pair(
    dataset: str, left: Mapping[Key, Values], right: Mapping[Key, Values], *, scale: str
) -> list[Pairs]:
    """Every metric of a data set, with the differences of seeds that have it on both sides.

    Args:
        dataset: its name.
        left: values by data set and seed.
        right: the same of the other side.
        scale: `DIFFERENCE` or `RATIO`.
    """
    one = {seed: values for (name, seed), values in left.items() if name == dataset}
    other = {seed: values for (name, seed), values in right.items() if name == dataset}
    metrics = dict.fromkeys(name for values in (*one.values(), *other.values()) for name in values)
    seeds = [seed for seed in one if seed in other]
    found = []
    for metric in metrics:
        pairs = np.array(
            [
                (one[seed][metric], other[seed][metric])
                for seed in seeds
                if metric in one[seed] and metric in other[seed]
            ],
            dtype=np.float64,
        ).reshape(-1, 2)
        if scale == RATIO:
            pairs = np.log(pairs[(pairs > 0).all(axis=1)])
        found.append(
            Pairs(
                dataset=dataset,
                metric=metric,
                scale=scale,
                left=_values(one.values(), metric),
                right=_values(other.values(), metric),
                differences=pairs[:, 1] - pairs[:, 0],
            )
        )
    return found


def _values(cells: Iterable[Values], metric: str) -> Floats:
    return np.array([cell[metric] for cell in cells if metric in cell], dtype=np.float64)


def delta_row(own: Sequence[Pairs], draw: Draw, *, pooled: bool = False) -> MetricDelta:
    """The row of one metric over one data set or several, each counted alike."""
    first = own[0]
    left, right = _mean(p.left for p in own), _mean(p.right for p in own)
    groups = [p.differences for p in own if len(p.differences)]
    unit: Callable[[float], float] = np.exp if first.scale == RATIO else float
    interval = draw.interval(groups) if groups else None
    tested = groups and not first.metric.startswith(_UNTESTED)
    weights = [np.full(len(group), 1.0 / len(group)) for group in groups]
    test = paired_test(np.concatenate(groups), weights=np.concatenate(weights)) if tested else None
    return MetricDelta(
        dataset=POOLED if pooled else first.dataset,
        metric=first.metric,
        scale=first.scale,
        left=left,
        right=right,
        delta=None if left is None or right is None else right - left,
        n_left=sum(len(p.left) for p in own),
        n_right=sum(len(p.right) for p in own),
        n_pairs=sum(map(len, groups)),
        effect=float(unit(np.mean([group.mean() for group in groups]))) if groups else None,
        low=None if interval is None else float(unit(interval[0])),
        high=None if interval is None else float(unit(interval[1])),
        test=None if test is None else test.name,
        pvalue=None if test is None else test.pvalue,
        smallest_p=None if test is None else test.smallest_p,
        n_datasets=len(own),
    )


def _mean(sides: Iterable[Floats]) -> float | None:
    means = [side.mean() for side in sides if len(side)]
    return float(np.mean(means)) if means else None


def with_qvalues(rows: Sequence[MetricDelta]) -> tuple[MetricDelta, ...]:
    """The rows with Benjamini–Hochberg q values; those in which nothing differs do not count."""
    p = np.array([np.nan if row.pvalue is None else row.pvalue for row in rows], dtype=np.float64)
    idle = np.array([row.smallest_p == 1.0 for row in rows], dtype=bool)
    q = np.where(idle, 1.0, benjamini_hochberg(np.where(idle, np.nan, p)))
    return tuple(
        replace(row, qvalue=None if np.isnan(value) else float(value))
        for row, value in zip(rows, q, strict=True)
    )
