"""`isograph compare`"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from isograph.cli.text import counted, table
from isograph.errors import Problems
from isograph.evaluation.comparison import (
    ComparisonError,
    Difference,
    ReportComparison,
    SnapshotComparison,
    Tolerances,
    compare,
)
from isograph.evaluation.comparison.deltas import RATIO, MetricDelta
from isograph.files import write_json

_OF_FOLDERS = ("tolerance", "min_ari", "min_eigengene_r", "max_role_changes", "strict")
_OF_REPORTS = ("left_backend", "right_backend", "resamples", "seed", "top")
_TOP = 20
_EXAMPLES = 3
_WIDEST = 40
_MOST_TOLD = 8
_MOST_LISTED = 5
_SIGNIFICANT = 0.05
_COLUMNS = ("metric", "left", "right", "change", "95% interval", "pairs", "p", "q")
_COST_COLUMNS = ("cost", "left", "right", "ratio", "95% interval", "pairs", "p", "q")


def run(options: argparse.Namespace) -> int:
    """Compare two snapshots or reports; 1 if snapshots differ by more than is accepted."""
    _check(options)
    found = compare(
        options.left,
        options.right,
        tolerances=_tolerances(options),
        left_backend=options.left_backend,
        right_backend=options.right_backend,
        **{
            name: value
            for name, value in (("n_resamples", options.resamples), ("seed", options.seed))
            if value is not None
        },
    )
    if isinstance(found, SnapshotComparison):
        print(_snapshots(found, options))
    else:
        print(_reports(found, top=_TOP if options.top is None else options.top))
    if options.output is not None:
        write_json(options.output, found.as_dict())
        print(f"\nwritten to {options.output}")
    return 0 if isinstance(found, ReportComparison) or found.passed else 1


def _check(options: argparse.Namespace) -> None:
    """Refuse numbers out of bounds and options of the other kind of comparison."""
    problems = Problems()
    for name, least in (("resamples", 100), ("seed", 0), ("top", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            problems.add(f"--{name}", f"is {value}", fix=f"{least} or more")
    kind, others = "reports", _OF_FOLDERS
    if options.left.is_dir():
        kind, others = "folders", _OF_REPORTS
    # 0 is a value, and equal to False
    idle = [n for n in others if not any(getattr(options, n) is unset for unset in (None, False))]
    if idle and options.left.exists():
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in idle)
        problems.add(flags, f"is of no use for {kind}", fix="leave it out")
    if options.output is not None and options.output.is_dir():
        problems.add("--output", f"{options.output} is a folder", fix="name a file")
    problems.raise_if_any(ComparisonError, "options refused")


def _tolerances(options: argparse.Namespace) -> Tolerances:
    given = {
        "numeric": options.tolerance,
        "min_ari": options.min_ari,
        "min_eigengene_r": options.min_eigengene_r,
        "max_role_changes": options.max_role_changes,
    }
    return Tolerances(
        **{name: value for name, value in given.items() if value is not None},
        strict=options.strict,
    )


def _snapshots(found: SnapshotComparison, options: argparse.Namespace) -> str:
    partition = found.partition
    lines = [
        f"left:  {options.left}: {found.left.dataset}, {found.left.backend}",
        f"right: {options.right}: {found.right.dataset}, {found.right.backend}\n",
        _metrics(found),
        f"\n{counted(len(partition.pairs), 'pair')} of modules belong together"
        + (f", {partition.n_renamed} under another name" if partition.n_renamed else "")
        + (f"; ARI {partition.ari:.3f}" if partition.ari is not None else ""),
    ]
    failing = [one for one in found.differences if one.fails]
    told = [one for one in found.differences if not one.fails]
    if failing:
        lines += ["\ndifferences\n", _differences(failing)]
    if told:
        lines += ["\ntold only\n", _differences(told[:_MOST_TOLD])]
        if len(told) > _MOST_TOLD:
            lines.append(f"  … and {len(told) - _MOST_TOLD} more, written with --output")
    beyond = "no difference" if found.passed else counted(len(failing), "difference")
    verdict = f"{'passed' if found.passed else 'FAILED'}: {beyond} beyond what is accepted"
    return "\n".join([*lines, f"\n{verdict}"])


def _metrics(found: SnapshotComparison) -> str:
    rows = []
    for name, row in found.as_dict()["metrics"].items():
        rows.append((name.replace("_", " "), row["left"], row["right"], row["delta"]))
    return table(rows, ("", "left", "right", "delta"))


def _differences(found: Sequence[Difference]) -> str:
    rows = []
    for one in found:
        values = (
            "" if one.left is one.right is None else f"{_short(one.left)} | {_short(one.right)}"
        )
        shown = ", ".join(one.examples[:_EXAMPLES])
        more = ", …" if one.count > _EXAMPLES and one.examples else ""
        rows.append((one.what, one.where, one.count, values or shown + more))
    return table(rows, ("what", "where", "count", "left | right, or examples"))


def _short(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _reports(found: ReportComparison, *, top: int) -> str:
    sides = []
    for name, one in (("left: ", found.left), ("right:", found.right)):
        cells = counted(len(one.scores), "cell")
        sides.append(f"{name} {one.path}: {one.suite}, {one.backend}, {cells}")
    lines = [*sides, *_apart(found), *(f"note: {note}" for note in found.notes)]
    scores = sorted((r for r in found.pooled if _is_score(r)), key=lambda r: -r.size)
    changed = sorted((r for r in found.results if _is_score(r) and r.delta), key=lambda r: -r.size)
    moved = [row for row in scores if row.delta]
    if moved:
        datasets = max(row.n_datasets for row in moved)
        lines += [
            f"\nmean over {counted(datasets, 'data set')}, right minus left\n",
            _score_table(moved),
        ]
    equal = [row.metric for row in scores if not row.delta and "." not in row.metric]
    if equal:
        lines.append(f"\nno difference on the whole: {', '.join(equal)}")
    if changed[:top]:
        lines += [
            f"\nlargest changes, {min(top, len(changed))} of {len(changed)}\n",
            _score_table(changed[:top], dataset=True),
        ]
    costs = [row for row in found.pooled if row.scale == RATIO and row.tested]
    if costs:
        lines += ["\ntime and memory, right over left\n", _cost_table(costs)]
    return "\n".join([*lines, *_reach(found)])


def _reach(found: ReportComparison) -> list[str]:
    """Say so where there are too few seeds for any small p."""
    most = max((row.n_pairs for row in found.results), default=0)
    least = 2.0 ** (1 - most)
    if most < 2 or least <= _SIGNIFICANT:
        return []
    return [
        f"\n{counted(most, 'pair')} of seeds cannot give a p below {least:g} within a data set; "
        "six can give 0.03"
    ]


def _apart(found: ReportComparison) -> list[str]:
    """What one report has and the other has not."""
    lines = []
    for name, one, other in (("left", found.left, found.right), ("right", found.right, found.left)):
        lone = found.unpaired(one, other)
        if lone:
            lines.append(f"only {name}: {_listed(lone)}")
        if one.failed:
            failed = ", ".join(f"{dataset} seed {seed}" for dataset, seed in one.failed)
            lines.append(f"failed {name}: {failed}")
        if one.further:
            lines.append(f"not compared {name}: {', '.join(one.further)}")
    return lines


def _listed(seeds: Mapping[str, Sequence[int]]) -> str:
    shown = [f"{name} ({counted(len(own), 'seed')})" for name, own in seeds.items()]
    if len(shown) > _MOST_LISTED:
        shown[_MOST_LISTED:] = [f"and {len(shown) - _MOST_LISTED} more data sets"]
    return ", ".join(shown)


def _is_score(row: MetricDelta) -> bool:
    return row.scale != RATIO and row.tested


def _score_table(rows: Sequence[MetricDelta], *, dataset: bool = False) -> str:
    cells = [
        (
            *((row.dataset,) if dataset else ()),
            *(row.metric, row.left, row.right),
            row.delta if row.effect is None else row.effect,
            _interval(row),
            row.n_pairs,
            row.pvalue,
            row.qvalue,
        )
        for row in rows
    ]
    return table(cells, (("data set",) if dataset else ()) + _COLUMNS)


def _cost_table(rows: Sequence[MetricDelta]) -> str:
    cells = []
    for row in rows:
        unit = 2**20 if row.metric.endswith("_bytes") else 1
        name = row.metric.replace("_bytes", "_mib")
        left = None if row.left is None else row.left / unit
        right = None if row.right is None else row.right / unit
        cells.append(
            (name, left, right, row.effect, _interval(row), row.n_pairs, row.pvalue, row.qvalue)
        )
    return table(cells, _COST_COLUMNS)


def _interval(row: MetricDelta) -> str | None:
    return None if row.low is None else f"{row.low:.3f} to {row.high:.3f}"
