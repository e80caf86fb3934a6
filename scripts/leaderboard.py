"""The leaderboard of every backend over every suite, on the suites' own seed.

    python scripts/leaderboard.py [--jobs N] [--cells DIR]      makes it anew
    python scripts/leaderboard.py --check                       and compares it with what is there

Writes artifacts/reports/evidence-leaderboard.json and .png. Finished cells are kept and not run
again. A rerun gives the same rows but for times; `content_hash` stands for them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from isograph.backends import backend_names
from isograph.evaluation.benchmark import benchmark
from isograph.evaluation.cells import Progress
from isograph.evaluation.leaderboard import TIMES, leaderboard
from isograph.evaluation.leaderboard_plots import leaderboard_picture
from isograph.files import read_json, write_bytes, write_json
from isograph.simulation import SUITES

REPORTS = Path(__file__).resolve().parents[1] / "artifacts" / "reports"
NAME = "evidence-leaderboard"
_HOUR = 3600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or 1 if a cell failed or the check found a difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time (default 1)")
    parser.add_argument("--cells", type=Path, default=Path("artifacts/benchmarks"))
    parser.add_argument("--suite", action="append", choices=SUITES, help="default: all")
    parser.add_argument("--backend", action="append", choices=backend_names(), help="default: all")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    asked = parser.parse_args(arguments)
    results = [
        result
        for suite in asked.suite or SUITES
        for result in benchmark(
            suites=[suite],
            backends=asked.backend or backend_names(),
            stage=f"leaderboard-{suite}",
            cache=asked.cells,
            jobs=asked.jobs,
            timeout=_HOUR,
            report=_show,
        )
    ]
    document = leaderboard(results)
    failed = [result for result in results if result.failed]
    for result in failed:
        cell = result.cell
        print(f"failed: {cell.dataset} by {cell.backend}: {result.error}", file=sys.stderr)
    if asked.check:
        return _compare(document["results"]) or bool(failed)
    write_json(REPORTS / f"{NAME}.json", document)
    write_bytes(REPORTS / f"{NAME}.png", leaderboard_picture(document["families"]))
    print(f"{len(results)} cells, content hash {document['content_hash']}")
    return int(bool(failed))


def _compare(rows: Sequence[dict[str, object]]) -> int:
    """Tell every row that is not what the report on disk says, times aside."""

    def timeless(row: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in row.items() if name not in TIMES}

    stored = read_json(REPORTS / f"{NAME}.json")["results"]
    known = {(row["dataset"], row["seed"], row["backend"]): timeless(row) for row in stored}
    other = [
        row
        for row in rows
        if known.get((row["dataset"], row["seed"], row["backend"])) != timeless(row)
    ]
    for row in other:
        print(f"differs: {row['dataset']} by {row['backend']}", file=sys.stderr)
    print(f"{len(rows)} rows compared, {len(other)} differ")
    return int(bool(other))


def _show(progress: Progress) -> None:
    result = progress.result
    said = result.error or f"{result.seconds:.2f} s"
    print(
        f"  [{progress.done}/{progress.total}] {result.cell.dataset} {result.cell.backend} {said}",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
