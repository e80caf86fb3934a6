"""A bundle folder to a `Bundle`, or one error that says everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from isograph.bundle.checks import Content, check_content, check_recorded
from isograph.bundle.format import MANIFEST_FILE
from isograph.bundle.manifest import Manifest, find_file, read_manifest
from isograph.bundle.model import TABLE_OF_ASSAY, Bundle
from isograph.bundle.npz import StoredMatrix, read_matrix
from isograph.bundle.tables import SAMPLES, normalise, read_parquet, text_columns, to_frame
from isograph.errors import BundleError, Problem, Problems
from isograph.machine import in_threads


def load_bundle(path: Path | str) -> Bundle:
    """Read a dataset bundle, of this version or of IsoGraph 0.1.x.

    Rows and columns stay in the order of the files. Matrices keep the dtype they are stored in
    (whole counts are often int32); ids and module ids are text; a missing whole number or flag
    makes its column Int64 or boolean.

    Args:
        path: the folder that holds `manifest.json`.

    Returns:
        The bundle, with `path` set to the folder.

    Raises:
        BundleError: lists every problem of the manifest, the tables and the matrices.
    """
    folder = Path(path)
    problems = Problems()
    bundle = _read(folder, problems)
    problems.raise_if_any(BundleError, f"bundle {folder} refused")
    assert bundle is not None  # no manifest is a problem
    return bundle


def validate_bundle(path: Path | str) -> tuple[Problem, ...]:
    """Everything that `load_bundle` would refuse a folder for; empty when it is good."""
    problems = Problems()
    _read(Path(path), problems)
    return tuple(problems.found)


def _read(folder: Path, problems: Problems) -> Bundle | None:
    manifest = read_manifest(folder, problems)
    if manifest is None:
        return None
    found = {name: find_file(folder, name, problems) for name in manifest.filenames}
    paths = {name: path for name, path in found.items() if path is not None}
    content, stored = _read_files(manifest, paths, problems)
    check_content(content, problems)
    for assay, matrix in stored.items():
        for name, ids in matrix.ids.items():
            check_recorded(problems, content, assay, name, ids)
    if problems or content.samples is None:
        return None
    return Bundle(
        name=manifest.dataset_name,
        suite=manifest.suite_name,
        description=manifest.description,
        samples=content.samples,
        tables=content.tables,
        matrices=content.matrices,
        provenance=manifest.provenance,
        path=folder,
    )


def _read_files(
    manifest: Manifest, paths: Mapping[str, Path], problems: Problems
) -> tuple[Content, dict[str, StoredMatrix]]:
    """Read what can be read, and compare its size with the manifest's."""
    samples = _read_table(paths, manifest.sample_table, SAMPLES, problems)
    tables: dict[str, pd.DataFrame] = {}
    for entry in manifest.feature_tables:
        frame = _read_table(paths, entry.filename, entry.kind, problems)
        if frame is not None:
            tables[entry.kind] = frame
            if len(frame) != entry.n_rows:
                what = f"has {len(frame)} rows, {MANIFEST_FILE} says {entry.n_rows}"
                problems.add(entry.filename, what, fix="write the bundle again")
    stored: dict[str, StoredMatrix] = {}
    wanted = [
        matrix
        for matrix in manifest.matrices
        if matrix.filename in paths and matrix.assay_name in TABLE_OF_ASSAY
    ]
    for matrix, (array, found) in zip(
        wanted,
        in_threads(lambda m: _read_alone(paths[m.filename], m.filename), wanted),
        strict=True,
    ):
        problems.found.extend(found)
        if array is not None:
            stored[matrix.assay_name] = array
            said = (matrix.n_features, matrix.n_samples)
            if array.data.shape != said:
                what = f"has shape {array.data.shape}, {MANIFEST_FILE} says {said}"
                problems.add(matrix.filename, what, fix="write the bundle again")
    content = Content(
        samples=samples,
        sample_file=manifest.sample_table,
        tables=tables,
        table_files={entry.kind: entry.filename for entry in manifest.feature_tables},
        matrices={assay: array.data for assay, array in stored.items()},
        matrix_files={entry.assay_name: entry.filename for entry in manifest.matrices},
    )
    return content, stored


def _read_alone(path: Path, filename: str) -> tuple[StoredMatrix | None, list[Problem]]:
    """A matrix and its own problems, so that several can be read at a time."""
    problems = Problems()
    return read_matrix(path, filename, problems), problems.found


def _read_table(
    paths: Mapping[str, Path], filename: str, kind: str, problems: Problems
) -> pd.DataFrame | None:
    path = paths.get(filename)
    table = read_parquet(path, filename, problems) if path is not None else None
    if table is None:
        return None
    text = text_columns(kind)
    return to_frame(normalise(table, text=text, where=filename, problems=problems))
