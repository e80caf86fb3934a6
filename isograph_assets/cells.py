"""Scores of a fixture's fit as the benchmark's own cells, so that both make the same reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isograph.evaluation.cells import Cell, CellResult

_MIB = 2**20

TIMES = (
    "seconds",
    "feature_seconds",
    "fit_seconds",
    "cpu_seconds",
    "peak_memory_mib",
    "steps",
)
"""What a rerun gives otherwise."""

_ABOUT = (
    "schema_version",
    "dataset",
    "suite",
    "backend",
    "seed",
    "bundle_content_hash",
    "code_version",
)


def cell_result(document: Mapping[str, Any]) -> CellResult:
    """The cell that a scores document of `fixture_metrics` tells of.

    Args:
        document: with its scores, and costs where they are known.
    """
    scores = {k: v for k, v in document.items() if k not in (*_ABOUT, *TIMES)}
    memory = document["peak_memory_mib"]
    return CellResult(
        cell=Cell(document["dataset"], document["seed"], document["backend"]),
        metrics=scores,
        seconds=document["seconds"] or 0.0,
        cpu_seconds=document["cpu_seconds"] or 0.0,
        peak_memory_bytes=0 if memory is None else round(memory * _MIB),
        steps=dict(document["steps"] or {}),
        code_version=document["code_version"],
        bundle_content_hash=document["bundle_content_hash"],
    )
