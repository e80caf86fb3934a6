"""What `isograph benchmark` shows of its reports on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isograph.cli.text import table
from isograph.evaluation.published import FAIR_SIGNED, FAIR_UNSIGNED, PUBLISHED, VAE, WGCNA, Figure

Row = dict[str, Any]

_COLUMNS = (
    "data set",
    "backend",
    "seeds",
    "modules",
    "planted",
    "recovery",
    "ARI",
    "coverage",
    "background",
    "95% up to",
    "roles",
    "seconds",
    "MiB",
)
_SCENARIO_COLUMNS = (
    "scenario",
    "backend",
    "points",
    "cells",
    "with modules",
    "ARI",
    "worst point",
    "coverage",
    "background",
    "95% up to",
    VAE,
    "WGCNA",
    "fair WGCNA",
)
_POINT_COLUMNS = ("point", "ARI", "fair WGCNA unsigned", "signed")


def summary_table(rows: Sequence[Row]) -> str:
    """Means over seeds, a row a data set and backend."""
    cells = [
        (
            row["dataset"],
            row["backend"],
            row["n"],
            row["n_modules"],
            row["n_truth_modules"],
            row["recovery"],
            row["ari"],
            row["coverage"],
            row["background_pooled"],
            row["background_high"],
            row["role_accuracy"],
            row["seconds"],
            None if row["peak_memory_bytes"] is None else round(row["peak_memory_bytes"] / 2**20),
        )
        for row in rows
    ]
    return table(cells, _COLUMNS)


def scenario_table(rows: Sequence[Row]) -> str:
    """Means over the points of each scenario, with published figures beside them."""
    cells = [
        (
            row["scenario"],
            row["backend"],
            row["n_points"],
            row["n"],
            row["n_with_modules"],
            row["ari"],
            row["ari_min"],
            row["coverage"],
            row["background_pooled"],
            row["background_high"],
            _figure(row["scenario"], VAE),
            _figure(row["scenario"], WGCNA),
            _figure(row["scenario"], FAIR_UNSIGNED),
        )
        for row in rows
    ]
    return table(cells, _SCENARIO_COLUMNS)


def point_table(rows: Sequence[Row], backend: str) -> str | None:
    """Fixtures for which a fair WGCNA figure is known; None where there is none."""
    cells = [
        (row["dataset"], row["ari"], unsigned, _figure(row["dataset"], FAIR_SIGNED))
        for row in rows
        if row["backend"] == backend
        and row["suite"] is not None
        and (unsigned := _figure(row["dataset"], FAIR_UNSIGNED, point=True)) is not None
    ]
    return table(cells, _POINT_COLUMNS) if cells else None


def _figure(where: str, method: str, *, point: bool | None = None) -> float | None:
    """The published ARI, None where there is none."""

    def fits(figure: Figure) -> bool:
        return (figure.where, figure.method, figure.metric) == (where, method, "ari") and (
            point is None or figure.point == point
        )

    return next((figure.value for figure in PUBLISHED if fits(figure)), None)
