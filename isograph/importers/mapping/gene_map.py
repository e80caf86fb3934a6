"""Which gene each transcript belongs to: a two-column table (tx2gene) or an annotation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.annotation.cache import read_annotation
from isograph.annotation.model import Annotation
from isograph.errors import ImportDataError, Problems
from isograph.importers.mapping.map_table import ADVICE, ANNOTATIONS, read_map_table, suffix_of

Ids = npt.NDArray[np.str_]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class GeneMap:
    """Gene of each transcript, one row a transcript, sorted by transcript.

    Attributes:
        transcript_ids: no two alike, shape (n_transcripts,).
        gene_ids: never empty, shape (n_transcripts,).
        gene_names: None where not known, shape (n_transcripts,); None if no row has one.
        lengths: of the spliced transcript in bases, NaN where not known, shape (n_transcripts,);
            None if no row has one.
        biotypes: None where not known, shape (n_transcripts,); None if no row has one.
        source: the file.
        kind: whether the file is a table or an annotation.
        n_repeated: rows left out because they say again what another row says.
        n_incomplete: rows left out because they lack a transcript or a gene.
    """

    transcript_ids: Ids
    gene_ids: Ids
    gene_names: Texts | None
    lengths: npt.NDArray[np.float64] | None
    biotypes: Texts | None
    source: Path
    kind: Literal["table", "gtf"]
    n_repeated: int = 0
    n_incomplete: int = 0

    def __len__(self) -> int:
        return len(self.transcript_ids)

    @property
    def findings(self) -> tuple[dict[str, Any], ...]:
        """Rows that were left out, as `import_report.json` lists them."""
        kinds = {
            "repeated_map_rows": (self.n_repeated, "kept once"),
            "incomplete_map_rows": (self.n_incomplete, "left out"),
        }
        return tuple(
            {"kind": kind, "n": n, "share_of_reads": None, "examples": [], "action": action}
            for kind, (n, action) in kinds.items()
            if n
        )


def read_gene_map(
    path: Path, problems: Problems, *, cache_dir: Path | None = None
) -> GeneMap | None:
    """Read a transcript-to-gene map.

    A table is CSV, TSV, TXT (all also gzipped) or parquet. With a header its columns are told by
    their names, in any order; without one they are transcript, gene and, if there is a third,
    the gene's name. From a GTF come gene, gene name, biotype and the sum of exon lengths.

    Args:
        path: the file; `.gtf` and `.gff` (also `.gz`) are annotations, anything else a table.
        problems: collects what is wrong, a transcript of two genes among it.
        cache_dir: where readings of annotations are kept (see `isograph.annotation.cache`).

    Returns:
        The map; None, with the reasons noted, if it cannot be used.
    """
    path, n_before = Path(path), len(problems.found)
    kind: Literal["table", "gtf"] = "gtf" if suffix_of(path) in ANNOTATIONS else "table"
    if not path.is_file():
        problems.add(str(path), "no such file", fix=ADVICE)
        return None
    if kind == "gtf":
        columns = _of_annotation(path, problems, cache_dir)
    else:
        columns = read_map_table(path, problems)
    if columns is None or len(problems.found) > n_before:
        return None
    return _build(columns, path=path, kind=kind, problems=problems)


# ---- one map out of columns


def _build(
    columns: pd.DataFrame, *, path: Path, kind: Literal["table", "gtf"], problems: Problems
) -> GeneMap | None:
    """Leave out what repeats or lacks an id, refuse transcripts of two genes, sort."""
    complete = columns.dropna(subset=["transcript_id", "gene_id"])
    if not len(complete):
        problems.add(path.name, "names no transcript with a gene", fix=ADVICE)
        return None
    # what is known about a transcript must not depend on which of its rows comes first
    details = [str(name) for name in columns if name not in ("transcript_id", "gene_id")]
    if (
        complete["transcript_id"].duplicated().any()
        or not complete["transcript_id"].is_monotonic_increasing
    ):
        complete = complete.sort_values(["transcript_id", "gene_id", *details])
    again = complete.duplicated(["transcript_id", "gene_id"])
    rows = complete[~again]
    if again.any() and details:
        pairs = complete.groupby(["transcript_id", "gene_id"], sort=True)
        rows = pairs[details].first().reset_index()
    _refuse_two_genes(rows, path, problems)
    if rows["transcript_id"].duplicated().any():
        return None
    lengths = rows["length"].to_numpy(dtype=np.float64) if "length" in rows else None
    return GeneMap(
        transcript_ids=rows["transcript_id"].to_numpy(dtype=np.str_),
        gene_ids=rows["gene_id"].to_numpy(dtype=np.str_),
        gene_names=_known(rows, "gene_name"),
        lengths=None if lengths is None or np.isnan(lengths).all() else lengths,
        biotypes=_known(rows, "biotype"),
        source=path,
        kind=kind,
        n_repeated=int(again.sum()),
        n_incomplete=len(columns) - len(complete),
    )


def _known(rows: pd.DataFrame, name: str) -> Texts | None:
    if name not in rows or rows[name].isna().all():
        return None
    values: Texts = rows[name].to_numpy(dtype=object, copy=True)
    values[pd.isna(values)] = None
    return values


def _refuse_two_genes(rows: pd.DataFrame, path: Path, problems: Problems) -> None:
    split = rows[rows["transcript_id"].duplicated(keep=False)]
    if len(split):
        genes = split.groupby("transcript_id", sort=True)["gene_id"].agg(" and ".join)
        problems.add(
            path.name,
            "transcripts of two genes or more",
            examples=[f"{transcript} of {both}" for transcript, both in genes.iloc[:3].items()],
            count=len(genes),
            fix="keep one gene a transcript",
        )


# ---- annotations


def _of_annotation(path: Path, problems: Problems, cache_dir: Path | None) -> pd.DataFrame | None:
    try:
        annotation = read_annotation(path, cache_dir=cache_dir)
    except ImportDataError as error:
        problems.found.extend(error.problems)
        return None
    columns = annotation.transcripts[["transcript_id", "gene_id", "gene_name", "biotype"]].copy()
    columns["length"] = exon_lengths(annotation)
    for name in ("gene_id", "gene_name", "biotype"):
        columns[name] = columns[name].mask(columns[name] == "")
    return columns


def exon_lengths(annotation: Annotation) -> npt.NDArray[np.float64]:
    """Bases in the exons of each transcript, shape (n_transcripts,)."""
    ends = np.concatenate([[0], np.cumsum(annotation.exon_end - annotation.exon_start + 1)])
    lengths: npt.NDArray[np.float64] = np.diff(ends[annotation.exon_first]).astype(np.float64)
    return lengths
