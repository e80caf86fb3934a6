"""Tables between parquet and pandas, through one normal form: text, int64, float64 or bool."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from isograph.bundle.format import ID_COLUMNS, SAMPLE_ID
from isograph.errors import Problems

SAMPLES = "samples"
_INDEX_PREFIX = "__index_level_"
_MASKED = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def text_columns(kind: str) -> frozenset[str]:
    """Columns of a table (`SAMPLES` or a feature table's kind) that are text whatever is stored."""
    return frozenset({SAMPLE_ID}) if kind == SAMPLES else ID_COLUMNS


def read_parquet(path: Path, where: str, problems: Problems) -> pa.Table | None:
    """Read one parquet file as it is stored; None, with a problem noted, where that fails."""
    try:
        with pq.ParquetFile(path) as handle:
            table = handle.read().replace_schema_metadata(None)
        table.validate(full=True)  # damage can leave text that is not UTF-8
        names = table.column_names
    except (OSError, ValueError, MemoryError, pa.ArrowException) as error:
        first_line = str(error).partition("\n")[0]
        problems.add(
            where, f"is damaged or not parquet: {first_line}", fix="write or copy it again"
        )
        return None
    # pandas stores an unnamed row index as a column; it is no data
    return table.select([i for i, name in enumerate(names) if not name.startswith(_INDEX_PREFIX)])


def from_frame(frame: pd.DataFrame, where: str, problems: Problems) -> pa.Table:
    """A data frame as an arrow table, whatever its dtypes; NaN becomes null.

    Columns that mix types are noted as problems and left out.
    """
    names, arrays, mixed = [], [], []
    for position, name in enumerate(frame.columns):
        column = frame.iloc[:, position]
        try:
            arrays.append(pa.array(column, from_pandas=True))
            names.append(str(name))
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            mixed.append(str(name))
    if mixed:
        problems.add(
            where,
            "columns that mix types",
            examples=mixed,
            count=len(mixed),
            fix="make each all numbers or all text",
        )
    return pa.table(arrays, names=names) if names else pa.table({})


def normalise(
    table: pa.Table, *, text: Collection[str], where: str, problems: Problems
) -> pa.Table:
    """Bring every column to string, int64, float64 or bool, with missing values as null.

    Dates become ISO text and categories their values; nested and binary columns are refused.

    Args:
        table: as read or as made by `from_frame`.
        text: columns that become text even where whole numbers are stored (3 and 3.0 give "3").
        where: what messages call the table.
        problems: collects what is wrong.

    Returns:
        The table without pandas metadata; refused columns are left out.
    """
    names = table.column_names
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        problems.add(
            where,
            "columns with the same name",
            examples=repeated,
            count=len(repeated),
            fix="name each column once",
        )
    columns: dict[str, Any] = {}
    strange: list[str] = []
    for name, column in zip(names, table.columns, strict=True):
        try:
            normal = _as_text(column) if name in text else _as_value(column)
        except pa.ArrowException:  # a type that has no text form
            normal = None
        if normal is None:
            strange.append(f"{name} ({column.type})")
        else:
            columns.setdefault(name, normal)
    if strange:
        problems.add(
            where,
            "columns that are neither numbers, flags nor text",
            examples=strange,
            count=len(strange),
            fix="remove or convert them",
        )
    normal_table = pa.table(columns) if columns else pa.table({})
    if SAMPLE_ID in columns:
        others = [name for name in columns if name != SAMPLE_ID]
        normal_table = normal_table.select([SAMPLE_ID, *others])
    return normal_table.combine_chunks()


def to_frame(table: pa.Table) -> pd.DataFrame:
    """A normal table as a data frame.

    Text is dtype object with None where missing; whole numbers and flags are int64 and bool, or
    pandas' Int64 and boolean where some are missing; other numbers are float64 with NaN.
    """
    columns: dict[str, Any] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if column.type == pa.string():
            columns[name] = column.to_numpy(zero_copy_only=False)
        elif column.null_count and column.type in _MASKED:
            columns[name] = column.to_pandas(types_mapper=_MASKED.get).array
        else:
            columns[name] = column.to_numpy(zero_copy_only=False)
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def normal_frame(frame: pd.DataFrame, *, kind: str, where: str, problems: Problems) -> pd.DataFrame:
    """A data frame in the dtypes that `load_bundle` gives (see `to_frame`)."""
    table = from_frame(frame, where, problems)
    return to_frame(normalise(table, text=text_columns(kind), where=where, problems=problems))


def _as_text(column: Any) -> Any:
    """Any plain column as strings; None where it is nested or binary."""
    column = _decoded(column)
    if pa.types.is_floating(column.type):
        column = _nan_to_null(pc.cast(column, pa.float64()))
        if pc.all(pc.equal(pc.floor(column), column)).as_py() in (True, None):
            column = _safe_cast(column, pa.int64())
    return None if _is_strange(column.type) else pc.cast(column, pa.string())


def _as_value(column: Any) -> Any:
    column = _decoded(column)
    kind = column.type
    if _is_strange(kind):
        return None
    if pa.types.is_boolean(kind):
        return column
    if pa.types.is_integer(kind):
        return _safe_cast(column, pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _nan_to_null(pc.cast(column, pa.float64()))
    return pc.cast(column, pa.string())


def _decoded(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        return pc.cast(column, column.type.value_type)
    return column


def _is_strange(kind: Any) -> bool:
    binary = pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary
    return pa.types.is_nested(kind) or any(test(kind) for test in binary)


def _nan_to_null(column: Any) -> Any:
    return pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)


def _safe_cast(column: Any, target: Any) -> Any:
    """Cast where every value fits; whole numbers beyond int64 become float64."""
    try:
        return pc.cast(column, target)
    except pa.ArrowInvalid:
        return pc.cast(column, pa.float64(), safe=False)
