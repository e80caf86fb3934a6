"""Atomic writes and content hashes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isograph.files import (
    _HASH_BLOCK,
    atomic_file,
    atomic_folder,
    hash_array,
    hash_arrays,
    hash_parts,
    hash_table,
    to_json,
    write_json,
    write_table,
)

HASH_OF_NUMBERS = "4890a2a279bedb34b6a823aa78a323de9652d3af3551c373f29ff1dbdd5c58d6"
HASH_OF_TABLE = "1e8f6e6345f2d97b5ea17330d10783413ca97bc3e3287b6d30acc69057588bca"


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with atomic_folder(target) as work:
        (work / "a").write_text("1")
        assert not target.exists()
    assert (target / "a").read_text() == "1"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("atomic", [atomic_folder, atomic_file])
def test_an_error_leaves_nothing_behind(tmp_path: Path, atomic: object) -> None:
    def write() -> None:
        with atomic(tmp_path / "out"):  # type: ignore[operator]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert list(tmp_path.iterdir()) == []


def test_an_error_keeps_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "old").write_text("old")

    def write() -> None:
        with atomic_folder(target) as work:
            (work / "new").write_text("new")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        write()
    assert [entry.name for entry in target.iterdir()] == ["old"]


def test_json_has_no_nan_and_keeps_its_order(tmp_path: Path) -> None:
    text = to_json({"b": np.float64("nan"), "a": np.int64(3), "c": (1, Path("x"))})
    assert text == '{\n  "b": null,\n  "a": 3,\n  "c": [\n    1,\n    "x"\n  ]\n}\n'
    write_json(tmp_path / "x.json", {"é": 1})
    assert "é" in (tmp_path / "x.json").read_text(encoding="utf-8")


def test_hashes_ignore_dtype_and_memory_order() -> None:
    values = np.array([[1, 2], [3, 40_000_000]])
    assert hash_array(values) == hash_array(values.astype(float))
    assert hash_array(values) == hash_array(np.asfortranarray(values))
    assert hash_array(values) != hash_array(values.T)


@given(st.floats(1e-9, 1e9), st.floats(-1e-12, 1e-12))
def test_hashes_ignore_the_last_bits(value: float, noise: float) -> None:
    mantissa = value / 10 ** np.floor(np.log10(value)) * 1e5
    if abs(mantissa % 1 - 0.5) < 1e-3:
        return  # on the edge of rounding both neighbours are right
    if abs(abs(value - np.rint(value)) / value - 1e-9) < 1e-11:
        return  # and so they are on the edge of being a whole number
    if abs(value - np.rint(value)) > 0.49:
        return  # halfway between two whole numbers, of which a large one takes the nearest
    assert hash_array(np.array([value])) == hash_array(np.array([value * (1 + noise)]))


def test_a_count_that_arithmetic_left_beside_a_whole_number_is_that_number() -> None:
    counts = np.array([1_754_824.0, 3.0, 40_000_001.0])
    assert hash_array(counts * (1 + 1e-15)) == hash_array(counts.astype(np.int64))


def test_hashes_see_a_change_in_the_sixth_digit() -> None:
    assert hash_array(np.array([1.23456])) != hash_array(np.array([1.23457]))
    assert hash_array(np.array([1_234_567.0])) != hash_array(np.array([1_234_568.0]))


def test_missing_is_not_zero_and_negative_zero_is() -> None:
    assert hash_array(np.array([np.nan])) != hash_array(np.array([0.0]))
    assert hash_array(np.array([-0.0])) == hash_array(np.array([0.0]))


def test_tables_hash_by_names_order_and_values() -> None:
    frame = pd.DataFrame({"id": ["a", None], "x": [1.5, np.nan], "flag": [True, False]})
    assert hash_table(frame) == hash_table(pa.Table.from_pandas(frame, preserve_index=False))
    assert hash_table(frame) != hash_table(frame[["x", "id", "flag"]])
    assert hash_table(frame) != hash_table(frame.iloc[::-1])


def test_joined_text_cannot_pose_as_other_text() -> None:
    first = hash_table(pd.DataFrame({"a": ["xy", "z"]}))
    assert first != hash_table(pd.DataFrame({"a": ["x", "yz"]}))


def test_parts_hash_by_name_not_by_order() -> None:
    assert hash_parts({"a": "1", "b": "2"}) == hash_parts({"b": "2", "a": "1"})
    assert hash_parts({"a": "1", "b": "2"}) != hash_parts({"a": "2", "b": "1"})


@pytest.mark.parametrize("in_one_step", [True, False])
def test_replacing_leaves_the_new_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool
) -> None:
    if not in_one_step:
        monkeypatch.setattr("isograph.files._exchange", lambda *_: False)
    for text in ("old", "new"):
        with atomic_folder(tmp_path / "out") as work:
            (work / text).write_text(text)
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["new"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("n", [_HASH_BLOCK - 1, _HASH_BLOCK, 2 * _HASH_BLOCK + 3])
def test_hashes_of_long_arrays_see_every_number(n: int) -> None:
    values = np.arange(n, dtype=np.float64)
    whole = hash_array(values)
    values[-1] += 1
    assert hash_array(values) != whole
    # a block boundary is nothing that anybody can see
    assert hash_array(np.arange(n)) == whole
    assert hash_array(np.arange(n, dtype=np.int32)) == whole


def test_hashes_are_those_of_former_versions() -> None:
    values = np.array([[0.0, -1.5e-9, 3.14159265], [np.nan, np.inf, 12345678.0]])
    assert hash_array(values) == HASH_OF_NUMBERS
    frame = pd.DataFrame({"gene_id": ["a", None], "r": [0.25, np.nan], "n": [1, 2]})
    assert hash_table(frame) == HASH_OF_TABLE
    assert hash_table(pa.Table.from_pandas(frame)) == HASH_OF_TABLE


def test_several_arrays_hash_as_each_alone() -> None:
    arrays = {"b": np.arange(5), "a": np.array(["x", "y"], dtype=object)}
    assert hash_arrays(arrays) == {name: hash_array(values) for name, values in arrays.items()}


def test_a_table_comes_back_as_it_was_written(tmp_path: Path) -> None:
    table = pa.table({"gene_id": ["a", "a", None], "r.1": [0.1, None, 1e-300], "n": [1, 2, None]})
    write_table(tmp_path / "table.parquet", table)
    assert pq.read_table(tmp_path / "table.parquet").equals(table)


def test_measured_numbers_take_no_more_room_than_plain(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=20_000)
    write_table(tmp_path / "table.parquet", pa.table({"r": numbers}))
    assert (tmp_path / "table.parquet").stat().st_size < 1.02 * numbers.nbytes
