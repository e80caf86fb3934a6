"""A bundle as a folder of Salmon samples, to try an import on data whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.errors import OutputError, Problem
from isograph.files import atomic_folder, write_bytes

MAP_FILE, SHEET_FILE = "tx2gene.tsv", "samples.tsv"

_LENGTH = 1000.0
_FRAGMENT = 200.0


def write_salmon(bundle: Bundle, folder: Path, *, overwrite: bool = False) -> Path:
    """Write `SAMPLE/quant.sf` for every sample, `tx2gene.tsv` and `samples.tsv`.

    Effective lengths are those of fragments of 200 bases; a transcript without a length has 1,000.

    Args:
        bundle: with transcript counts.
        folder: made.
        overwrite: replace a folder that this wrote before.

    Returns:
        The folder.

    Raises:
        OutputError: the bundle has no transcript counts, or the folder holds something else.
    """
    if "transcript_counts" not in bundle.matrices:
        problem = Problem(bundle.name, "has no transcript counts")
        raise OutputError("no samples written", [problem])
    _check_target(folder, overwrite=overwrite)
    table, counts = bundle.tables["transcript"], bundle.matrices["transcript_counts"]
    lengths = np.full(len(table), _LENGTH)
    if "length" in table:
        known = pd.to_numeric(table["length"], errors="coerce").to_numpy(dtype=np.float64)
        lengths = np.where(known > 0, known, _LENGTH)
    effective = np.maximum(lengths - _FRAGMENT, 1.0)
    _check_names(bundle.sample_ids.tolist())
    with atomic_folder(folder) as work:
        for column, sample in enumerate(bundle.sample_ids):
            rate = counts[:, column] / effective
            quant = pd.DataFrame(
                {
                    "Name": table["transcript_id"],
                    "Length": lengths.astype(np.int64),
                    "EffectiveLength": effective,
                    "TPM": rate / max(rate.sum(), 1e-300) * 1e6,
                    "NumReads": counts[:, column],
                }
            )
            (work / str(sample)).mkdir()
            write_bytes(work / str(sample) / "quant.sf", _tsv(quant))
        genes = table[["transcript_id", "gene_id"]]
        write_bytes(work / MAP_FILE, _tsv(genes))
        write_bytes(work / SHEET_FILE, _tsv(bundle.samples))
    return folder


def _check_names(samples: list[str]) -> None:
    """Samples name folders, which must lie in the one that is written."""
    bad = [name for name in samples if name in ("", ".", "..") or set(name) & set("/\\\0")]
    if bad:
        fix = "rename them: each names a folder"
        what = "sample ids that cannot name a folder"
        raise OutputError(
            "no samples written", [Problem("samples", what, tuple(bad), len(bad), fix)]
        )


def _check_target(folder: Path, *, overwrite: bool) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    ours = folder.is_dir() and (folder / MAP_FILE).is_file() and (folder / SHEET_FILE).is_file()
    if not (ours and overwrite):
        fix = "choose another" + (", or pass --overwrite" if ours else "")
        problem = Problem(str(folder), "exists and is not empty", fix=fix)
        raise OutputError("no samples written", [problem])


def _tsv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(sep="\t", index=False, lineterminator="\n", na_rep="NA").encode()
