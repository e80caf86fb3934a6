"""Whether a bundle folder has been copied in full, to judge by its files' ends and headers."""

import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from isograph.bundle.manifest import find_file, read_manifest
from isograph.bundle.npz import DATA
from isograph.errors import Problems
from isograph.importers.of_study import is_bundle

_FORMAT = np.lib.format


def what_is_missing(bundle: Path) -> tuple[str, ...]:
    """What a half-copied bundle lacks so far; empty when all of it is there.

    Nothing is loaded: a parquet file and an archive end with a table of their contents, which a
    part of either lacks. Whether the contents are right is for `validate_bundle` to say.

    Args:
        bundle: the folder that holds `manifest.json`; of quantified samples nothing is known before
            they are imported.
    """
    if not is_bundle(bundle):
        return ()
    problems = Problems()
    manifest = read_manifest(bundle, problems)
    if manifest is None:
        unread = [p for p in problems.found if "truncated" in p.what]
        # a whole manifest that breaks the format gets its full list from the bundle's check
        return tuple(f"{p.where} is not whole" for p in unread)
    there = Problems()
    paths = {name: find_file(bundle, name, there) for name in manifest.filenames}
    lacking = [f"{p.where} is missing" for p in there.found if p.what == "is missing"]
    rows = {manifest.sample_table: None} | {e.filename: e.n_rows for e in manifest.feature_tables}
    for name, expected in rows.items():
        path = paths.get(name)
        lacking += _table(path, name, expected) if path is not None else []
    for matrix in manifest.matrices:
        path = paths.get(matrix.filename)
        shape = (matrix.n_features, matrix.n_samples)
        lacking += _matrix(path, matrix.filename, shape) if path is not None else []
    return tuple(lacking)


def _table(path: Path, name: str, expected: int | None) -> list[str]:
    try:
        rows = pq.read_metadata(path).num_rows
    except (OSError, ValueError, pa.ArrowException):
        return [f"{name} is not whole"]
    if expected is not None and rows != expected:
        return [f"{name} has {rows} rows, not {expected}"]
    return []


def _matrix(path: Path, name: str, expected: tuple[int, int]) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            if f"{DATA}.npy" not in archive.namelist():
                return []
            with archive.open(f"{DATA}.npy") as handle:
                first = _FORMAT.read_magic(handle) == (1, 0)
                read = _FORMAT.read_array_header_1_0 if first else _FORMAT.read_array_header_2_0
                shape, _, _ = read(handle)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError):
        return [f"{name} is not whole"]
    return [f"{name} has shape {shape}, not {expected}"] if shape != expected else []
