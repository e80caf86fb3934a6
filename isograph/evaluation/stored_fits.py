"""A fit on disk with what is known about it beside its tables: recovery and seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isograph.bundle import Bundle, load_bundle
from isograph.errors import InputError, OutputError, Problem
from isograph.evaluation.cache import CELL_FILE, FIT_FOLDER
from isograph.evaluation.metrics import score_partition
from isograph.files import read_json
from isograph.results import Fit, read_fit
from isograph.results.folder import CONFIG

_STEP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ .{24,}? *(\d+\.\d\d) s(?:  |$)")


@dataclass(frozen=True)
class StoredFit:
    """A fit that was read, and what is known about it beside its tables.

    Attributes:
        fit: the fit.
        recovery: of the planted modules; None where nothing was planted or it is not known.
        runtime_seconds: wall clock of the fit; None where it is not known.
        note: why there is no recovery, in a sentence; empty where there is one.
    """

    fit: Fit
    recovery: float | None
    runtime_seconds: float | None
    note: str = ""


def open_fit(folder: Path, *, bundle: Path | None = None, score: bool = True) -> StoredFit:
    """Read a fit and what is known about it.

    Args:
        folder: of a fit; also of a finished benchmark cell that has one. The cell's `cell.json`
            then gives recovery and seconds.
        bundle: folder of its data set; where the fit's configuration says if None.
        score: score the fit where the cell does not say how well it did.

    Raises:
        OutputError: there is no fit that can be read, or `bundle` is another data set.
        BundleError: `bundle` cannot be read.
    """
    folder = Path(folder)
    if not (folder / CONFIG).exists() and (folder / CELL_FILE).exists():
        folder = folder / FIT_FOLDER
    fit = read_fit(folder)
    cell = _cell(folder, fit)
    seconds = seconds_of(fit) if cell is None else cell.get("runtime_seconds")
    if cell is not None and bundle is None:
        return StoredFit(fit, cell["metrics"].get("recovery"), seconds)
    if not score:
        return StoredFit(fit, None, seconds, "it was not scored")
    path = Path(fit.config["bundle"]["path"]) if bundle is None else bundle
    try:
        data = load_bundle(path)
    except (InputError, OSError):
        if bundle is not None:
            raise
        return StoredFit(fit, None, seconds, f"no data set can be read at {path}")
    if data.content_hash != fit.config["bundle"]["content_hash"]:
        if bundle is not None:
            what = f"is not the data set of this fit, {data_hash(fit)}"
            raise OutputError("fit not scored", [Problem(str(path), what)])
        return StoredFit(fit, None, seconds, f"{path} is no longer the data set of this fit")
    recovery = recovery_of(fit, data)
    return StoredFit(fit, recovery, seconds, "" if recovery is not None else "nothing was planted")


def _cell(folder: Path, fit: Fit) -> dict[str, Any] | None:
    """The benchmark's record beside a kept fit, if it is of this data set and backend."""
    if folder.resolve().name != FIT_FOLDER:
        return None
    try:
        record: dict[str, Any] = read_json(folder.resolve().parent / CELL_FILE)
        known = (record["dataset"], record["backend"]), record["metrics"].get("n_modules")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    own = (fit.config["bundle"]["name"], fit.config["backend"])
    return record if known == (own, fit.tables["module_summary"].num_rows) else None


def recovery_of(fit: Fit, bundle: Bundle) -> float | None:
    """Recovery of the planted modules; None where nothing was planted."""
    if not bundle.has_truth:
        return None
    return score_partition(
        bundle.tables["truth_module"],
        fit.modules,
        all_genes=bundle.gene_ids,
        rng=np.random.default_rng(0),
        n_permutations=0,
    ).recovery


def seconds_of(fit: Fit) -> float | None:
    """Wall clock of the fit's steps; of those in its log where it was read from a folder."""
    if fit.steps:
        return fit.seconds
    return _logged(fit.log)


def _logged(lines: Iterable[str]) -> float | None:
    found = [float(match[1]) for line in lines if (match := _STEP.match(line))]
    return round(sum(found), 2) if found else None


def data_hash(fit: Fit) -> str:
    """The hash of a fit's data set, for people."""
    return f"content hash {fit.config['bundle']['content_hash'][:12]}…"
