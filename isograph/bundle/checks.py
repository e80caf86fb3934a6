"""What must be true of a bundle's content, whether it comes from disk or goes there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.format import (
    FLAG_COLUMNS,
    MAY_BE_NULL,
    NUMBER_COLUMNS,
    REQUIRED_COLUMNS,
    SAMPLE_ID,
    TRUTH_ROLES,
)
from isograph.bundle.model import ID_COLUMN, TABLE_OF_ASSAY
from isograph.bundle.values import check_values
from isograph.errors import Problems


@dataclass(frozen=True)
class Content:
    """The readable parts of a bundle and the names of the files they stand in.

    Attributes:
        samples: the sample table in normal form; None if it could not be read.
        sample_file: its file name.
        tables: feature tables by kind, in normal form (`isograph.bundle.tables`).
        table_files: their file names by kind.
        matrices: by assay, 2-D, shape (n_features, n_samples).
        matrix_files: their file names by assay.
    """

    samples: pd.DataFrame | None
    sample_file: str
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    table_files: Mapping[str, str] = field(default_factory=dict)
    matrices: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    matrix_files: Mapping[str, str] = field(default_factory=dict)

    def row_ids(self, assay: str) -> npt.NDArray[np.object_] | None:
        """Ids of a matrix's rows, shape (n_features,), where its table has them."""
        kind = TABLE_OF_ASSAY[assay]
        return _column(self.tables.get(kind), ID_COLUMN.get(kind))

    def sample_ids(self) -> npt.NDArray[np.object_] | None:
        """Ids of every matrix's columns, shape (n_samples,), where the sample table has them."""
        return _column(self.samples, SAMPLE_ID)


def check_content(content: Content, problems: Problems) -> None:
    """Note everything in a bundle's tables and matrices that breaks the format."""
    if content.samples is not None:
        check_samples(problems, content.sample_file, content.samples)
    for kind, frame in content.tables.items():
        check_table(problems, content.table_files[kind], kind, frame)
    _check_genes_known(problems, content)
    for assay, data in content.matrices.items():
        _check_shape(problems, content, assay, data)
        check_values(
            problems,
            content.matrix_files[assay],
            assay,
            data,
            rows=content.row_ids(assay),
            columns=content.sample_ids(),
        )


def check_samples(problems: Problems, where: str, samples: pd.DataFrame) -> None:
    """The sample table has samples, each with an id of its own."""
    if not len(samples):
        problems.add(where, "holds no samples")
    if SAMPLE_ID in samples:
        check_ids(problems, where, SAMPLE_ID, samples[SAMPLE_ID], unique=True)
    else:
        _missing_columns(problems, where, [SAMPLE_ID], samples)


def check_table(problems: Problems, where: str, kind: str, frame: pd.DataFrame) -> None:
    """A feature table has the columns of its kind, with ids and values that can be used."""
    required = REQUIRED_COLUMNS.get(kind, ())
    missing = [column for column in required if column not in frame]
    if missing:
        _missing_columns(problems, where, missing, frame)
    for column in required:
        is_id = column.endswith(("_id", "_uid")) and (kind, column) not in MAY_BE_NULL
        if column in frame and is_id:
            unique = column == ID_COLUMN.get(kind)
            check_ids(problems, where, column, frame[column], unique=unique)
    if kind == "truth_channel_role" and "truth_role" in frame:
        _check_roles(problems, where, frame["truth_role"])
    for owner, column in NUMBER_COLUMNS:
        if owner == kind and column in frame and not _is_number(frame[column]):
            problems.add(where, f"column {column} is not numeric", fix="write numbers or drop it")
    for owner, column in FLAG_COLUMNS:
        if owner == kind and column in frame and not _is_flag(frame[column]):
            problems.add(
                where, f"column {column} is neither true/false nor 0/1", fix="write true or false"
            )


def check_ids(
    problems: Problems, where: str, column: str, ids: pd.Series[Any], *, unique: bool
) -> None:
    """Ids are there (empty text counts as missing), and differ where they must.

    Args:
        problems: collects what is wrong.
        where: what messages call the table.
        column: what messages call the ids.
        ids: text with None where missing, indexed by row number from 0.
        unique: whether each id may stand in one row only.
    """
    missing = (ids.isna() | (ids == "")).to_numpy(dtype=bool)
    if missing.any():
        rows = ids.index[missing]
        problems.add(
            where,
            f"null or empty {column}",
            examples=[f"row {row + 1}" for row in rows[:3]],
            count=len(rows),
            fix="give every row an id, or remove it",
        )
    if unique:
        present = ids[~missing]
        repeated = present[present.duplicated()].unique()
        if len(repeated):
            problems.add(
                where,
                f"duplicate {column}",
                examples=list(repeated),
                count=len(repeated),
                fix="every row needs an id of its own",
            )


