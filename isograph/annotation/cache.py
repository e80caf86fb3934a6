"""An annotation read once, kept as parquet under the hash of its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from isograph.annotation.gtf import read_gtf
from isograph.annotation.model import Annotation
from isograph.errors import ImportDataError, Problem
from isograph.files import atomic_folder, read_json, sha256_file, write_json, write_table
from isograph.progress import Steps

_FORMAT = 1
_META = "annotation.json"
_TRANSCRIPTS = pa.schema(
    [
        *((name, pa.string()) for name in ("transcript_id", "gene_id", "gene_name")),
        *((name, pa.string()) for name in ("chromosome", "strand", "biotype")),
        ("cds_start_known", pa.bool_()),
        ("cds_end_known", pa.bool_()),
        ("n_exons", pa.int64()),
        ("n_cds", pa.int64()),
    ]
)


def read_annotation(
    path: Path, *, cache_dir: Path | None = None, steps: Steps | None = None
) -> Annotation:
    """Read a GTF, or what an earlier reading of the same bytes left in the cache.

    Args:
        path: GTF, plain or gzip.
        cache_dir: where readings are kept; None keeps none. A damaged one is made anew.
        steps: where to show progress.

    Raises:
        ImportDataError: see `read_gtf`.
    """
    path, steps = Path(path), steps or Steps()
    with steps.step("annotation") as note:
        if cache_dir is None:
            found = read_gtf(path)
            note.result = _in_words(found)
            return found
        if not path.is_file():
            problem = Problem(str(path), "is not there", fix="give a GTF, plain or gzip")
            raise ImportDataError("annotation refused", [problem])
        folder = Path(cache_dir) / f"{sha256_file(path)}-{_FORMAT}"
        kept = _read_kept(folder, source=path.name)
        if kept is not None:
            note.result = f"{_in_words(kept)}, from the cache"
            return kept
        found = read_gtf(path)
        _keep(found, folder)
        note.result = _in_words(found)
    return found


def _in_words(annotation: Annotation) -> str:
    return f"{len(annotation):,} transcripts, {len(annotation.exon_start):,} exons"


def _keep(annotation: Annotation, folder: Path) -> None:
    transcripts = annotation.transcripts.assign(
        n_exons=np.diff(annotation.exon_first), n_cds=np.diff(annotation.cds_first)
    )
    tables = {
        "transcripts": pa.Table.from_pandas(transcripts, _TRANSCRIPTS, preserve_index=False),
        "exons": pa.table({"start": annotation.exon_start, "end": annotation.exon_end}),
        "cds": pa.table({"start": annotation.cds_start, "end": annotation.cds_end}),
    }
    with atomic_folder(folder) as work:
        for name, table in tables.items():
            write_table(work / f"{name}.parquet", table)
        hashes = {name: sha256_file(work / f"{name}.parquet") for name in tables}
        write_json(work / _META, {"content_hash": annotation.content_hash, "files": hashes})


def _read_kept(folder: Path, *, source: str) -> Annotation | None:
    """What `_keep` wrote; None if it is not there or not as it was."""
    try:
        meta = read_json(folder / _META)
        files = meta["files"]
        if any(sha256_file(folder / f"{name}.parquet") != files[name] for name in files):
            return None
        tables = {name: pq.read_table(folder / f"{name}.parquet") for name in files}
        frame = tables["transcripts"].to_pandas()
        exons, cds = tables["exons"], tables["cds"]
        return Annotation(
            transcripts=_with_none(frame.drop(columns=["n_exons", "n_cds"])),
            exon_first=np.concatenate([[0], np.cumsum(frame["n_exons"])]).astype(np.int64),
            exon_start=exons["start"].to_numpy(),
            exon_end=exons["end"].to_numpy(),
            cds_first=np.concatenate([[0], np.cumsum(frame["n_cds"])]).astype(np.int64),
            cds_start=cds["start"].to_numpy(),
            cds_end=cds["end"].to_numpy(),
            source=source,
            content_hash=meta["content_hash"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException):
        return None


def _with_none(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.mask(frame.isna(), None)
