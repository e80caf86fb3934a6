"""The dendrogram's table: what goes in comes out, and nothing else is read."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isograph.backends.wgcna.dendrogram import FILE, Dendrogram, read_dendrograms, to_bytes
from isograph.backends.wgcna.tree import tree_of_dissimilarity
from isograph.errors import OutputError


def some(seed: int, n: int) -> Dendrogram:
    rng = np.random.default_rng(seed)
    return Dendrogram(
        tree=tree_of_dissimilarity(rng.random(n * (n - 1) // 2)),
        feature_ids=np.array([f"G{i}::switch" for i in range(n)]),
        cut=rng.integers(-1, 3, n),
        module_ids=rng.choice(np.array(["", "M000", "M001"]), n),
    )


@pytest.mark.parametrize("sizes", [(2,), (17,), (9, 5, 2)])
def test_round_trip(sizes: tuple[int, ...]) -> None:
    given = [some(seed, n) for seed, n in enumerate(sizes)]
    back = read_dendrograms({FILE: to_bytes(given)})
    assert len(back) == len(given)
    for one, other in zip(given, back, strict=True):
        for name in ("feature_ids", "cut", "module_ids"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        for name in ("merge", "height", "order"):
            np.testing.assert_array_equal(getattr(one.tree, name), getattr(other.tree, name))


def test_bytes_are_the_same_twice() -> None:
    assert to_bytes([some(1, 12)]) == to_bytes([some(1, 12)])


def test_a_fit_without_one_has_none() -> None:
    assert read_dendrograms({}) == []


def test_anything_else_is_refused() -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1]}), sink)
    for content in (b"no parquet", sink.getvalue().to_pybytes()):
        with pytest.raises(OutputError, match=r"dendrogram.parquet.*fit again"):
            read_dendrograms({FILE: content})
