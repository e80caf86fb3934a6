"""What differs: between two snapshots or fits, and between two benchmark reports."""

from isograph.evaluation.comparison.either import compare
from isograph.evaluation.comparison.model import ComparisonError, Difference, Tolerances
from isograph.evaluation.comparison.reports import ReportComparison, compare_reports
from isograph.evaluation.comparison.snapshots import SnapshotComparison, compare_snapshots

__all__ = [
    "ComparisonError",
    "Difference",
    "ReportComparison",
    "SnapshotComparison",
    "Tolerances",
    "compare",
    "compare_reports",
    "compare_snapshots",
]
