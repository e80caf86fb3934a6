"""Gates: what scores must reach, from the specification's figures and never from our own runs.

Three kinds:

- published: the mean over a scenario, or over the seeds of one data set, must reach the best that
  was published of IsoGraph 0.1 (told a covariate or not) and of its WGCNA;
- null: modules in data sets of noise alone must not come more often than a 5% rate explains;
- background: where modules were planted, the share of assigned genes that are background must not
  be above 5% beyond doubt.

Figures of a WGCNA that was run fairly stand beside ours in the reports and are no gates, but that
it finds nothing in noise: that is the null gate. Numbers of modules of others are none either.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import binom

from isograph.backends.registry import DEFAULT
from isograph.evaluation.cells import CellResult
from isograph.evaluation.plan import fixtures_of
from isograph.evaluation.published import (
    PUBLISHED,
    VAE,
    VAE_MULTIPLEX,
    VAE_TOLD,
    WGCNA,
    Figure,
)
from isograph.evaluation.score import background_interval
from isograph.simulation import list_fixtures

NULL_SCENARIO = "negative_control_noise"
NULL_RATE = 0.05
"""Noise may give a module in this share of data sets."""
NULL_LEVEL = 0.01
"""Counts of data sets with modules that are rarer than this at that rate fail."""
MOST_BACKGROUND = 0.05

_HELD_TO = (VAE, VAE_TOLD, VAE_MULTIPLEX, WGCNA)
_AT_LEAST = {"ari": True, "recovery": True, "abundance_only_recall": True, "seconds": False}
_WORDS = {
    "ari": "ARI",
    "abundance_only_recall": "recall of abundance-only genes",
    "n_with_modules": "data sets of noise with modules",
    "background_low": "background, lower end of its 95% interval,",
}
# the last bits of a mean
_ROUNDING = 1e-9
_OF_NULL = (
    "specification: under the null nothing is planted, and a fair WGCNA finds no module; at a rate "
    f"of {NULL_RATE:.0%} more has a probability below {NULL_LEVEL:.0%}"
)
_OF_BACKGROUND = (
    "specification: background pooled over seeds with a binomial interval; one false gene in 20 is "
    "the most"
)


@dataclass(frozen=True)
class Gate:
    """One threshold.

    Attributes:
        where: scenario or data set.
        metric: what is measured.
        bound: the threshold.
        at_least: whether values must reach it; else they must not exceed it.
        source: where it comes from, in a sentence.
        point: whether `where` is one data set and not a scenario.
    """

    where: str
    metric: str
    bound: float
    at_least: bool
    source: str
    point: bool = False

    def holds(self, value: float) -> bool:
        """Whether a value passes."""
        if self.at_least:
            return value >= self.bound - _ROUNDING
        return value <= self.bound + _ROUNDING

    def sentence(self, value: float) -> str:
        """What to say of a value that does not pass."""
        name = _WORDS.get(self.metric, self.metric)
        relation = "is below" if self.at_least else "is above"
        return f"{self.where} {name} {value:.5g} {relation} {self.bound:.5g} ({self.source})"


@dataclass(frozen=True)
class Judgement:
    """What became of the gates of one backend.

    Attributes:
        n_checked: gates that could be judged with the cells that ran.
        failed: those that failed, each with the value it failed with.
    """

    n_checked: int
    failed: tuple[tuple[Gate, float], ...]

    def as_rows(self) -> list[dict[str, Any]]:
        """Failures for the report."""
        return [
            {
                "where": gate.where,
                "metric": gate.metric,
                "value": value,
                "bound": gate.bound,
                "source": gate.source,
                "sentence": gate.sentence(value),
            }
            for gate, value in self.failed
        ]


def published_gates(figures: Iterable[Figure] | None = None) -> tuple[Gate, ...]:
    """A gate a scenario or data set and metric, at the best of the published figures.

    Args:
        figures: `PUBLISHED` if None.
    """
    groups: dict[tuple[str, str, bool], list[Figure]] = {}
    for figure in PUBLISHED if figures is None else figures:
        if figure.method in _HELD_TO and figure.metric in _AT_LEAST:
            groups.setdefault((figure.where, figure.metric, figure.point), []).append(figure)
    gates = []
    for (where, metric, point), own in groups.items():
        at_least = _AT_LEAST[metric]
        best = (max if at_least else min)(own, key=lambda figure: figure.value)
        source = f"{best.method}, {best.source}"
        gates.append(Gate(where, metric, best.value, at_least, source, point))
    return tuple(gates)


def held_to_gates(backend: str) -> bool:
    """Whether a failed gate is an error: the product's default backend; others are yardsticks."""
    return backend == DEFAULT


