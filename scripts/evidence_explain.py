"""Evidence that explanations point at what was planted, on seeds that a commit's hash gives.

    OMP_NUM_THREADS=1 python scripts/evidence_explain.py --seed-from "$(git rev-parse HEAD)"

Fits the multiplex fixtures, `multi_isoform_switch` and the frontier, and asks of every planted
switching gene whether the transcript closest to the eigengene is the one that switches, and whether
usage shifts in the planted direction and by the planted amount. Times the explanation of the
largest fixture. Writes `artifacts/reports/evidence-explain.json` and the table in docs/explain.md.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from isograph.backends import fit
from isograph.evaluation.benchmark import Progress, benchmark
from isograph.evaluation.plan import derived_seeds
from isograph.evaluation.summary import summarise
from isograph.explanation import explain
from isograph.files import SCHEMA_VERSION, write_json, write_text
from isograph.provenance import git_state, package_versions, version
from isograph.simulation import list_fixtures, simulate

REPORT = Path("artifacts/reports/evidence-explain.json")
PAGE = Path("docs/explain.md")
BEGIN, END = "<!-- evidence: scripts/evidence_explain.py -->", "<!-- end of evidence -->"
N_SEEDS = 5
LARGEST = "xxlarge_multiplex_v1"
SCORES = ("driver_top1", "shift_sign", "shift_correlation")

Row = dict[str, Any]


def datasets() -> list[str]:
    """Multiplex fixtures, the four-isoform scenario, and the frontier."""
    named = [info.name for info in list_fixtures() if info.suite == "multiplex_v1" and info.regular]
    frontier = [info.name for info in list_fixtures() if info.suite == "frontier_v1"]
    return [*named, "multi_isoform_switch", *frontier]


def measure(seed_from: str, *, cells: Path, jobs: int) -> list[Row]:
    """Means over seeds, a row a data set."""

    def show(progress: Progress) -> None:
        cell, scores = progress.result.cell, progress.result.metrics
        told = {name: scores.get(name) for name in SCORES}
        print(f"{progress.done}/{progress.total} {cell.dataset} {told}", flush=True)

    results = benchmark(
        datasets=datasets(),
        seeds=derived_seeds(seed_from, N_SEEDS),
        stage="explain",
        cache=cells,
        jobs=jobs,
        report=show,
    )
    kept = ("dataset", "n", "n_failed", "coverage", *SCORES)
    return [{name: row[name] for name in kept} for row in summarise(results)]


def speed(seed: int) -> Row:
    """Seconds of all explanations of the largest fixture, without pictures."""
    bundle = simulate(LARGEST, seed=seed)
    found = fit(bundle)
    start = time.perf_counter()
    explained = explain(found, bundle=bundle)
    return {
        "dataset": LARGEST,
        "n_features": found.tables["feature_scores"].num_rows,
        "n_samples": bundle.n_samples,
        "n_modules": len(explained.parts),
        "seconds": time.perf_counter() - start,
    }


def evidence_table(rows: Sequence[Row]) -> list[str]:
    """As docs/explain.md shows it."""
    lines = [
        "| data set | genes found | driver is the switching isoform | direction right "
        "| size against planted (ρ) |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        told = ["–" if row[name] is None else f"{row[name]:.3f}" for name in SCORES]
        lines.append(f"| {row['dataset']} | {row['coverage']:.0%} | {' | '.join(told)} |")
    return lines


def main() -> None:
    """Measure, write the report, put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed-from", required=True, help="a commit's hash")
    parser.add_argument("--cells-dir", type=Path, default=Path("artifacts/benchmarks"))
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    rows = measure(options.seed_from, cells=options.cells_dir, jobs=options.jobs)
    timed = speed(derived_seeds(options.seed_from, 1)[0])
    write_json(
        REPORT,
        {
            "schema_version": SCHEMA_VERSION,
            "seeds_from": options.seed_from,
            "seeds": list(derived_seeds(options.seed_from, N_SEEDS)),
            "results": rows,
            "speed": timed,
            "isograph_version": version(),
            "git": git_state(),
            "packages": package_versions(),
        },
    )
    text = PAGE.read_text(encoding="utf-8")
    block = "\n".join([BEGIN, "", *evidence_table(rows), "", END])
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    assert pattern.search(text), f"{PAGE} has no markers"
    write_text(PAGE, pattern.sub(lambda _: block, text))
    print("\n".join(evidence_table(rows)), timed, sep="\n")


if __name__ == "__main__":
    main()
