"""A fit as a folder: written whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from isograph import targets
from isograph.errors import OutputError, Problem, Problems
from isograph.files import (
    atomic_folder,
    read_json,
    write_bytes,
    write_json,
    write_table,
    write_text,
)
from isograph.results.model import EXTRA_FILES, PLOTS, TABLES, Fit

CONFIG = "fit_config.json"
CALIBRATION = "calibration.json"
LOG = "run.log"
_OWN_FILES = {
    *(CONFIG, CALIBRATION, LOG, *EXTRA_FILES),
    *(f"{name}.parquet" for name in TABLES),
    *(f"{name}.{ending}" for name in PLOTS for ending in ("png", "pdf")),
}


def check_target(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder that a fit would replace wrongly; call it before any work is done.

    A former fit is replaced; other files in the way need `overwrite`. A folder that holds a data
    set, other folders, the current or the home folder is never replaced.

    Raises:
        OutputError: says what is in the way.
    """
    targets.check_target(folder, result="fit", record=CONFIG, own=_OWN_FILES, overwrite=overwrite)


def write_fit(fit: Fit, folder: Path, *, overwrite: bool = False) -> Path:
    """Write a fit as one folder of parquet and JSON files.

    Args:
        fit: what to write.
        folder: made, or replaced if it holds a former fit.
        overwrite: replace a folder that holds anything else.

    Returns:
        The folder.

    Raises:
        OutputError: the folder holds something else.
    """
    folder = Path(folder)
    check_target(folder, overwrite=overwrite)
    with atomic_folder(folder) as work:
        # one writer beside the hashes: more would race for the umask
        with ThreadPoolExecutor(1) as pool:
            written = [
                pool.submit(write_table, work / f"{name}.parquet", table)
                for name, table in fit.tables.items()
            ]
            hashes = {"content_hash": fit.content_hash, "tables": fit.table_hashes}
        for done in written:
            done.result()
        config = dict(fit.config) | hashes
        write_json(work / CONFIG, config)
        if fit.calibration is not None:
            write_json(work / CALIBRATION, fit.calibration)
        write_text(work / LOG, "\n".join(fit.log) + "\n")
        for name, content in fit.files.items():
            assert name in EXTRA_FILES
            write_bytes(work / name, content)
    return folder


def read_fit(folder: Path) -> Fit:
    """Read what `write_fit` wrote.

    Raises:
        OutputError: names every file that is missing or unreadable.
    """
    folder = Path(folder)
    _refuse_other_folder(folder)
    problems = Problems()
    tables: dict[str, pa.Table] = {}
    for name in TABLES:
        path = folder / f"{name}.parquet"
        try:
            tables[name] = pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            _note_unreadable(problems, path, error)
    config, calibration = {}, None
    try:
        config = read_json(folder / CONFIG)
        if (folder / CALIBRATION).exists():
            calibration = read_json(folder / CALIBRATION)
    except (OSError, ValueError) as error:
        _note_unreadable(problems, folder / CONFIG, error)
    problems.raise_if_any(OutputError, f"{folder} is not a fit that can be read")
    for key in ("content_hash", "tables"):
        config.pop(key, None)
    log = folder / LOG
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    files = {
        name: (folder / name).read_bytes() for name in EXTRA_FILES if (folder / name).is_file()
    }
    return Fit(config=config, calibration=calibration, tables=tables, log=tuple(lines), files=files)


def _refuse_other_folder(folder: Path) -> None:
    """One sentence for a folder that is no fit at all, in the place of a list of files."""
    headline = f"{folder} is not a fit that can be read"
    if not folder.is_dir():
        raise OutputError(headline, [Problem(str(folder), "there is no such folder")])
    if not (folder / CONFIG).exists() and (folder / "manifest.json").exists():
        fix = f"isograph fit --dataset-path {folder}"
        raise OutputError(headline, [Problem(str(folder), "is a data set bundle", fix=fix)])
    if not (folder / CONFIG).exists() and (folder / "fit" / CONFIG).is_file():
        problem = Problem(str(folder), "is the folder of a run", fix=f"name its {folder / 'fit'}")
        raise OutputError(headline, [problem])


def _note_unreadable(problems: Problems, path: Path, error: Exception) -> None:
    what = str(error).splitlines()[0] if path.exists() else "is missing"
    problems.found.append(Problem(path.name, what, fix="fit again"))