def judge_gates(results: Sequence[CellResult], *, backend: str) -> Judgement:
    """Judge every gate that the cells of one backend allow.

    A gate of a scenario or a data set is judged where all of its points ran and none of its cells
    failed; bundles are no fixtures, whatever they are called, and have the background gate only.

    Args:
        results: cells; those of other backends are passed over.
        backend: whose.
    """
    own = [result for result in results if result.cell.backend == backend]
    scenario_of = {info.name: info.scenario for info in list_fixtures()}
    fixtures = [result for result in own if result.cell.is_fixture]
    judged: list[tuple[Gate, float]] = []
    for gate in published_gates():
        points = (gate.where,) if gate.point else fixtures_of(scenarios=[gate.where])
        cells = [
            result
            for result in fixtures
            if gate.where == (result.cell.dataset if gate.point else _of(scenario_of, result))
        ]
        value = _mean(cells, gate.metric, points=points)
        if value is not None:
            judged.append((gate, value))
    noise = [result for result in fixtures if _of(scenario_of, result) == NULL_SCENARIO]
    judged += _null(noise)
    judged += _background(own)
    failed = tuple((gate, value) for gate, value in judged if not gate.holds(value))
    return Judgement(len(judged), failed)


def _of(scenario_of: dict[str, str | None], result: CellResult) -> str | None:
    return scenario_of.get(result.cell.dataset)


def _mean(cells: Sequence[CellResult], metric: str, *, points: Sequence[str]) -> float | None:
    """Mean over all cells; None while any point is missing or failed."""
    if not set(points) <= {result.cell.dataset for result in cells}:
        return None
    values = [None if result.failed else _value(result, metric) for result in cells]
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None


def _value(result: CellResult, metric: str) -> float | None:
    if metric == "seconds":
        return result.seconds
    if metric == "abundance_only_recall":
        value = (result.metrics.get("role_recall") or {}).get("abundance_only")
    else:
        value = result.metrics.get(metric)
    return None if value is None else float(value)


def most_with_modules(n: int) -> int:
    """Largest number of n data sets of noise that may have modules.

    The largest k with P(X ≥ k) ≥ `NULL_LEVEL` for X binomial with n trials at `NULL_RATE`.
    """
    return max(k for k in range(n + 1) if binom.sf(k - 1, n, NULL_RATE) >= NULL_LEVEL)


def _null(cells: Sequence[CellResult]) -> list[tuple[Gate, float]]:
    done = [result for result in cells if not result.failed]
    if not done:
        return []
    found = sum(bool(result.metrics["n_modules"]) for result in done)
    bound = float(most_with_modules(len(done)))
    source = f"{len(done)} data sets; {_OF_NULL}"
    return [(Gate(NULL_SCENARIO, "n_with_modules", bound, False, source), float(found))]


def _background(cells: Sequence[CellResult]) -> list[tuple[Gate, float]]:
    groups: dict[str, list[CellResult]] = {}
    for result in cells:
        if not result.failed and result.metrics.get("n_truth_modules"):
            groups.setdefault(result.cell.dataset, []).append(result)
    judged = []
    for dataset, own in groups.items():
        false = sum(int(result.metrics["n_background_assigned"]) for result in own)
        assigned = sum(int(result.metrics["n_assigned"]) for result in own)
        low = background_interval(false, assigned).low
        if low is not None:
            source = f"{false:,} of {assigned:,} assigned genes; {_OF_BACKGROUND}"
            gate = Gate(dataset, "background_low", MOST_BACKGROUND, False, source, point=True)
            judged.append((gate, low))
    return judged
