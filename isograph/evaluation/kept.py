"""The fit of a benchmark cell beside its scores, where it is to be kept."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from isograph.evaluation.cache import CELL_FILE, FIT_FOLDER
from isograph.evaluation.snapshots import CONFIG, MANIFEST, METRICS, SUMMARY, TABLES, save_snapshot
from isograph.files import write_text
from isograph.results import Fit, write_fit
from isograph.results.folder import LOG
from isograph.study import study_name

# the manifest comes last: with it there, the others are
_SNAPSHOT = (*(f"{name}.parquet" for name in TABLES), METRICS, SUMMARY, CONFIG, MANIFEST)


def keep_fit(
    fit: Fit, folder: Path, *, dataset: str, recovery: float | None, seconds: float
) -> None:
    """Write a fit into the folder of its cell: as a snapshot with `run.log`, and whole in `fit/`.

    Args:
        fit: of the cell.
        folder: of the cell; what else is in it, such as further seeds, stays.
        dataset: names the snapshot.
        recovery: of the planted modules; None where nothing was planted.
        seconds: wall clock of the fit.
    """
    folder = Path(folder)
    write_fit(fit, folder / FIT_FOLDER)
    with tempfile.TemporaryDirectory(prefix=".snapshot.", suffix=".tmp", dir=folder) as work:
        made = save_snapshot(
            fit, study_name(dataset), Path(work), recovery=recovery, runtime_seconds=seconds
        )
        (folder / MANIFEST).unlink(missing_ok=True)
        write_text(folder / LOG, "\n".join(fit.log) + "\n")
        for name in _SNAPSHOT:
            (made / name).replace(folder / name)


def is_kept(folder: Path) -> bool:
    """Whether a cell's fit is there, snapshot and all."""
    return (Path(folder) / FIT_FOLDER).is_dir() and (Path(folder) / MANIFEST).is_file()


def forget_fit(folder: Path) -> None:
    """Delete the fit of a cell; what else is in the folder, such as further seeds, stays."""
    folder = Path(folder)
    for name in (*reversed(_SNAPSHOT), LOG):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / FIT_FOLDER, ignore_errors=True)


def forget_cell(folder: Path) -> None:
    """Delete a cell with its fit."""
    (Path(folder) / CELL_FILE).unlink(missing_ok=True)
    forget_fit(folder)
