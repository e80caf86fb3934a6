"""A `Bundle` to a folder: checked first, then written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from isograph.bundle.checks import Content, check_content
from isograph.bundle.format import (
    ASSAYS,
    KINDS,
    MANIFEST_FILE,
    SAMPLE_FILE,
    TABLE_FILES,
    is_truth,
    matrix_file,
)
from isograph.bundle.manifest import Manifest, parse_manifest
from isograph.bundle.model import Bundle
from isograph.bundle.npz import COLUMN_IDS, ROW_IDS, StoredMatrix, as_stored, write_matrix
from isograph.bundle.tables import SAMPLES, from_frame, normalise, text_columns, to_frame
from isograph.errors import BundleError, OutputError, Problems
from isograph.files import SCHEMA_VERSION, atomic_folder, to_json, write_table, write_text


@dataclass(frozen=True)
class _Prepared:
    """Everything that goes to disk, by file name, already checked."""

    manifest: Manifest
    tables: Mapping[str, pa.Table]
    matrices: Mapping[str, StoredMatrix]


def save_bundle(
    bundle: Bundle,
    path: Path | str,
    *,
    overwrite: bool = False,
    files: Mapping[str, str] | None = None,
) -> Path:
    """Write a bundle folder; equal bundles give equal bytes.

    Whole counts are stored as int32, all other matrices as float64, with the ids of their rows
    and columns. `schema_version` is added to the provenance.

    Args:
        bundle: what to write.
        path: the folder to make; missing parents are made.
        overwrite: replace a folder that is a bundle already. It is replaced whole: files beside
            the bundle's own go too.
        files: text files to write beside the bundle's own, by name.

    Returns:
        `path`.

    Raises:
        BundleError: the bundle breaks the format; lists every problem, nothing is written.
        OutputError: `path` is a file, is not empty, or cannot be written.
    """
    target = Path(path)
    check_bundle_target(target, overwrite=overwrite)
    prepared = _prepare(bundle)
    try:
        # through links, so that the folder is replaced and not the link to it
        with atomic_folder(target.resolve()) as work:
            for filename, table in prepared.tables.items():
                write_table(work / filename, table)
            for filename, matrix in prepared.matrices.items():
                write_matrix(work / filename, matrix)
            for filename, text in (files or {}).items():
                write_text(work / filename, text)
            write_text(work / MANIFEST_FILE, to_json(prepared.manifest.model_dump()))
    except OSError as error:
        raise OutputError(f"bundle {target} cannot be written: {error}") from error
    return target


def check_bundle_target(target: Path, *, overwrite: bool) -> None:
    """Refuse a folder that `save_bundle` would not write to; call it before long work.

    Raises:
        OutputError: says what is in the way.
    """
    problems = Problems()
    if target.is_dir():
        if any(target.iterdir()) and not overwrite:
            problems.add(
                str(target),
                "exists and is not empty",
                fix="choose another, or replace it with --overwrite",
            )
        elif any(target.iterdir()) and not _is_bundle(target):
            problems.add(str(target), "holds something that is no bundle", fix="remove it yourself")
    elif target.exists() or target.is_symlink():
        problems.add(str(target), "is not a folder", fix="choose another path")
    problems.raise_if_any(OutputError, "bundle not written")


def _is_bundle(folder: Path) -> bool:
    """Whether a folder has a bundle's manifest, be it damaged; snapshots have another one."""
    try:
        return b'"sample_table"' in (folder / MANIFEST_FILE).read_bytes()
    except OSError:
        return False


def _prepare(bundle: Bundle) -> _Prepared:
    problems = Problems()
    manifest = parse_manifest(_manifest_of(bundle), problems)
    samples = _normal(bundle.samples, SAMPLES, SAMPLE_FILE, problems)
    tables = {
        kind: _normal(bundle.tables[kind], kind, TABLE_FILES[kind], problems)
        for kind in KINDS
        if kind in bundle.tables
    }
    content = Content(
        samples=to_frame(samples),
        sample_file=SAMPLE_FILE,
        tables={kind: to_frame(table) for kind, table in tables.items()},
        table_files=TABLE_FILES,
        matrices=_plain_matrices(bundle, problems),
        matrix_files={assay: matrix_file(assay) for assay in ASSAYS},
    )
    check_content(content, problems)
    problems.raise_if_any(BundleError, f"bundle {bundle.name!r} refused, nothing written")
    assert manifest is not None  # an unusable one is a problem
    named = {TABLE_FILES[kind]: table for kind, table in tables.items()}
    matrices = {matrix_file(assay): _stored(content, assay) for assay in content.matrices}
    return _Prepared(manifest, {SAMPLE_FILE: samples, **named}, matrices)


def _manifest_of(bundle: Bundle) -> dict[str, Any]:
    """The manifest of a bundle in memory: known kinds and assays in their order, then others."""
    kinds = [*(k for k in KINDS if k in bundle.tables), *(set(bundle.tables) - set(KINDS))]
    assays = [*(a for a in ASSAYS if a in bundle.matrices), *(set(bundle.matrices) - set(ASSAYS))]
    provenance = {**bundle.provenance, "schema_version": SCHEMA_VERSION}
    shapes = {assay: (*np.shape(bundle.matrices[assay]), 1, 1)[:2] for assay in assays}
    return {
        "dataset_name": bundle.name,
        "suite_name": bundle.suite,
        "description": bundle.description,
        "sample_table": SAMPLE_FILE,
        "feature_tables": [
            {"kind": k, "filename": TABLE_FILES.get(k, k), "n_rows": len(bundle.tables[k])}
            for k in kinds
        ],
        "matrices": [
            {
                "assay_name": assay,
                "filename": matrix_file(assay),
                "n_features": shapes[assay][0],
                "n_samples": shapes[assay][1],
                "encoding": "dense_npz",
            }
            for assay in assays
        ],
        "provenance": {key: provenance[key] for key in sorted(provenance, key=str)},
        "truth_tables": [TABLE_FILES[k] for k in kinds if is_truth(k) and k in TABLE_FILES],
    }


def _normal(frame: Any, kind: str, where: str, problems: Problems) -> pa.Table:
    table = from_frame(frame, where, problems)
    return normalise(table, text=text_columns(kind), where=where, problems=problems)


def _plain_matrices(bundle: Bundle, problems: Problems) -> dict[str, Any]:
    """The matrices of known assays as 2-D arrays; others are noted and left out."""
    flat = {
        assay: np.asarray(bundle.matrices[assay]) for assay in ASSAYS if assay in bundle.matrices
    }
    for assay, data in flat.items():
        if data.ndim != 2:
            what = f"is not 2-D (shape {data.shape})"
            problems.add(matrix_file(assay), what, fix="give (n_features, n_samples)")
    return {assay: data for assay, data in flat.items() if data.ndim == 2}


def _stored(content: Content, assay: str) -> StoredMatrix:
    ids = {}
    for name, known in ((ROW_IDS, content.row_ids(assay)), (COLUMN_IDS, content.sample_ids())):
        if known is not None:
            ids[name] = known.astype(str)
    return StoredMatrix(as_stored(content.matrices[assay], assay), ids)
