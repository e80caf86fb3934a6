"""The normal form of tables: text, int64, float64 or bool, whatever was stored."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from isograph.bundle.tables import from_frame, normal_frame, normalise, to_frame
from isograph.errors import Problems

DAY = datetime.date(2001, 10, 22)


def read(column: Any, *, text: tuple[str, ...] = ()) -> pd.Series[Any]:
    """One arrow column in normal form."""
    problems = Problems()
    table = normalise(pa.table({"x": column}), text=text, where="t", problems=problems)
    assert not problems
    return to_frame(table)["x"]


@pytest.mark.parametrize(
    ("column", "dtype", "values"),
    [
        (pa.array([1, 2], pa.int8()), np.int64, [1, 2]),
        (pa.array([2**63, 1], pa.uint64()), np.float64, [2.0**63, 1.0]),
        (pa.array([0.5, 2], pa.float32()), np.float64, [0.5, 2.0]),
        (pa.array([decimal.Decimal("1.5"), decimal.Decimal(2)]), np.float64, [1.5, 2.0]),
        (pa.array([True, False]), np.bool_, [True, False]),
        (pa.array(["a", None], pa.large_string()), object, ["a", None]),
        (pa.array(["a", "b"]).dictionary_encode(), object, ["a", "b"]),
        (pa.array([DAY, None]), object, ["2001-10-22", None]),
        (pa.nulls(2), object, [None, None]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_stored_types_become_plain_ones(column: Any, dtype: Any, values: list[Any]) -> None:
    series = read(column)
    assert series.dtype == dtype
    assert series.tolist() == values


def test_missing_whole_numbers_and_flags_stay_what_they_are() -> None:
    assert read(pa.array([1, None])).dtype == pd.Int64Dtype()
    assert read(pa.array([True, None])).dtype == pd.BooleanDtype()


def test_nan_is_null() -> None:
    problems = Problems()
    table = pa.table({"x": pa.array([np.nan, 1.0])})
    assert normalise(table, text=(), where="t", problems=problems)["x"].null_count == 1


@pytest.mark.parametrize("stored", [pa.array([3, None]), pa.array([3.0, np.nan])])
def test_whole_numbers_in_text_columns_have_no_point(stored: Any) -> None:
    assert read(stored, text=("x",)).tolist() == ["3", None]


def test_types_without_a_plain_form_are_refused_and_left_out() -> None:
    problems = Problems()
    interval = pa.array([(1, 2, 3)], pa.month_day_nano_interval())
    table = pa.table({"x": interval, "y": [{"a": 1}], "z": [b"raw"], "gene_id": ["G1"]})
    normal = normalise(table, text=("gene_id", "y"), where="t", problems=problems)
    assert normal.column_names == ["gene_id"]
    assert [problem.count for problem in problems.found] == [3]


@pytest.mark.parametrize(
    "column",
    [
        pd.Categorical(["a", None]),
        pd.array(["a", None], dtype="string"),
        np.array(["a", None], dtype=object),
    ],
)
def test_text_of_any_pandas_dtype_is_read(column: Any) -> None:
    problems = Problems()
    frame = normal_frame(pd.DataFrame({"x": column}), kind="gene", where="t", problems=problems)
    assert not problems
    assert frame["x"].tolist() == ["a", None]


def test_columns_that_mix_types_are_named_and_left_out() -> None:
    problems = Problems()
    table = from_frame(pd.DataFrame({"x": ["a", 1], "y": [1, 2]}), "t", problems)
    assert table.column_names == ["y"]
    assert problems.found[0].examples == ("x",)
