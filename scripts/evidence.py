"""All evidence on fixtures, on seeds that a commit's hash gives: reports, tables and pictures.

    OMP_NUM_THREADS=1 python scripts/evidence.py --seed-from "$(git rev-parse HEAD)"
    python scripts/evidence.py --tables            no runs: tables from the reports that are there

Each part is one `isograph benchmark`; finished cells are kept, so that a run that was cut off goes
on. Writes `artifacts/reports/evidence-<part>-benchmark.json`, cut to the main scores, the tables
between markers in README.md, docs/frontier.md and docs/backends.md, docs/images/scenarios.png and
docs/images/backends.png.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isograph.evaluation.benchmark import Progress, Report, benchmark
from isograph.evaluation.peers import PEERS
from isograph.evaluation.plan import derived_seeds
from isograph.evaluation.published import VAE, WGCNA
from isograph.evaluation.reports import benchmark_report
from isograph.files import read_json, write_bytes, write_json, write_text

REPORTS = Path("artifacts/reports")
README, FRONTIER = Path("README.md"), Path("docs/frontier.md")
BACKENDS = Path("docs/backends.md")
PICTURE = Path("docs/images/scenarios.png")
BACKENDS_PICTURE = Path("docs/images/backends.png")
N_SEEDS = 5
BACKEND = "calibrated"
KEPT = (
    *("dataset", "seed", "backend", "status", "error", "ari", "ami", "coverage", "recovery"),
    *("onmi", "background_fraction", "n_modules", "n_truth_modules", "n_assigned"),
    *("n_background_assigned", "role_accuracy", "n_programmes", "n_hidden_dimensions"),
    *("programme_r2", "seconds"),
)
NOTE = "results are cut to the main scores; the command that made them writes all"

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """One benchmark: what runs, and whether the yardsticks run beside it."""

    suites: tuple[str, ...] | None = None
    datasets: tuple[str, ...] | None = None
    peers: bool = False


PARTS = {
    "core": Part(suites=("core_v1", "multiplex_v1")),
    "frontier": Part(suites=("frontier_v1",), peers=True),
    "scenarios": Part(suites=("scenarios_v1",)),
    "confounds": Part(suites=("confounds_v1",)),
    "scale": Part(
        datasets=("xlarge_v1", "xxlarge_v1", "xxlarge_stress_v1", "xxlarge_multiplex_v1")
    ),
    "scenarios-large": Part(
        datasets=(
            *(f"scale-genes{n}-fraction0.{f}" for n in (6000, 12000) for f in (15, 25)),
            *(f"scale_realistic-fraction0.{f}" for f in (15, 25)),
        )
    ),
}
ALL_BACKENDS = "backends"
NAMES = (*PARTS, ALL_BACKENDS)
SCENARIOS = {
    "idealized_switching": "idealized switching",
    "unequal_isoform_abundance": "unequal isoform abundance",
    "non_switching_background": "non-switching background",
    "noise_stress": "noise",
    "feature_space_interactions": "feature space interactions",
    "abundance_switch_mixed": "abundance and switch mixed",
    "rna_degradation": "RNA degradation",
    "rna_degradation_coupled": "RNA degradation, coupled",
    "cell_composition": "cell composition",
    "batch_effects": "batch effects",
    "library_depth": "library depth",
}


def measure(name: str, *, seed_from: str, cells: Path, jobs: int) -> None:
    """Run one part and write its report."""
    seeds = derived_seeds(seed_from, N_SEEDS)
    if name == ALL_BACKENDS:
        import evidence_backends

        report = evidence_backends.measure(seeds=seeds, cells=cells, jobs=jobs, report=_shown)
        write_json(_path(name), report | {"seeds_from": seed_from})
        return
    part = PARTS[name]
    results = benchmark(
        suites=part.suites,
        datasets=part.datasets,
        peers=tuple(PEERS) if part.peers else (),
        seeds=seeds,
        stage=name,
        cache=cells,
        jobs=jobs,
        report=_shown(name),
    )
    report = benchmark_report(results, suite=name, backend=BACKEND, stage=f"evidence-{name}") | {
        "seeds_from": seed_from,
        "note": NOTE,
    }
    report["results"] = [{k: row[k] for k in KEPT if k in row} for row in report["results"]]
    write_json(_path(name), report)


def _path(name: str) -> Path:
    return REPORTS / f"evidence-{name}-benchmark.json"


def _shown(name: str) -> Report:
    """Prints each cell as it ends."""
    began = time.monotonic()

    def show(progress: Progress) -> None:
        cell, scores = progress.result.cell, progress.result.metrics
        print(
            f"{name} {progress.done}/{progress.total} {cell.dataset} {cell.backend} "
            f"ARI {scores.get('ari')}, {time.monotonic() - began:.0f} s",
            flush=True,
        )

    return show


def write_tables() -> None:
    """Tables and pictures from the reports that are there."""
    # every process of a cell imports this file: what draws is loaded here, where it is needed
    import evidence_backends

    from isograph.evaluation.plots import benchmark_picture

    summaries = {name: _summary(name) for name in PARTS}
    fixtures = [*summaries["core"], *summaries["scale"]]
    if fixtures:
        _put(README, "fixtures", _fixture_table(fixtures))
    if summaries["scenarios"]:
        report = read_json(_path("scenarios"))
        _put(README, "scenarios", _scenario_table(report["scenarios"], report["summary"]))
        write_bytes(PICTURE, benchmark_picture(report["summary"]))
    if summaries["frontier"]:
        _put(FRONTIER, "frontier", _frontier_table(summaries["frontier"]))
    if _path(ALL_BACKENDS).exists():
        report = read_json(_path(ALL_BACKENDS))
        for part, (head, body) in {
            "scenarios": evidence_backends.ari_table(report, SCENARIOS),
            "suites": evidence_backends.suite_table(report),
        }.items():
            _put(BACKENDS, f"backends by {part}", _table(head, body))
        settings = evidence_backends.wgcna_sentence(report)
        _put(BACKENDS, "best WGCNA", [f"Best settings of WGCNA: {settings}."])
        evidence_backends.picture(report, SCENARIOS, BACKENDS_PICTURE)


def _summary(name: str) -> list[Row]:
    path = _path(name)
    rows: list[Row] = read_json(path)["summary"] if path.exists() else []
    return rows


def _fixture_table(rows: Sequence[Row]) -> list[str]:
    head = "fixture|planted|found|ARI|coverage|background, pooled (95% bound)|seconds"
    return _table(
        head.split("|"),
        [
            [
                row["dataset"],
                row["n_truth_modules"],
                f"{row['n_modules']:.1f}",
                f"{row['ari']:.3f}",
                f"{row['coverage']:.3f}",
                f"{row['background_pooled']:.2%} (≤ {row['background_high']:.2%})",
                f"{row['seconds']:.2g}",
            ]
            for row in rows
        ],
    )


def _scenario_table(rows: Sequence[Row], points: Sequence[Row]) -> list[str]:
    by_name = {row["scenario"]: row for row in rows if row["backend"] == BACKEND}
    body = []
    for scenario, title in SCENARIOS.items():
        row = by_name[scenario]
        values = [row["ari"], row["ari_min"], row["coverage"]]
        background = f"{row['background_pooled']:.2%}"
        others = [_published(row, method) for method in (VAE, WGCNA)]
        body.append([title, *(f"{value:.3f}" for value in values), background, *others])
    noise = [row for row in points if row["n_truth_modules"] == 0]
    found = sum(row["n_modules"] * row["n"] for row in noise)
    said = "no module" if not found else f"{found:.0f} modules in {sum(r['n'] for r in noise)}"
    body.append(["nothing planted", said, "", "", "", "79% of genes", "100% of genes"])
    head = "scenario|ARI|worst point|coverage|background|IsoGraph 0.1|WGCNA as published"
    return _table(head.split("|"), body)


def _published(row: Row, method: str) -> str:
    found = [
        figure["value"]
        for figure in row["published"]
        if (figure["method"], figure["metric"]) == (method, "ari")
    ]
    return f"{found[0]:.3f}" if found else "–"


def _frontier_table(rows: Sequence[Row]) -> list[str]:
    by = {(row["dataset"], row["backend"]): row for row in rows}
    body = []
    for dataset in dict.fromkeys(row["dataset"] for row in rows):
        own = by[dataset, BACKEND]
        cells = [dataset, f"{own['ari']:.2f}", f"{own['coverage']:.2f}", _background(own)]
        for peer in PEERS:
            row = by.get((dataset, peer))
            cells.append("–" if row is None else f"{row['ari']:.2f} / {_background(row)}")
        body.append(cells)
    head = [
        *("data set", "ARI", "coverage", "background"),
        "nearest neighbours: ARI / background",
        "correlation WGCNA: ARI / background",
        "told the factors: ARI / background",
    ]
    return _table(head, body)


def _background(row: Row) -> str:
    share = row["background_pooled"]
    return "–" if share is None else f"{share:.1%}"


def _table(head: Sequence[str], body: Sequence[Sequence[object]]) -> list[str]:
    lines = [head, ["---"] * len(head), *body]
    return [f"| {' | '.join(str(cell) for cell in line)} |" for line in lines]


def _put(page: Path, name: str, lines: Sequence[str]) -> None:
    """Replace what stands between a page's markers for that table."""
    begin, end = f"<!-- {name}: scripts/evidence.py -->", f"<!-- end of {name} -->"
    text = page.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    assert pattern.search(text), f"{page} has no markers for {name}"
    block = "\n".join([begin, "", *lines, "", end])
    write_text(page, pattern.sub(lambda _: block, text))


def main() -> None:
    """Measure the parts asked for, then write tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Plain)
    parser.add_argument("--seed-from", help="a commit's hash")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--cells-dir", type=Path, default=Path("artifacts/benchmarks"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--tables", action="store_true", help="write tables only")
    options = parser.parse_args()
    if not options.tables:
        if not options.seed_from:
            parser.error("--seed-from is needed: evidence has seeds that nobody chose")
        for name in options.only:
            measure(name, seed_from=options.seed_from, cells=options.cells_dir, jobs=options.jobs)
    write_tables()


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Keep the line breaks of the description."""


if __name__ == "__main__":
    main()
