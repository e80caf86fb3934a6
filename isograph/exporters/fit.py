"""A fit for other tools: network tables, GraphML, gene sets, CSV, AnnData and MuData."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from isograph.bundle.model import Bundle
from isograph.errors import OutputError, Problems
from isograph.exporters.annotated_data import write_h5ad, write_h5mu
from isograph.exporters.gmt import to_gmt
from isograph.exporters.graphml import to_graphml
from isograph.exporters.network import edge_table, node_table
from isograph.files import write_bytes
from isograph.results.model import Fit

Names = Mapping[str, str] | None

FORMATS = ("cytoscape", "graphml", "gmt", "csv")
"""What a fit can be written as by itself."""

WITH_DATA = {"h5ad": "fit.h5ad", "h5mu": "fit.h5mu"}
"""What a fit can be written as together with its bundle, and the file."""


def export_fit(
    fit: Fit,
    folder: Path,
    *,
    formats: Sequence[str] = FORMATS,
    names: Names = None,
    bundle: Bundle | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write a fit for other tools, each file whole; nothing is written if anything is refused.

    Args:
        fit: to write.
        folder: gets `nodes.tsv` and `edges.tsv` for `cytoscape`, `network.graphml`, `modules.gmt`,
            `tables/<name>.csv` for `csv`, `fit.h5ad` and `fit.h5mu`. What else is in it stays.
        formats: of `FORMATS`, and of `WITH_DATA` where the bundle is given.
        names: symbol by gene id.
        bundle: of the fit.
        overwrite: replace these files if they are there.

    Returns:
        The files, sorted.

    Raises:
        OutputError: a format does not exist, files are there and are to stay, or the folder is a
            file.
    """
    problems = Problems()
    for name in formats:
        if name not in (*FORMATS, *WITH_DATA):
            known = ", ".join([*FORMATS, *WITH_DATA])
            problems.add(name, "no such format", fix=f"one of {known}")
        elif name in WITH_DATA and bundle is None:
            problems.add(name, "holds the data too", fix="name the bundle with --dataset-path")
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        problems.add(str(folder), "is a file", fix="name a folder")
    problems.raise_if_any(OutputError, "export refused")
    files = {
        name: content
        for chosen in dict.fromkeys(formats)
        if chosen in _WRITERS
        for name, content in _WRITERS[chosen](fit, names).items()
    }
    with_data = {WITH_DATA[name]: _DATA_WRITERS[name] for name in formats if name in WITH_DATA}
    there = sorted(name for name in (*files, *with_data) if (folder / name).exists())
    if there and not overwrite:
        fix = "choose another folder, or pass --overwrite"
        problems.add(str(folder), "has files already", examples=there, count=len(there), fix=fix)
    problems.raise_if_any(OutputError, "export refused")
    # these may still be refused, so they come first
    for name, write in with_data.items():
        assert bundle is not None
        folder.mkdir(parents=True, exist_ok=True)
        write(fit, bundle, folder / name)
    for name, content in files.items():
        write_bytes(folder / name, content)
    return sorted(folder / name for name in (*files, *with_data))


def _cytoscape(fit: Fit, names: Names) -> dict[str, bytes]:
    nodes, edges = node_table(fit, names=names), edge_table(fit)
    return {"nodes.tsv": _tsv(nodes), "edges.tsv": _tsv(edges)}


def _graphml(fit: Fit, names: Names) -> dict[str, bytes]:
    return {"network.graphml": to_graphml(node_table(fit, names=names), edge_table(fit))}


def _gmt(fit: Fit, names: Names) -> dict[str, bytes]:
    return {"modules.gmt": to_gmt(fit, names=names).encode()}


def _csv(fit: Fit, names: Names) -> dict[str, bytes]:
    return {f"tables/{name}.csv": _as_csv(table) for name, table in fit.tables.items()}


def _tsv(table: pd.DataFrame) -> bytes:
    return table.to_csv(sep="\t", index=False, lineterminator="\n").encode()


def _as_csv(table: pa.Table) -> bytes:
    written = io.BytesIO()
    pyarrow.csv.write_csv(table, written)
    return written.getvalue()


_DATA_WRITERS: Mapping[str, Callable[[Fit, Bundle, Path], Path]] = {
    "h5ad": write_h5ad,
    "h5mu": write_h5mu,
}
_WRITERS: Mapping[str, Callable[[Fit, Names], dict[str, bytes]]] = {
    "cytoscape": _cytoscape,
    "graphml": _graphml,
    "gmt": _gmt,
    "csv": _csv,
}
