"""The dendrogram of a fit as one table: every leaf and every merge, with modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from isograph.backends.wgcna.blockwise import Block
from isograph.backends.wgcna.tree import Tree
from isograph.errors import OutputError, Problem

FILE = "dendrogram.parquet"

_S, _F, _I = pa.string(), pa.float64(), pa.int64()
SCHEMA = pa.schema(
    [
        ("block", _I),
        ("leaf", _I),
        ("merge", _I),
        ("left", _I),
        ("right", _I),
        ("height", _F),
        ("position", _I),
        ("feature_id", _S),
        ("cut_module", _I),
        ("module_id", _S),
    ]
)


@dataclass(frozen=True)
class Dendrogram:
    """The tree of one block with the modules of its leaves.

    Attributes:
        tree: leaves in the order of `feature_ids`.
        feature_ids: shape (n_leaves,).
        cut: module that the tree cut gave each leaf, −1 for none, shape (n_leaves,).
        module_ids: name of each leaf's module in the end, empty for none, shape (n_leaves,).
    """

    tree: Tree
    feature_ids: npt.NDArray[np.str_]
    cut: npt.NDArray[np.int64]
    module_ids: npt.NDArray[np.str_]


def dendrogram_of(
    block: Block, feature_ids: npt.NDArray[np.str_], module_ids: npt.NDArray[np.str_]
) -> Dendrogram:
    """The dendrogram of one block.

    Args:
        block: of the network.
        feature_ids: of all features, shape (n_features,).
        module_ids: of all features, empty for none, shape (n_features,).
    """
    return Dendrogram(
        tree=block.tree,
        feature_ids=feature_ids[block.members],
        cut=block.labels,
        module_ids=module_ids[block.members],
    )


def to_bytes(dendrograms: list[Dendrogram]) -> bytes:
    """Parquet: per block its leaves, then its merges; equal bytes for equal dendrograms.

    `left` and `right` are −i for leaf i and j for the result of merge j, both from 1, as in R's
    `hclust`; `position` counts leaves from left to right.
    """
    parts = [_table(number, one) for number, one in enumerate(dendrograms)]
    sink = BytesIO()
    pq.write_table(pa.concat_tables(parts), sink, compression="zstd", store_schema=False)
    return sink.getvalue()


def _table(number: int, one: Dendrogram) -> pa.Table:
    n, merges = one.tree.n_leaves, len(one.tree.height)
    position = np.empty(n, dtype=np.int64)
    position[one.tree.order] = np.arange(n)
    in_module, in_cut = one.module_ids != "", one.cut >= 0
    leaves = {
        "leaf": pa.array(np.arange(1, n + 1), type=_I),
        "position": pa.array(position, type=_I),
        "feature_id": pa.array(one.feature_ids.astype(object), type=_S),
        "cut_module": pa.array(one.cut, type=_I, mask=~in_cut),
        "module_id": pa.array(one.module_ids.astype(object), type=_S, mask=~in_module),
    }
    joined = {
        "merge": pa.array(np.arange(1, merges + 1), type=_I),
        "left": pa.array(one.tree.merge[:, 0], type=_I),
        "right": pa.array(one.tree.merge[:, 1], type=_I),
        "height": pa.array(one.tree.height, type=_F),
    }
    halves = []
    for known, length in ((leaves, n), (joined, merges)):
        known["block"] = pa.array(np.full(length, number), type=_I)
        columns = [known.get(f.name, pa.nulls(length, type=f.type)) for f in SCHEMA]
        halves.append(pa.Table.from_arrays(columns, schema=SCHEMA))
    return pa.concat_tables(halves)


def read_dendrograms(files: Mapping[str, bytes]) -> list[Dendrogram]:
    """The dendrograms that a fit holds, one a block; none if it holds none.

    Args:
        files: `Fit.files`.

    Raises:
        OutputError: the file is not what `to_bytes` writes.
    """
    if FILE not in files:
        return []
    try:
        table = pq.read_table(BytesIO(files[FILE]))
        if not table.schema.equals(SCHEMA):
            raise ValueError("other columns than expected")
        frame = table.to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        text = str(error).splitlines()[0]
        raise OutputError(
            "no dendrogram can be drawn", [Problem(FILE, text, fix="fit again")]
        ) from error
    found = []
    for _, rows in frame.groupby("block", sort=True):
        leaves = rows[rows["leaf"].notna()].sort_values("leaf")
        merges = rows[rows["merge"].notna()].sort_values("merge")
        tree = Tree(
            merge=merges[["left", "right"]].to_numpy(dtype=np.int64).reshape(-1, 2),
            height=merges["height"].to_numpy(dtype=np.float64),
            order=np.argsort(leaves["position"].to_numpy(dtype=np.int64), kind="stable"),
        )
        found.append(
            Dendrogram(
                tree=tree,
                feature_ids=leaves["feature_id"].to_numpy(dtype=str),
                cut=leaves["cut_module"].fillna(-1).to_numpy(dtype=np.int64),
                module_ids=leaves["module_id"].fillna("").to_numpy(dtype=str),
            )
        )
    return found
