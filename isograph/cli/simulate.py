"""`isograph simulate`"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path

from isograph.bundle import save_bundle
from isograph.cli.text import table
from isograph.errors import Problem
from isograph.exporters.salmon import write_salmon
from isograph.simulation import SUITES, FixtureError, FixtureInfo, list_fixtures, simulate

_COLUMNS = ("genes", "samples", "modules", "")
_ON_REQUEST = "large"


def run(options: argparse.Namespace) -> int:
    """Make one fixture, or list them: every suite, or all data sets of one."""
    if options.suite is not None:
        print(_of_suite(options.suite))
        return 0
    if options.fixture is None:
        print(_overview())
        return 0
    bundle = simulate(options.fixture, seed=options.seed)
    if options.written_as == "salmon":
        out = options.out or Path("quants") / options.fixture
        write_salmon(bundle, out, overwrite=options.overwrite)
        print(f"{out}: {bundle.n_samples} Salmon samples\nnext: isograph run {out}")
        return 0
    out = options.out or Path("bundles") / options.fixture
    save_bundle(bundle, out, overwrite=options.overwrite)
    print(
        f"{out}: {bundle.n_samples} samples, {len(bundle.gene_ids):,} genes, planted truth\n"
        f"next: isograph fit --dataset-path {out}"
    )
    return 0


def _of_suite(suite: str) -> str:
    """Every data set of one suite, a line each."""
    if suite not in SUITES:
        near = difflib.get_close_matches(suite, list(SUITES), n=1, cutoff=0.4)
        fix = f"did you mean {near[0]}?" if near else f"one of {', '.join(SUITES)}"
        raise FixtureError("no list", [Problem(suite, "no such suite", fix=fix)])
    infos = [info for info in list_fixtures() if info.suite == suite]
    return table([(info.name, *_sizes([info])) for info in infos], (suite, *_COLUMNS))


def _overview() -> str:
    """Suite by suite, a line a fixture; the points of a sweep share one."""
    parts = []
    for suite in SUITES:
        lines: dict[str, list[FixtureInfo]] = {}
        for info in list_fixtures():
            if info.suite == suite:
                lines.setdefault(info.scenario or info.name, []).append(info)
        if all(len(infos) == 1 for infos in lines.values()):
            parts.append(_of_suite(suite))
            continue
        rows = [
            (name, _sweep(name, infos), len(infos), *_sizes(infos)) for name, infos in lines.items()
        ]
        parts.append(table(rows, (suite, "sweep", "points", *_COLUMNS)))
    parts.append(
        "isograph simulate --suite NAME lists every data set of a suite; "
        f"{_ON_REQUEST} ones are made only when asked for by name"
    )
    return "\n\n".join(parts)


def _sweep(scenario: str, infos: Sequence[FixtureInfo]) -> str:
    """`fraction 0.10–0.75, noise 0.10–0.40`, or all points where they share no parameters."""
    points = [info.name.removeprefix(scenario).removeprefix("-") for info in infos]
    by_key = list(zip(*(point.split("-") for point in points), strict=True))
    keys = [{part.rstrip("0123456789.") for part in parts} for parts in by_key]
    if any(len(found) > 1 for found in keys):
        return ", ".join(points)
    ranges = [
        f"{key} {parts[0].removeprefix(key)}–{parts[-1].removeprefix(key)}"
        for (key,), parts in zip(keys, by_key, strict=True)
        if key
    ]
    return ", ".join(ranges)


def _sizes(infos: Sequence[FixtureInfo]) -> tuple[int | str, int | str, int | str, str]:
    """Genes, samples and modules, as a range where they differ, and a word on large ones."""
    late = sum(not info.regular for info in infos)
    note = "" if not late else _ON_REQUEST if late == len(infos) else f"{late} {_ON_REQUEST}"
    return (
        _range([info.n_genes for info in infos]),
        _range([info.n_samples for info in infos]),
        _range([info.n_modules for info in infos]),
        note,
    )


def _range(numbers: Sequence[int]) -> int | str:
    low, high = min(numbers), max(numbers)
    return low if low == high else f"{low:,}–{high:,}"
