"""kallisto: `SAMPLE/abundance.tsv`, also gzipped, or `SAMPLE/abundance.h5`.

Only a kallisto built with HDF5 writes the latter; files of its version 0.46.0 were read.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from isograph.errors import Problems
from isograph.importers.quantifiers.columns import (
    AGAIN,
    check_ids,
    check_numbers,
    label,
    read_columns,
)
from isograph.importers.quantifiers.model import Floats, Quantifier, QuantOptions, SampleQuant
from isograph.importers.quantifiers.processed import read_processed

_INFO = "run_info.json"
_ROUNDING = 1e-3  # counts are written with six digits each
_FIELDS = ("aux/ids", "aux/lengths", "aux/eff_lengths", "est_counts")


def read_kallisto(path: Path, options: QuantOptions, problems: Problems) -> SampleQuant | None:
    """Read one `abundance.tsv`, or `abundance.h5` where h5py is installed.

    Args:
        path: the file.
        options: not needed.
        problems: collects what is wrong, also counts beyond the number of reads processed.

    Returns:
        est_counts, eff_length and length; `n_processed` from `run_info.json` beside it. None,
        with the reasons noted, where the file is not good.
    """
    sample = _read_h5(path, problems) if path.suffix == ".h5" else _read_tsv(path, problems)
    if sample is None or sample.n_processed is None:
        return sample
    total = float(sample.counts.sum())
    if total > sample.n_processed * (1 + _ROUNDING):
        problems.add(
            label(path),
            f"{total:,.0f} counts are more than the {sample.n_processed:,} reads of {_INFO}",
            fix="the two are of different runs: copy both again",
        )
        return None
    return sample


def _read_tsv(path: Path, problems: Problems) -> SampleQuant | None:
    found = read_columns(
        path,
        ids="target_id",
        numbers=("est_counts", "eff_length", "length"),
        problems=problems,
    )
    if found is None:
        return None
    return SampleQuant(
        ids=found.text["target_id"],
        counts=found.numbers["est_counts"],
        effective_lengths=found.numbers["eff_length"],
        lengths=found.numbers["length"],
        n_processed=read_processed(path.parent / _INFO, "n_processed"),
    )


def _read_h5(path: Path, problems: Problems) -> SampleQuant | None:
    where, found = label(path), Problems()
    try:
        h5py = importlib.import_module("h5py")
    except ImportError:
        fix = "pip install h5py, or write tables: kallisto h5dump"
        problems.add(where, "reading kallisto's .h5 files takes h5py", fix=fix)
        return None
    try:
        with h5py.File(path, "r") as handle:
            names, lengths, effective, counts = (handle[field][:] for field in _FIELDS)
        ids = pa.array([name.decode() for name in names], pa.string())
        numbers = [np.asarray(values, dtype=np.float64) for values in (counts, effective, lengths)]
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        problems.add(where, f"cannot be read as kallisto's HDF5: {error}", fix=AGAIN)
        return None
    _check_h5(ids, numbers, where, found)
    problems.found.extend(found.found)
    if found:
        return None
    return SampleQuant(
        ids=ids,
        counts=numbers[0],
        effective_lengths=numbers[1],
        lengths=numbers[2],
        n_processed=read_processed(path.parent / _INFO, "n_processed"),
    )


def _check_h5(ids: Any, numbers: list[Floats], where: str, problems: Problems) -> None:
    if not len(ids) or any(values.shape != (len(ids),) for values in numbers):
        problems.add(where, "holds columns of no or of different lengths", fix=AGAIN)
        return
    check_ids(ids, where, "an id", problems)
    for field, values in zip(("est_counts", "eff_lengths", "lengths"), numbers, strict=True):
        check_numbers(values, ids, where=where, column=field, problems=problems)


KALLISTO = Quantifier(
    name="kallisto",
    title="kallisto",
    files=(
        *("abundance.tsv", "abundance.h5"),
        *("*.abundance.tsv", "*_abundance.tsv", "*.abundance.h5", "*_abundance.h5"),
    ),
    read=read_kallisto,
)
