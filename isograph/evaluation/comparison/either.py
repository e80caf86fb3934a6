"""Two paths: snapshots or reports, whichever they are."""

from __future__ import annotations

from pathlib import Path

from isograph.errors import Problem
from isograph.evaluation.comparison.model import ComparisonError, Tolerances
from isograph.evaluation.comparison.reports import (
    N_RESAMPLES,
    ReportComparison,
    compare_reports,
)
from isograph.evaluation.comparison.snapshots import SnapshotComparison, compare_snapshots
from isograph.evaluation.comparison.stored import StoredReport, read_report
from isograph.evaluation.snapshots import read_snapshot


def compare(
    left: Path,
    right: Path,
    *,
    tolerances: Tolerances | None = None,
    left_backend: str | None = None,
    right_backend: str | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> SnapshotComparison | ReportComparison:
    """Compare two snapshot or fit folders, or two benchmark reports.

    Args:
        left: a folder, or a `<stage>-benchmark.json`.
        right: another one.
        tolerances: of snapshots; the defaults of `Tolerances` if None.
        left_backend: whose cells of the left report; the report's own if None.
        right_backend: the same of the right one.
        n_resamples: of the bootstrap over seeds.
        seed: of the bootstrap.

    Returns:
        The comparison; `as_dict()` is the content of its JSON report. A `SnapshotComparison` says
        whether it `passed`.

    Raises:
        ComparisonError: one is a folder and the other a file, there is nothing there, or the
            reports share no data set.
        OutputError: a folder is no snapshot or fit that can be read.
    """
    left, right = Path(left), Path(right)
    missing = [Problem(str(path), "does not exist") for path in (left, right) if not path.exists()]
    if missing:
        raise ComparisonError("nothing to compare", missing)
    if left.is_dir() != right.is_dir():
        kinds = [
            Problem(str(path), "is a folder" if path.is_dir() else "is a file")
            for path in (left, right)
        ]
        headline = "cannot compare a snapshot with a report: give two folders, or two reports"
        raise ComparisonError(headline, kinds)
    if left.is_dir():
        return compare_snapshots(read_snapshot(left), read_snapshot(right), tolerances=tolerances)
    reports = _read_both((left, left_backend), (right, right_backend))
    return compare_reports(*reports, n_resamples=n_resamples, seed=seed)


def _read_both(*sides: tuple[Path, str | None]) -> tuple[StoredReport, StoredReport]:
    """Both reports, or one error that names what is wrong with either."""
    found: list[StoredReport] = []
    refused: list[ComparisonError] = []
    for path, backend in sides:
        try:
            found.append(read_report(path, backend=backend))
        except ComparisonError as error:
            refused.append(error)
    if refused:
        problems = dict.fromkeys(problem for error in refused for problem in error.problems)
        raise ComparisonError(refused[0].headline, problems)
    left, right = found
    return left, right
