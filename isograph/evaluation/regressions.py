"""Whether scores fell, or time or memory rose, against the last good run of the same cells.

Runs of one suite and backend are taken from the history in order. The first one is good; each later
one is judged against the good ones before it, and is good if nothing got worse. Scores do not vary
on one code, so that any drop beyond rounding counts. Time and memory do vary: how much is learned
from the good runs themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Line = Mapping[str, Any]
_Key = tuple[Any, ...]

SCORES = ("recovery", "ari", "coverage", "role_accuracy")
SCORE_DROP = 0.01
"""A score of a data set may fall by this much: other processors round otherwise."""
BACKGROUND_RISE = 0.01
COST_RATIO = 1.2
"""Time and memory may rise by this factor, beyond what good runs differ by."""

_REMEMBERED = 5
_DEVIATIONS = 2.0
_ENOUGH_RUNS = 3
# standard deviations of the logarithm: what is taken for granted, and while too few runs are known
_LEAST_SPREAD = {"seconds": 0.05, "peak_memory_bytes": 0.02}
_FIRST_SPREAD = {"seconds": 0.15, "peak_memory_bytes": 0.05}
# less than this is never worth a word: seconds of all cells, bytes of one
_LEAST_RISE = {"seconds": 1.0, "peak_memory_bytes": 64 * 2**20}


@dataclass(frozen=True)
class Worse:
    """One thing that got worse.

    Attributes:
        what: name of the score, `seconds` or `peak_memory_bytes`.
        dataset: in which; None where all data sets count together.
        before: in the last good run, or the median of the last good ones for costs.
        now: in this run.
        limit: what `now` may be at worst.
    """

    what: str
    dataset: str | None
    before: float
    now: float
    limit: float

    def __str__(self) -> str:
        where = f"{self.dataset}: " if self.dataset else "all data sets: "
        if self.what == "seconds":
            told = f"{self.now:.2f} s, {self.now / self.before:.2f} times the {self.before:.2f} s"
            return f"{where}{told} of the last good runs (at most {self.limit / self.before:.2f})"
        if self.what == "peak_memory_bytes":
            now, before = self.now / 2**20, self.before / 2**20
            told = f"{now:,.0f} MiB at its peak, {now / before:.2f} times the {before:,.0f} MiB"
            return f"{where}{told} of the last good runs (at most {self.limit / self.before:.2f})"
        return f"{where}{self.what} {self.now:.3f}, in the last good run {self.before:.3f}"


@dataclass(frozen=True)
class Verdict:
    """What became of the latest run of a suite and backend.

    Attributes:
        run: which; None where there is none.
        against: the last good run before it; None for the first.
        worse: everything that got worse; the run is good if there is nothing.
        n_cells: of the run.
        n_compared: cells that a good run knows.
        seconds_ratio: all compared cells together, against the median of good runs; None where
            none was on the same kind of machine.
        memory_ratio: the largest of the cells; likewise.
    """

    run: str | None
    against: str | None = None
    worse: tuple[Worse, ...] = ()
    n_cells: int = 0
    n_compared: int = 0
    seconds_ratio: float | None = None
    memory_ratio: float | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing got worse."""
        return not self.worse


@dataclass
class _Good:
    """What the good runs so far gave."""

    run: str | None = None
    scores: dict[_Key, Line] = field(default_factory=dict)
    costs: dict[str, dict[_Key, list[float]]] = field(
        default_factory=lambda: {name: {} for name in _LEAST_SPREAD}
    )
    ratios: dict[str, list[float]] = field(
        default_factory=lambda: {name: [] for name in _LEAST_SPREAD}
    )

    def learn(self, run: str, cells: Mapping[_Key, Line], ratios: Mapping[str, float]) -> None:
        self.run = run
        for key, line in cells.items():
            self.scores[key] = line
            for name, known in self.costs.items():
                if line.get(name):
                    values = known.setdefault(_on_machine(key, line), [])
                    values.append(float(line[name]))
                    del values[:-_REMEMBERED]
        for name, ratio in ratios.items():
            self.ratios[name].append(math.log(ratio))

    def usual(self, name: str, key: _Key) -> float | None:
        values = self.costs[name].get(key)
        return float(np.median(values)) if values else None

    def limit(self, name: str) -> float:
        """The ratio up to which a cost passes."""
        seen = self.ratios[name]
        spread = _FIRST_SPREAD[name]
        if len(seen) >= _ENOUGH_RUNS:
            spread = max(_LEAST_SPREAD[name], float(np.sqrt(np.mean(np.square(seen)))))
        return COST_RATIO * math.exp(_DEVIATIONS * spread)


