"""Damages the input of imports at random, as often as asked, and writes down what came of it.

    python scripts/fuzz_import.py --cases 10000 --seed-from "$(git rev-parse HEAD)"

Writes `artifacts/reports/evidence-fuzz.json`; exit status 1 if anything went wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from isograph.files import SCHEMA_VERSION, write_json  # noqa: E402
from isograph.machine import machine_cores  # noqa: E402
from isograph.provenance import version  # noqa: E402
from tests.importers.fuzzing import Tally, fuzz  # noqa: E402

_PART = 250


def part(job: tuple[int, int, int]) -> Tally:
    """Some of the cases."""
    seed, number, n_cases = job
    return fuzz(n_cases, seed=[seed, number])


def main() -> int:
    """Run all cases on all cores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed-from", required=True, metavar="HEX", help="a commit's hash")
    parser.add_argument("--out", type=Path, default=ROOT / "artifacts/reports/evidence-fuzz.json")
    asked = parser.parse_args()
    seed = int(asked.seed_from[:8], 16)
    sizes = [min(_PART, asked.cases - done) for done in range(0, asked.cases, _PART)]
    jobs = [(seed, number, size) for number, size in enumerate(sizes)]
    start, total, wrong = time.perf_counter(), Counter[tuple[str, str, str, str]](), list[str]()
    with ProcessPoolExecutor(machine_cores()) as pool:
        for done, tally in enumerate(pool.map(part, jobs), start=1):
            total.update(tally.outcomes)
            wrong += tally.wrong
            print(f"\r{done} of {len(jobs)} parts, {len(wrong)} wrong", end="", file=sys.stderr)
    print(file=sys.stderr)
    outcomes, by_damage = Counter[str](), dict[str, Counter[str]]()
    by_kind: dict[str, Counter[str]] = {}
    for (kind, role, damage, outcome), n in total.items():
        outcomes[outcome] += n
        by_damage.setdefault(f"{role}: {damage}", Counter())[outcome] += n
        by_kind.setdefault(kind, Counter())[outcome] += n
    record = {
        "schema_version": SCHEMA_VERSION,
        "isograph_version": version(),
        "seed_from": asked.seed_from,
        "cases": sum(total.values()),
        "outcomes": dict(outcomes),
        "by_input": {name: dict(found) for name, found in sorted(by_kind.items())},
        "by_damage": {name: dict(found) for name, found in sorted(by_damage.items())},
        "wrong": wrong,
    }
    write_json(asked.out, record)
    print(f"{dict(outcomes)} in {time.perf_counter() - start:.0f} s, written to {asked.out}")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
