"""Cells added up: by data set, by scenario, by suite; each by backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from isograph.evaluation.cells import CellResult
from isograph.evaluation.published import figures_for
from isograph.evaluation.score import background_interval
from isograph.simulation import FixtureInfo, list_fixtures

Row = dict[str, Any]

_SUMMARISED = (
    "n_modules",
    "recovery",
    "ari",
    "ami",
    "coverage",
    "background_fraction",
    "role_accuracy",
    "onmi",
    "driver_top1",
    "shift_sign",
    "shift_correlation",
    "n_programmes",
    "seconds",
)
_OF_GROUPS = ("ari", "ami", "coverage", "recovery", "role_accuracy", "seconds")


def summarise(results: Sequence[CellResult]) -> list[Row]:
    """Mean, standard deviation and number of every main score, a row a data set and backend.

    Background is pooled: false members over all assigned genes, with a 95% Clopper–Pearson
    interval, since a mean of small fractions says little. Failed cells are counted and left out.
    """
    infos = _infos()
    rows = []
    for (dataset, backend), own in _groups(results, lambda r: (r.cell.dataset, r.cell.backend)):
        done = [result for result in own if not result.failed]
        info = _info(own[0], infos)
        row: Row = {"dataset": dataset, "backend": backend}
        row |= {"suite": info and info.suite, "scenario": info and info.scenario}
        row |= {"n": len(done), "n_failed": len(own) - len(done)}
        row["n_truth_modules"] = done[0].metrics["n_truth_modules"] if done else None
        for name in _SUMMARISED:
            values = _known(done, name)
            row[name] = float(values.mean()) if len(values) else None
            row[f"{name}_sd"] = float(values.std(ddof=1)) if len(values) > 1 else None
        row |= _pooled_background(done)
        row["programme_r2_min"] = _worst_programme_r2(done)
        row["peak_memory_bytes"] = max((r.peak_memory_bytes for r in done), default=None)
        rows.append(row)
    return rows


def summarise_scenarios(results: Sequence[CellResult]) -> list[Row]:
    """A row a scenario and backend; figures of others beside them. Suites without any give none."""
    infos = _infos()
    named = [r for r in results if (info := _info(r, infos)) and info.scenario]
    rows = []
    for (scenario, backend), own in _groups(
        named, lambda r: (str(infos[r.cell.dataset].scenario), r.cell.backend)
    ):
        row: Row = {"scenario": scenario, "suite": infos[own[0].cell.dataset].suite}
        row |= {"backend": backend} | _group_row(own)
        row["published"] = [asdict(figure) for figure in figures_for([scenario])]
        rows.append(row)
    return rows


def summarise_suites(results: Sequence[CellResult]) -> list[Row]:
    """A row a suite and backend."""
    infos = _infos()
    named = [result for result in results if _info(result, infos)]
    return [
        {"suite": suite, "backend": backend} | _group_row(own)
        for (suite, backend), own in _groups(
            named, lambda r: (infos[r.cell.dataset].suite, r.cell.backend)
        )
    ]


def summarise_families(results: Sequence[CellResult]) -> list[Row]:
    """A row a family and backend: the points of a sweep, or a data set that belongs to none."""
    infos = _infos()
    rows = []
    for (family, backend), own in _groups(
        results, lambda r: (_family(infos.get(r.cell.dataset), r.cell.dataset), r.cell.backend)
    ):
        info = infos.get(own[0].cell.dataset)
        rows.append(
            {"family": family, "suite": info and info.suite, "backend": backend} | _group_row(own)
        )
    return rows


def _family(info: FixtureInfo | None, dataset: str) -> str:
    return info.scenario if info is not None and info.scenario is not None else dataset


def _infos() -> dict[str, FixtureInfo]:
    return {info.name: info for info in list_fixtures()}


def _info(result: CellResult, infos: Mapping[str, FixtureInfo]) -> FixtureInfo | None:
    """What the catalogue says of a cell's fixture; a bundle is none, whatever it is called."""
    return infos.get(result.cell.dataset) if result.cell.is_fixture else None


def _groups(
    results: Sequence[CellResult], key: Callable[[CellResult], tuple[str, str]]
) -> list[tuple[tuple[str, str], list[CellResult]]]:
    """Results by key, in the order of the first of each."""
    found: dict[tuple[str, str], list[CellResult]] = {}
    for result in results:
        found.setdefault(key(result), []).append(result)
    return list(found.items())


def _group_row(own: Sequence[CellResult]) -> Row:
    """Means over all cells, the worst point, and background pooled over all of them.

    `ari` weighs every cell alike; `ari_min` is the smallest of the points' means over seeds.
    `n_with_modules` counts data sets in which any module was found: all that can be said where
    none was planted.
    """
    done = [result for result in own if not result.failed]
    row: Row = {
        "n_points": len({result.cell.dataset for result in own}),
        "n": len(done),
        "n_failed": len(own) - len(done),
    }
    for name in _OF_GROUPS:
        values = _known(done, name)
        row[name] = float(values.mean()) if len(values) else None
    for name in ("ari", "coverage"):
        point, value = _worst_point(done, name)
        row[f"{name}_min"] = value
        row[f"{name}_min_dataset"] = point
    row["n_with_modules"] = sum(bool(result.metrics["n_modules"]) for result in done)
    n_genes = sum(int(result.metrics.get("n_genes") or 0) for result in done)
    row |= _pooled_background(done)
    row["assigned_share"] = row["n_assigned"] / n_genes if n_genes else None
    row["programme_r2_min"] = _worst_programme_r2(done)
    return row


def _worst_point(done: Sequence[CellResult], name: str) -> tuple[str | None, float | None]:
    means = {
        dataset: float(values.mean())
        for (dataset, _), own in _groups(done, lambda r: (r.cell.dataset, ""))
        if len(values := _known(own, name))
    }
    if not means:
        return None, None
    worst = min(means, key=lambda dataset: means[dataset])
    return worst, means[worst]


def _known(done: Sequence[CellResult], name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Values of one score that are defined."""
    values = [r.seconds if name == "seconds" else r.metrics.get(name) for r in done]
    return np.array([value for value in values if value is not None], dtype=np.float64)


def _worst_programme_r2(done: Sequence[CellResult]) -> float | None:
    values = [
        value
        for result in done
        for value in (result.metrics.get("programme_r2") or {}).values()
        if value is not None
    ]
    return min(values, default=None)


def _pooled_background(done: Sequence[CellResult]) -> Row:
    assigned = sum(int(result.metrics["n_assigned"]) for result in done)
    # without a truth nobody knows what is background
    told = [result for result in done if result.metrics["n_background_assigned"] is not None]
    false = sum(int(result.metrics["n_background_assigned"]) for result in told)
    of = sum(int(result.metrics["n_assigned"]) for result in told)
    pooled = background_interval(false, of)
    return {
        "n_assigned": assigned,
        "background_pooled": false / of if of else None,
        "background_low": pooled.low,
        "background_high": pooled.high,
    }