def judge_latest(
    history: Sequence[Line], *, suite: str, backend: str, accepted: str | None = None
) -> Verdict:
    """Judge the latest run of a suite by a backend against the good ones before it.

    Args:
        history: lines of `isograph.evaluation.history.read_history`, oldest first.
        suite: name.
        backend: name.
        accepted: run from which on to start anew: what it gave is taken for good, whatever it is.
    """
    runs: dict[str, dict[_Key, Line]] = {}
    for line in history:
        if (line.get("suite"), line["backend"]) == (suite, backend):
            # a cell that a run did twice counts as it was at last
            runs.setdefault(line["run"], {})[_key(line)] = line
    good, verdict = _Good(), Verdict(None)
    for run, cells in runs.items():
        start = good.run is None or run == accepted
        good = _Good() if start else good
        verdict, ratios = _judge(run, cells, good)
        if verdict.passed:
            good.learn(run, cells, ratios)
    return verdict


def _judge(run: str, cells: Mapping[_Key, Line], good: _Good) -> tuple[Verdict, dict[str, float]]:
    compared = {key: line for key, line in cells.items() if key in good.scores}
    worse = [found for key, line in compared.items() for found in _scores(line, good.scores[key])]
    slower, seconds = _seconds(compared, good)
    larger, memory = _memory(compared, good)
    ratios = {"seconds": seconds, "peak_memory_bytes": memory}
    verdict = Verdict(
        run=run,
        against=good.run,
        worse=(*worse, *slower, *larger),
        n_cells=len(cells),
        n_compared=len(compared),
        seconds_ratio=seconds,
        memory_ratio=memory,
    )
    return verdict, {name: ratio for name, ratio in ratios.items() if ratio is not None}


def _scores(line: Line, before: Line) -> list[Worse]:
    dataset = str(line["dataset"])
    found = []
    for name in SCORES:
        old, new = before.get(name), line.get(name)
        # a score that is no longer defined was lost: nothing is assigned any more
        value = 0.0 if new is None else float(new)
        if old is not None and value < old - SCORE_DROP:
            found.append(Worse(name, dataset, float(old), value, old - SCORE_DROP))
    old = float(before.get("background_fraction") or 0.0)
    value = float(line.get("background_fraction") or 0.0)
    if value > old + BACKGROUND_RISE:
        found.append(Worse("background_fraction", dataset, old, value, old + BACKGROUND_RISE))
    return found


def _seconds(cells: Mapping[_Key, Line], good: _Good) -> tuple[list[Worse], float | None]:
    """All cells together: the small ones are noise, the large ones are what people wait for."""
    pairs = _pairs("seconds", cells, good)
    if not pairs:
        return [], None
    now, before = (float(sum(part)) for part in zip(*(p[1:] for p in pairs), strict=True))
    limit = before * good.limit("seconds")
    bad = now > limit and now - before > _LEAST_RISE["seconds"]
    return ([Worse("seconds", None, before, now, limit)] if bad else []), now / before


def _memory(cells: Mapping[_Key, Line], good: _Good) -> tuple[list[Worse], float | None]:
    """Each cell by itself: one that needs too much stops a machine, whatever the others need."""
    name = "peak_memory_bytes"
    pairs = _pairs(name, cells, good)
    if not pairs:
        return [], None
    ratio = good.limit(name)
    found = [
        Worse(name, dataset, before, now, before * ratio)
        for dataset, now, before in pairs
        if now > before * ratio and now - before > _LEAST_RISE[name]
    ]
    return found, max(now / before for _, now, before in pairs)


def _pairs(name: str, cells: Mapping[_Key, Line], good: _Good) -> list[tuple[str, float, float]]:
    """Data set, cost now and usual cost on such a machine, where both are known."""
    found = []
    for key, line in cells.items():
        usual = good.usual(name, _on_machine(key, line))
        if line.get(name) and usual:
            found.append((str(line["dataset"]), float(line[name]), usual))
    return found


def _key(line: Line) -> _Key:
    settings = tuple(sorted((line.get("settings") or {}).items()))
    return (line["dataset"], line["seed"], settings)


def _on_machine(key: _Key, line: Line) -> _Key:
    return (*key, line.get("machine"), line.get("jobs"))
