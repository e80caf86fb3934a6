"""Atomic writes, stable formats and hashes: the only place where isograph touches bytes on disk."""

from __future__ import annotations

import ctypes
import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from isograph.machine import blocks, in_threads

SCHEMA_VERSION = "1"
_HASH_DIGITS = 6
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_HASH_ZERO = 1e-12
_HASH_WHOLE = 1e-9
_HASH_LARGEST_WHOLE = 1e12
_EXACT_BYTES = 4  # integers this wide stay below the largest whole number
_HASH_BLOCK = 1 << 16  # numbers; fits the cache


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside `target` that replaces it when the block ends well.

    A reader sees the old folder or the new one, never a mixture: the two are swapped in one step
    (on systems without such a step, by two renames), then the old one is deleted. If the block
    raises, `target` is as it was. Whether replacing is allowed is the caller's question, asked
    before.
    """
    # a link to a folder on another disk stays a link: the folder behind it is replaced
    target = Path(target).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent))
    try:
        # mkdtemp makes folders private; results are meant to be shared under the user's umask
        umask = os.umask(0)
        os.umask(umask)
        work.chmod(0o777 & ~umask)
        yield work
        if target.exists():
            if not _exchange(work, target):
                _replace_in_two_steps(work, target)
            shutil.rmtree(work, ignore_errors=True)
        else:
            work.rename(target)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise


def _exchange(first: Path, second: Path) -> bool:
    """Swap two paths in one step where the system can (Linux `renameat2`); False where not."""
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    done = swap(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE)
    return bool(done == 0)


def _replace_in_two_steps(work: Path, target: Path) -> None:
    """Rename `target` aside and `work` into its place; `work` then names the old folder."""
    aside = work.with_suffix(".old")
    target.rename(aside)
    try:
        work.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    aside.rename(work)


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target` that replaces it when the block ends well."""
    target = Path(target).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    os.close(handle)
    work = Path(name)
    try:
        umask = os.umask(0)
        os.umask(umask)
        work.chmod(0o666 & ~umask)
        yield work
        work.replace(target)
    except BaseException:
        work.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with atomic_file(path) as work:
        work.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes, whole or not at all."""
    with atomic_file(path) as work:
        work.write_bytes(content)


def plain(value: Any) -> Any:
    """Turn numpy scalars, arrays, paths and tuples into what JSON knows; NaN becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    return value


def to_json(value: Any) -> str:
    """JSON text: UTF-8, indented by two, keys in the given order, no NaN."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, atomically."""
    write_text(path, to_json(value))


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def to_arrow(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Cast `frame` to `schema`: its columns, in its order, with missing numbers as null."""
    arrays = [
        pa.array(frame[field.name].to_numpy(), type=field.type, from_pandas=True)
        for field in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def write_table(path: Path, table: pa.Table) -> None:
    """Write one parquet file, atomically; the same table gives the same bytes."""
    # measured numbers hardly repeat: a dictionary of them takes twice the time and more room
    repeating = [field.name for field in table.schema if not pa.types.is_floating(field.type)]
    with atomic_file(path) as work:
        pq.write_table(
            table, work, compression="zstd", use_dictionary=repeating, store_schema=False
        )


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _canonical_numbers(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """`numbers` to six significant digits, tiny ones as zero, NaN as one pattern."""
    size = np.abs(numbers)
    small = ~(size > _HASH_ZERO)  # NaN counts as small here and is put back below
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        exponent = np.where(small | ~np.isfinite(numbers), 0, np.floor(np.log10(size)))
        scale = 10.0 ** (_HASH_DIGITS - 1 - exponent)
        # counts keep all their digits, also where arithmetic left them a hair beside a whole number
        nearest = np.rint(numbers)
        whole = np.abs(numbers - nearest) <= _HASH_WHOLE * size
        whole &= size < _HASH_LARGEST_WHOLE
        rounded = np.where(whole, nearest, np.rint(numbers * scale) / scale)
    rounded = np.where(small, 0.0, rounded) + 0.0
    canonical: npt.NDArray[np.float64] = np.where(np.isnan(numbers), np.nan, rounded)
    return canonical


def hash_array(values: npt.NDArray[Any]) -> str:
    """Content hash of an array: its shape and values, whatever its dtype or memory order.

    Floats count to six significant digits, so that machines whose last bits differ agree.
    """
    digest = hashlib.sha256(str(tuple(values.shape)).encode())
    if values.dtype.kind in "OUS":
        digest.update(_canonical_strings(values.ravel()))
    else:
        flat = values.ravel()
        # whole numbers in range are canonical as they are
        plain_counts = values.dtype.kind in "iu" and values.dtype.itemsize <= _EXACT_BYTES
        for part in blocks(len(flat), _HASH_BLOCK):
            numbers = flat[part].astype(np.float64)
            digest.update((numbers if plain_counts else _canonical_numbers(numbers)).data)
    return digest.hexdigest()


def _canonical_strings(values: npt.NDArray[Any]) -> bytes:
    missing = pd.isna(values)
    parts = ["\x00" if gone else str(v) for v, gone in zip(values, missing, strict=True)]
    return "\x1f".join(parts).encode()


def hash_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, str]:
    """`hash_array` of each of several arrays, side by side."""
    return dict(zip(arrays, in_threads(hash_array, list(arrays.values())), strict=True))


def hash_table(table: pa.Table | pd.DataFrame) -> str:
    """Content hash of a table: column names in order, and values (see `hash_array`)."""
    if isinstance(table, pa.Table):
        names = table.column_names
        columns = [_arrow_values(column) for column in table.columns]
    else:
        names = list(table.columns)
        columns = [_frame_values(table[name]) for name in names]
    digest = hashlib.sha256()
    for name, found in zip(names, in_threads(hash_array, columns), strict=True):
        digest.update(str(name).encode() + b"\x1e")
        digest.update(found.encode())
    return digest.hexdigest()


def _arrow_values(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Numbers with NaN where null, without a copy if there is none; else what pandas makes."""
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        numbers: npt.NDArray[Any] = column.combine_chunks().to_numpy(zero_copy_only=False)
        return numbers
    return _frame_values(column.to_pandas())


def _frame_values(column: pd.Series[Any]) -> npt.NDArray[Any]:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return column.to_numpy(dtype=object)


def hash_parts(parts: Mapping[str, str]) -> str:
    """One hash over named hashes, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(parts):
        digest.update(f"{name}={parts[name]}\n".encode())
    return digest.hexdigest()
