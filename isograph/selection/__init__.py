"""Stability selection: which value of a backend's main parameter gives what comes back."""

from isograph.selection.grid import resolve_grid
from isograph.selection.halves import N_PAIRS, deal_pairs
from isograph.selection.report import report_name, stability_report, write_stability
from isograph.selection.run import THRESHOLD, AtValue, StabilitySelection, select_by_stability

__all__ = [
    "N_PAIRS",
    "THRESHOLD",
    "AtValue",
    "StabilitySelection",
    "deal_pairs",
    "report_name",
    "resolve_grid",
    "select_by_stability",
    "stability_report",
    "write_stability",
]
