"""Tables that quality control writes, with their columns and types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from isograph.files import to_arrow
from isograph.quality.model import Components, Flag, Floats

_S, _F, _I, _B = pa.string(), pa.float64(), pa.int64(), pa.bool_()

SAMPLES = pa.schema(
    [
        ("sample_id", _S),
        ("library_size", _F),
        ("detected_genes", _F),
        ("detected_transcripts", _F),
        ("top50_share", _F),
        ("mitochondrial_share", _F),
        ("size_factor", _F),
        ("median_r", _F),
        ("distance", _F),
        ("library_size_z", _F),
        ("detected_genes_z", _F),
        ("correlation_z", _F),
        ("distance_z", _F),
        ("connectivity_z", _F),
        ("cluster_place", _I),
        ("xist", _F),
        ("y_genes", _F),
        ("predicted_sex", _S),
        ("declared_sex", _S),
        ("flags", _S),
    ]
)
FLAGS = pa.schema([("sample_id", _S), ("check", _S), ("value", _F), ("score", _F), ("reason", _S)])
SIMILAR = pa.schema([("sample_1", _S), ("sample_2", _S), ("r", _F), ("identical", _B)])
ASSOCIATIONS = pa.schema(
    [
        *(("component", _S), ("column", _S), ("role", _S), ("test", _S), ("r2", _F)),
        *(("pvalue", _F), ("qvalue", _F), ("n", _I)),
    ]
)
PAIRS = pa.schema(
    [
        *(("column_1", _S), ("kind_1", _S), ("role_1", _S)),
        *(("column_2", _S), ("kind_2", _S), ("role_2", _S), ("n", _I)),
        *(("measure", _S), ("strength", _F), ("pvalue", _F), ("qvalue", _F)),
        *(("relation", _S), ("warned", _B)),
    ]
)
RESERVED = frozenset(("sample_id", "component", "variance_share"))
"""Columns that stand beside those named after samples."""


def samples_table(columns: Mapping[str, Any], n_samples: int) -> pa.Table:
    """`sample_quality`, with null in what could not be told.

    Args:
        columns: by name, each of shape (n_samples,).
        n_samples: rows.
    """
    frame = pd.DataFrame({"sample_id": columns["sample_id"]})
    for field in SAMPLES:
        empty = None if field.type == _S else np.nan
        values = columns.get(field.name)
        frame[field.name] = [empty] * n_samples if values is None else values
    return to_arrow(frame, SAMPLES)


def flags_table(flags: Sequence[Flag]) -> pa.Table:
    """`flags`, a row a flag."""
    rows = [(f.sample_id, str(f.check), f.value, f.score, f.reason) for f in flags]
    return to_arrow(pd.DataFrame(rows, columns=FLAGS.names), FLAGS)


def similar_table(
    ids: npt.NDArray[np.str_],
    pairs: npt.NDArray[np.int64],
    r: Floats,
    identical: npt.NDArray[np.bool_],
) -> pa.Table:
    """`similar_pairs`, the closest first."""
    frame = pd.DataFrame(
        {
            "sample_1": ids[pairs[:, 0]].astype(object),
            "sample_2": ids[pairs[:, 1]].astype(object),
            "r": r,
            "identical": identical,
        }
    )
    return to_arrow(frame, SIMILAR)


def correlation_table(ids: npt.NDArray[np.str_], r: Floats | None) -> pa.Table:
    """`sample_correlation`, a row and a column a sample; no row where it could not be told."""
    names = [str(name) for name in ids]
    rows = pa.array(names if r is not None else [], type=_S)
    columns = [pa.array([] if r is None else r[:, i], type=_F) for i in range(len(names))]
    return pa.Table.from_arrays([rows, *columns], names=["sample_id", *names])


def components_table(ids: npt.NDArray[np.str_], components: Components | None) -> pa.Table:
    """`components`, a row a component and a column a sample."""
    names = [str(name) for name in ids]
    if components is None:
        components = Components(np.empty((0, len(names))), np.empty(0))
    arrays = [
        pa.array(components.names, type=_S),
        pa.array(components.shares, type=_F),
        *(pa.array(components.scores[:, i], type=_F) for i in range(len(names))),
    ]
    return pa.Table.from_arrays(arrays, names=["component", "variance_share", *names])