def check_recorded(problems: Problems, content: Content, assay: str, name: str, ids: Any) -> None:
    """Ids recorded beside a matrix are those of its table, in the same order.

    Args:
        problems: collects what is wrong.
        content: the bundle's tables.
        assay: the matrix.
        name: `feature_ids` or `sample_ids`.
        ids: recorded ids, text, shape (n_features,) or (n_samples,).
    """
    rows = name == "feature_ids"
    known = content.row_ids(assay) if rows else content.sample_ids()
    if known is None:
        return
    where, kind = content.matrix_files[assay], TABLE_OF_ASSAY[assay]
    table = content.table_files[kind] if rows else content.sample_file
    if len(ids) != len(known):
        what = f"records {len(ids)} {name}, {table} has {len(known)}"
        problems.add(where, what, fix="write both from the same data")
        return
    differ = np.flatnonzero(np.asarray(ids, dtype=object) != known)
    if len(differ):
        reordered = set(ids.tolist()) == set(known.tolist())
        problems.add(
            where,
            f"recorded {name} disagree with {table}",
            examples=[f"row {i + 1} is {ids[i]} here, {known[i]} there" for i in differ[:3]],
            count=len(differ),
            fix=f"bring {table} into the order of the matrix"
            if reordered
            else "write both from the same data",
        )


def _check_genes_known(problems: Problems, content: Content) -> None:
    transcript, gene = content.tables.get("transcript"), content.tables.get("gene")
    genes_of, known = _column(transcript, "gene_id"), _column(gene, "gene_id")
    if transcript is None or genes_of is None or known is None:
        return
    orphan = ~pd.Series(genes_of).isin(known) & pd.Series(genes_of).notna()
    if orphan.any():
        names = _column(transcript, "transcript_id")
        at = np.flatnonzero(orphan.to_numpy())
        problems.add(
            content.table_files["transcript"],
            f"transcripts whose gene is missing from {content.table_files['gene']}",
            examples=[
                f"{names[i] if names is not None else f'row {i + 1}'} (gene {genes_of[i]})"
                for i in at[:3]
            ],
            count=len(at),
            fix="add the genes or remove the transcripts",
        )


def _check_shape(problems: Problems, content: Content, assay: str, data: npt.NDArray[Any]) -> None:
    where, kind = content.matrix_files[assay], TABLE_OF_ASSAY[assay]
    sides = (
        ("rows", data.shape[0], content.tables.get(kind), content.table_files.get(kind, "")),
        ("columns", data.shape[1], content.samples, content.sample_file),
    )
    for side, size, frame, table in sides:
        if frame is not None and len(frame) != size:
            problems.add(
                where,
                f"has {size} {side}, {table} has {len(frame)} rows",
                fix="write the matrix and its tables from the same data",
            )


def _check_roles(problems: Problems, where: str, roles: pd.Series[Any]) -> None:
    unknown = roles[~roles.isin(TRUTH_ROLES)]
    if len(unknown):
        problems.add(
            where,
            "unknown truth_role",
            examples=[repr(role) for role in unknown.unique()],
            count=len(unknown),
            fix=f"use one of {', '.join(TRUTH_ROLES)}",
        )


def _missing_columns(
    problems: Problems, where: str, missing: list[str], frame: pd.DataFrame
) -> None:
    found = ", ".join(map(str, frame.columns[:6])) or "none"
    problems.add(
        where,
        "required columns are missing",
        examples=missing,
        count=len(missing),
        fix=f"add or rename them; found {found}",
    )


def _column(frame: pd.DataFrame | None, name: str | None) -> npt.NDArray[np.object_] | None:
    if frame is None or name is None or name not in frame:
        return None
    return frame[name].to_numpy(dtype=object)


def _is_number(column: pd.Series[Any]) -> bool:
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    flags = pd.api.types.is_bool_dtype(column.dtype)
    return bool(column.isna().all() or (numeric and not flags))


def _is_flag(column: pd.Series[Any]) -> bool:
    if pd.api.types.is_bool_dtype(column.dtype):
        return True
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    return bool(column.isna().all() or (numeric and column.dropna().isin([0, 1]).all()))
