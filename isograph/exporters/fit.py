"""A fit for other tools: network tables, GraphML, gene sets, CSV of every table."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from isograph.errors import OutputError, Problems
from isograph.exporters.gmt import to_gmt
from isograph.exporters.graphml import to_graphml
from isograph.exporters.network import edge_table, node_table
from isograph.files import write_bytes
from isograph.results.model import Fit

Names = Mapping[str, str] | None

FORMATS = ("cytoscape", "graphml", "gmt", "csv")
"""What a fit can be written as."""


def export_fit(
    fit: Fit,
    folder: Path,
    *,
    formats: Sequence[str] = FORMATS,
    names: Names = None,
    overwrite: bool = False,
) -> list[Path]:
    """Write a fit for other tools, each file whole; nothing is written if anything is refused.

    Args:
        fit: to write.
        folder: gets `nodes.tsv` and `edges.tsv` for `cytoscape`, `network.graphml`, `modules.gmt`,
            and `tables/<name>.csv` for `csv`. What else is in it stays.
        formats: of `FORMATS`.
        names: symbol by gene id.
        overwrite: replace these files if they are there.

    Returns:
        The files, sorted.

    Raises:
        OutputError: a format does not exist, files are there and are to stay, or the folder is a
            file.
    """
    problems = Problems()
    for name in formats:
        if name not in FORMATS:
            problems.add(name, "no such format", fix=f"one of {', '.join(FORMATS)}")
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        problems.add(str(folder), "is a file", fix="name a folder")
    problems.raise_if_any(OutputError, "export refused")
    files = {
        name: content
        for chosen in dict.fromkeys(formats)
        for name, content in _WRITERS[chosen](fit, names).items()
    }
    there = sorted(name for name in files if (folder / name).exists())
    if there and not overwrite:
        fix = "choose another folder, or pass --overwrite"
        problems.add(str(folder), "has files already", examples=there, count=len(there), fix=fix)
    problems.raise_if_any(OutputError, "export refused")
    for name, content in files.items():
        write_bytes(folder / name, content)
    return sorted(folder / name for name in files)


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


_WRITERS: Mapping[str, Callable[[Fit, Names], dict[str, bytes]]] = {
    "cytoscape": _cytoscape,
    "graphml": _graphml,
    "gmt": _gmt,
    "csv": _csv,
}
