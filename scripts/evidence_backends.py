"""Every backend on both suites and the scenario grid: part `backends` of `evidence.py`.

The models' similarity is replaced by r² and by a random embedding in two further rows. WGCNA runs
as it comes and with the best of a grid of its documented settings, chosen for each suite on a seed
that the evidence does not use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from isograph.evaluation.benchmark import Report, benchmark
from isograph.evaluation.cells import CellResult
from isograph.evaluation.plan import SUITE_SEED
from isograph.evaluation.summary import summarise, summarise_scenarios, summarise_suites
from isograph.files import SCHEMA_VERSION, atomic_file
from isograph.provenance import git_state, package_versions, version

SUITES = ("core_v1", "multiplex_v1", "scenarios_v1")
BEST = "wgcna, best"
WGCNA_GRID = tuple(
    {"backend.network": network, "backend.power": power, "backend.min_module_size": size}
    for (network, power), size in product(
        (("unsigned", "0"), ("unsigned", "6"), ("signed", "0"), ("signed", "12")),
        ("5", "10", "20"),
    )
)
_POINT = (
    *("dataset", "suite", "scenario", "backend", "n", "n_failed", "n_truth_modules", "n_modules"),
    *("ari", "ari_sd", "coverage", "background_pooled", "n_assigned", "seconds"),
)
_GROUP = (
    *("suite", "scenario", "backend", "n_points", "n", "n_failed", "ari", "ari_min"),
    *("ari_min_dataset", "coverage", "background_pooled", "background_high", "n_assigned"),
    *("n_with_modules", "seconds"),
)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Variant:
    """A backend with settings, under the name that the table gives it."""

    label: str
    backend: str
    settings: Mapping[str, str] = field(default_factory=dict)


VARIANTS = (
    Variant("calibrated", "calibrated"),
    Variant("vae", "vae"),
    Variant("latent", "latent"),
    Variant("graph", "graph"),
    Variant("baseline", "baseline"),
    Variant("r²", "baseline", {"backend.similarity": "r2"}),
    Variant("random", "latent", {"backend.similarity": "random"}),
    Variant("wgcna", "wgcna"),
)


def measure(
    *, seeds: Sequence[int], cells: Path, jobs: int, report: Callable[[str], Report]
) -> dict[str, Any]:
    """Run every variant on every data set.

    Args:
        seeds: of the data sets.
        cells: folder for finished cells.
        jobs: cells at a time.
        report: the callback for a variant of that name.

    Returns:
        Content of the report: points, scenarios and suites by variant, and how WGCNA was chosen.
    """
    found: list[CellResult] = []
    chosen: dict[str, Any] = {}

    def run(variant: Variant, suite: str, seeds: Sequence[int]) -> list[CellResult]:
        words = [variant.backend, *(f"{k}-{v}" for k, v in variant.settings.items())]
        slug = re.sub(r"[^a-z0-9]+", "-", "-".join(words).replace("backend.", "").lower())
        results = benchmark(
            suites=[suite],
            backends=[variant.backend],
            seeds=seeds,
            settings=variant.settings,
            stage=f"backends-{slug}",
            cache=cells,
            jobs=jobs,
            report=report(f"{suite} {variant.label}"),
        )
        return [replace(r, cell=replace(r.cell, backend=variant.label)) for r in results]

    for suite in SUITES:
        for variant in VARIANTS:
            found += run(variant, suite, seeds)
        tried = []
        for settings in WGCNA_GRID:
            results = run(
                Variant("wgcna " + _words(settings), "wgcna", settings), suite, [SUITE_SEED]
            )
            tried.append({"settings": dict(settings), "ari": _mean_ari(results)})
        best = max(tried, key=lambda one: one["ari"])
        chosen[suite] = {"chosen_on_seed": SUITE_SEED, **best, "tried": tried}
        found += run(Variant(BEST, "wgcna", best["settings"]), suite, seeds)
    return {
        "schema_version": SCHEMA_VERSION,
        "isograph_version": version(),
        "git": git_state(),
        "packages": package_versions(),
        "seeds": list(seeds),
        "jobs": jobs,
        "wgcna": chosen,
        "points": [_cut(row, _POINT) for row in summarise(found)],
        "scenarios": [_cut(row, _GROUP) for row in summarise_scenarios(found)],
        "suites": [_cut(row, _GROUP) for row in summarise_suites(found)],
    }


def _words(settings: Mapping[str, str]) -> str:
    return " ".join(f"{key.rpartition('.')[2]} {value}" for key, value in settings.items())


def _mean_ari(results: Sequence[CellResult]) -> float:
    """A failed cell counts 0; one where nothing was planted does not count."""
    values = [0.0 if r.failed else r.metrics["ari"] for r in results]
    return fmean(value for value in values if value is not None)


def _cut(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def labels(report: Row) -> list[str]:
    """Variants in the order of the table: models, then what replaces them, then WGCNA."""
    return list(dict.fromkeys(row["backend"] for row in report["suites"]))


def groups(report: Row, titles: Mapping[str, str]) -> dict[str, dict[str, Row]]:
    """Rows of the table: two suites, then the scenarios; by title, then by variant."""
    found: dict[str, dict[str, Row]] = {}
    for row in report["suites"]:
        if row["suite"] != "scenarios_v1":
            found.setdefault(row["suite"], {})[row["backend"]] = row
    for row in report["scenarios"]:
        if row["ari"] is not None:
            title = titles.get(row["scenario"], row["scenario"].replace("_", " "))
            found.setdefault(title, {})[row["backend"]] = row
    return found


def ari_table(report: Row, titles: Mapping[str, str]) -> tuple[list[str], list[list[str]]]:
    """Head and body: mean ARI by group; the best of a row, to two digits, is bold."""
    head = ["", *labels(report)]
    body = []
    for title, by in groups(report, titles).items():
        # a variant all of whose fits failed has no score
        values = [round(by[label]["ari"] or 0.0, 2) for label in head[1:]]
        best = max(values)
        body.append([title, *(f"**{v:.2f}**" if v == best else f"{v:.2f}" for v in values)])
    noise = [row for row in report["points"] if row["n_truth_modules"] == 0]
    counts = []
    for label in head[1:]:
        own = [row for row in noise if row["backend"] == label]
        genes = sum(row["n_assigned"] for row in own)
        counts.append(f"{genes:,}" if genes else "none")
    body.append(["nothing planted: genes in modules", *counts])
    return head, body


def suite_table(report: Row) -> tuple[list[str], list[list[str]]]:
    """Head and body: a row a variant; ARI with its worst data set, and background, by suite."""
    head = ["backend"]
    head += [f"{suite}: ARI (worst)" for suite in SUITES]
    head += [f"{suite}: background" for suite in SUITES]
    head += ["coverage, scenarios", "seconds, scenarios"]
    by = {(row["suite"], row["backend"]): row for row in report["suites"]}
    body = []
    for label in labels(report):
        rows = [by[suite, label] for suite in SUITES]
        shares = [row["background_pooled"] for row in rows]
        body.append(
            [
                label,
                *(f"{row['ari']:.3f} ({row['ari_min']:.2f})" for row in rows),
                *("–" if share is None else f"{share:.1%}" for share in shares),
                f"{rows[-1]['coverage']:.3f}",
                f"{rows[-1]['seconds']:.2g}",
            ]
        )
    return head, body


def wgcna_sentence(report: Row) -> str:
    """Which settings were the best, by suite."""
    found = []
    for suite, one in report["wgcna"].items():
        said = {key.rpartition(".")[2]: value for key, value in one["settings"].items()}
        power = "chosen" if said["power"] == "0" else said["power"]
        size = said["min_module_size"]
        found.append(f"{suite} {said['network']}, power {power}, least module size {size}")
    return "; ".join(found)


def picture(report: Row, titles: Mapping[str, str], path: Path) -> None:
    """Mean ARI and pooled background of every variant, a cell a group."""
    names, table = labels(report), groups(report, titles)
    figure = Figure(figsize=(13.0, 0.42 * len(table) + 1.7), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    ari = _matrix(table, names, "ari")
    _draw(left, ari, "mean ARI", "{:.2f}", "viridis", (0.0, 1.0), list(table), names)
    background = 100 * _matrix(table, names, "background_pooled")
    title = "background genes among assigned genes, %"
    _draw(right, background, title, "{:.1f}", "OrRd", (0.0, 5.0), list(table), names)
    with atomic_file(path) as work:
        figure.savefig(work, dpi=100, format="png")


def _matrix(
    table: Mapping[str, Mapping[str, Row]], names: Sequence[str], score: str
) -> np.ndarray[Any, np.dtype[np.float64]]:
    values = [[by[name][score] for name in names] for by in table.values()]
    return np.array(values, dtype=np.float64)


def _draw(
    axes: Axes,
    values: np.ndarray[Any, np.dtype[np.float64]],
    title: str,
    form: str,
    colours: str,
    limits: tuple[float, float],
    rows: Sequence[str],
    columns: Sequence[str],
) -> None:
    low, high = limits
    palette = colormaps[colours].with_extremes(bad="#E3E3E3")
    image = axes.imshow(values, cmap=palette, vmin=low, vmax=high, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        colour = palette(image.norm(value))
        dark = not np.isnan(value) and np.dot(colour[:3], (0.299, 0.587, 0.114)) < 0.5
        text = "–" if np.isnan(value) else form.format(value)
        axes.text(*(j, i, text), ha="center", va="center", fontsize=8.5, color="w" if dark else "k")
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.set_xticks(range(len(columns)), columns, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0, labelsize=9.5)
    axes.spines[:].set_visible(False)
    # white lines part the models, what replaces them, and WGCNA
    for edge in (
        _after(columns, "calibrated"),
        _after(columns, "baseline"),
        _after(columns, "random"),
    ):
        axes.axvline(edge, color="white", linewidth=4)
    axes.axhline(1.5, color="white", linewidth=4)


def _after(columns: Sequence[str], name: str) -> float:
    return columns.index(name) + 0.5
