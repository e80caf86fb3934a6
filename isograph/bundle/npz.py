"""Matrices on disk: one dense array under `data`, the ids of its rows and columns beside it."""

from __future__ import annotations

import lzma
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from isograph.errors import Problems
from isograph.files import atomic_file

DATA = "data"
ROW_IDS = "feature_ids"
COLUMN_IDS = "sample_ids"

_NUMERIC = "iuf"
_INT32_MAX = np.iinfo(np.int32).max
# what zipfile, zlib and numpy raise on damaged or hostile archives
_BROKEN = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


@dataclass(frozen=True)
class StoredMatrix:
    """What one npz file holds.

    Attributes:
        data: numeric, shape (n_features, n_samples), in the dtype that is stored.
        ids: `feature_ids` (n_features,) and `sample_ids` (n_samples,), where recorded.
    """

    data: npt.NDArray[Any]
    ids: Mapping[str, npt.NDArray[np.str_]] = field(default_factory=dict)


def read_matrix(path: Path, where: str, problems: Problems) -> StoredMatrix | None:
    """Read one npz file; None, with every reason noted, where it holds no 2-D numeric array.

    The header of each array is looked at before any of it is read; nothing is ever unpickled.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_archive(archive, where, problems)
    except _BROKEN as error:
        problems.add(
            where, f"is truncated or not an npz archive: {error}", fix="write or copy it again"
        )
        return None


def _read_archive(archive: zipfile.ZipFile, where: str, problems: Problems) -> StoredMatrix | None:
    members = {name.removesuffix(".npy"): name for name in archive.namelist()}
    if DATA not in members:
        problems.add(
            where,
            f"holds no array `{DATA}`",
            examples=list(members),
            fix=f"save it with np.savez(file, {DATA}=matrix)",
        )
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name in (DATA, ROW_IDS, COLUMN_IDS):
        if name in members:
            array = _read_array(archive, members[name], name, where=where, problems=problems)
            if array is not None:
                arrays[name] = array
    if DATA not in arrays:
        return None
    return StoredMatrix(arrays.pop(DATA), arrays)


def _read_array(
    archive: zipfile.ZipFile, member: str, name: str, *, where: str, problems: Problems
) -> npt.NDArray[Any] | None:
    with archive.open(member) as handle:
        shape, dtype = _read_header(handle)
        stored = archive.getinfo(member).file_size - handle.tell()
    what, fix = _unfit(name, shape, dtype)
    if what:
        problems.add(where, what, fix=fix)
        return None
    if stored != math.prod(shape) * dtype.itemsize:
        problems.add(where, f"array `{name}` is truncated or damaged", fix="write or copy it again")
        return None
    with archive.open(member) as handle:
        array = np.lib.format.read_array(handle, allow_pickle=False)
        handle.read(1)  # reaching the end makes zipfile compare checksums
    native: npt.NDArray[Any] = array.astype(dtype.newbyteorder("="), copy=False)
    return native


def _read_header(handle: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(handle)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(handle)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(handle)
    else:
        raise ValueError(f"array format {version} is for structured arrays only")
    return shape, dtype


def _unfit(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[str, str]:
    """What is wrong with an array to judge by its header, and what to do; empty if nothing."""
    if dtype.hasobject:
        return f"array `{name}` is pickled and is never loaded", "save it as numbers or text"
    if name == DATA and dtype.kind not in _NUMERIC:
        return f"array `{DATA}` is not numeric (dtype {dtype})", "save integers or floats"
    if name == DATA and len(shape) != 2:
        return f"array `{DATA}` is not 2-D (shape {shape})", "save (n_features, n_samples)"
    if name != DATA and (dtype.kind != "U" or len(shape) != 1):
        return f"array `{name}` is not a list of text (dtype {dtype}, shape {shape})", "save str"
    return "", ""


def as_stored(data: npt.NDArray[Any], assay: str) -> npt.NDArray[Any]:
    """`data` in the dtype it is written in: whole counts as int32 where they fit, else float64."""
    small = assay.endswith("_counts") and data.size and float(np.abs(data).max()) <= _INT32_MAX
    whole = small and bool((data == np.rint(data)).all())
    return np.ascontiguousarray(data, dtype=np.int32 if whole else np.float64)


def write_matrix(path: Path, matrix: StoredMatrix) -> None:
    """Write one npz file, uncompressed, atomically; equal input gives equal bytes."""
    arrays: dict[str, Any] = {DATA: matrix.data}
    arrays |= {name: np.asarray(ids, dtype=str) for name, ids in matrix.ids.items()}
    with atomic_file(path) as work, work.open("wb") as handle:
        np.savez(handle, **arrays)
