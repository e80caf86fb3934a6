"""AnnData files of transcript counts: `.h5ad`, samples in rows, transcripts in columns."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from isograph.bundle.format import SAMPLE_ID
from isograph.bundle.missing import is_missing
from isograph.errors import Problems
from isograph.importers.quantifiers.model import Quantified
from isograph.importers.reading import LARGEST
from isograph.importers.scale import note_other_scale
from isograph.importers.sheets.sample_sheet import Sheet, check_finite, finding
from isograph.importers.sheets.sheet_slips import note_slips

GENE_COLUMNS = ("gene_id", "gene_ids", "GENEID", "ensembl_gene_id", "gene")
_NAME_COLUMNS = ("gene_name", "gene_symbol", "symbol", "gene_names")
_LENGTH_COLUMNS = ("length", "transcript_length")
_AGAIN = "write it again with anndata's write_h5ad"


@dataclass(frozen=True)
class Cohort:
    """What an AnnData file holds.

    Attributes:
        quantified: counts and transcripts.
        sheet: of `obs`.
        ordered: levels of the ordered categories of `obs`, from the lowest to the highest.
    """

    quantified: Quantified
    sheet: Sheet
    ordered: Mapping[str, tuple[str, ...]]


def read_h5ad(
    path: Path,
    problems: Problems,
    *,
    layer: str | None = None,
    gene_column: str | None = None,
) -> Cohort | None:
    """Read counts, transcripts (`var`) and samples (`obs`).

    Args:
        path: the file.
        problems: collects what is wrong.
        layer: of `layers`; None takes `counts` if there is one, else X.
        gene_column: of `var`; None looks for one called like `gene_id`. Without one the gene map
            must come from elsewhere.

    Returns:
        What it holds; None, with the reasons noted, if it cannot be used.
    """
    path, where = Path(path), Path(path).name
    try:
        anndata: Any = importlib.import_module("anndata")
    except ImportError:
        fix = 'pip install "isograph-assets[anndata]"'
        problems.add(where, "reading .h5ad files takes the package anndata", fix=fix)
        return None
    if not path.is_file():
        what = "is a folder, a file should stand there" if path.exists() else "no such file"
        problems.add(str(path), what, fix="name an .h5ad file")
        return None
    try:
        data = anndata.read_h5ad(path)
    except Exception as error:  # damaged HDF5 raises anything
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        problems.add(where, f"cannot be read as AnnData: {reason}", fix=_AGAIN)
        return None
    own = Problems()
    chosen, values = _counts(data, layer, where, own)
    genes = _gene_column(data.var, gene_column, where, own)
    for what, index in (("samples", data.obs_names), ("transcripts", data.var_names)):
        _check_ids(index, what, where, own)
    if values is not None:
        _check_counts(values, data, where, own)
    problems.found.extend(own.found)
    if own or values is None:
        return None
    var = data.var
    quantified = Quantified(
        transcript_ids=data.var_names.astype(str).to_numpy(dtype=object),
        sample_ids=data.obs_names.astype(str).to_numpy(dtype=object),
        counts=values,
        effective_lengths=None,
        lengths=_lengths(var),
        gene_ids=None if genes is None else _texts(var[genes]),
        gene_names=_names(var) if genes is not None else None,
        sources=[(str(name), path) for name in data.obs_names],
        notes=[f"counts from {chosen}"],
    )
    sheet = _sheet(data.obs, path)
    check_finite(sheet.frame, where, problems)
    return Cohort(quantified, sheet, _ordered(data.obs))


def _counts(
    data: Any, layer: str | None, where: str, problems: Problems
) -> tuple[str, npt.NDArray[np.float64] | None]:
    """Counts as (n_transcripts, n_samples), and what they were called."""
    names = list(data.layers)
    if layer is not None and layer not in names:
        problems.add(
            where, f"has no layer {layer!r}", examples=names, fix="name one, or none for X"
        )
        return "", None
    chosen = layer or ("counts" if "counts" in names else None)
    matrix = data.X if chosen is None else data.layers[chosen]
    if matrix is None:
        problems.add(where, "has no X", examples=names, fix="name a layer with --layer")
        return "", None
    dense = matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)
    if dense.dtype.kind not in "fiub" or not dense.size:
        problems.add(where, f"holds {dense.dtype} of shape {dense.shape}, not counts", fix=_AGAIN)
        return "", None
    title = "X" if chosen is None else f"layer {chosen}"
    return title, np.ascontiguousarray(dense.T, dtype=np.float64)


def _check_counts(
    values: npt.NDArray[np.float64], data: Any, where: str, problems: Problems
) -> None:
    for what, bad in (
        ("NaN", np.isnan(values)),
        ("negative", values < 0),
        ("infinite or impossibly large", values > LARGEST),
    ):
        rows, columns = np.nonzero(bad)
        if len(rows):
            shown = zip(rows[:3], columns[:3], strict=True)
            problems.add(
                where,
                f"counts that are {what}",
                examples=[f"{data.var_names[i]} in {data.obs_names[j]}" for i, j in shown],
                count=len(rows),
                fix="counts are needed, not logarithms or z scores: name their --layer",
            )
    note_other_scale(values, where, problems)


def _check_ids(index: Any, what: str, where: str, problems: Problems) -> None:
    names = pd.Series(index.astype(str))
    for said, bad in (
        ("stand twice", names.duplicated()),
        ("have no name", names.str.strip() == ""),
    ):
        if bad.any():
            shown = names[bad].unique()
            problems.add(
                where, f"{what} that {said}", examples=shown, count=len(shown), fix="name each once"
            )


def _gene_column(
    var: pd.DataFrame, asked: str | None, where: str, problems: Problems
) -> str | None:
    if asked is not None and asked not in var:
        there = list(var.columns)
        problems.add(where, f"var has no column {asked!r}", examples=there, count=len(there))
    return asked if asked is not None else next((n for n in GENE_COLUMNS if n in var), None)


def _texts(column: pd.Series[Any]) -> npt.NDArray[np.object_]:
    text: npt.NDArray[np.object_] = column.astype("string").to_numpy(dtype=object)
    text[pd.isna(text)] = None
    return text


def _names(var: pd.DataFrame) -> npt.NDArray[np.object_] | None:
    found = next((name for name in _NAME_COLUMNS if name in var), None)
    return None if found is None else _texts(var[found])


def _lengths(var: pd.DataFrame) -> npt.NDArray[np.float64] | None:
    found = next((name for name in _LENGTH_COLUMNS if name in var), None)
    if found is None:
        return None
    lengths = pd.to_numeric(var[found], errors="coerce").to_numpy(dtype=np.float64)
    return np.where(np.isfinite(lengths) & (lengths > 0), lengths, np.nan)


def _sheet(obs: pd.DataFrame, path: Path) -> Sheet:
    """`obs` as a sample sheet; categories become their values."""
    frame = obs.copy()
    frame.columns = frame.columns.astype(str)
    findings = []
    if SAMPLE_ID in frame:
        frame = frame.rename(columns={SAMPLE_ID: "obs_sample_id"})
        findings.append(finding("sample_column", len(frame), [SAMPLE_ID], "kept as obs_sample_id"))
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            plain = frame[name].to_numpy(dtype=object)
            plain[pd.isna(plain)] = None
            frame[name] = plain
    frame.insert(0, SAMPLE_ID, obs.index.astype(str).to_numpy(dtype=object))
    frame = frame.reset_index(drop=True)
    for name in frame.columns.drop(SAMPLE_ID):
        if pd.api.types.infer_dtype(frame[name], skipna=True) == "string":
            text = frame[name].to_numpy(dtype=object, copy=True)
            text[pd.isna(text) | is_missing(frame[name].astype(object)).to_numpy()] = None
            frame[name] = text
    # text stays text: most of it are groups, whatever they are called
    findings += note_slips(frame, finding)
    return Sheet(frame, "obs_names", path, tuple(findings))


def _ordered(obs: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    return {
        str(name): tuple(str(level) for level in column.cat.categories)
        for name, column in obs.items()
        if isinstance(column.dtype, pd.CategoricalDtype)
        and column.cat.ordered
        and len(column.cat.categories) > 1
    }
