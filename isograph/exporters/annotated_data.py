"""A fit with its data as AnnData (`.h5ad`) and MuData (`.h5mu`), for scanpy, muon and R."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle
from isograph.errors import OutputError, Problem
from isograph.explanation.usage import effective_lengths, shares, usage_weights
from isograph.files import atomic_file
from isograph.results.model import Fit

Floats = npt.NDArray[np.float64]

_INSTALL = 'pip install "isograph-assets[anndata]"'
_OF_GENES = ("gene_name", "chrom", "start", "end")
_STORED = ("string", "boolean", "integer", "floating", "empty")
_TABLES = ("module_summary", "traits", "eigengene_loadings", "module_overlaps")


def write_h5ad(fit: Fit, bundle: Bundle, path: Path) -> Path:
    """Write samples × genes with modules, roles and eigengenes.

    `X` is log2(1 + CPM), or the bundle's own log expression; `layers["counts"]` are gene counts.
    Samples are those of the fit, in its order; genes all those of the bundle.

    Args:
        fit: its modules.
        bundle: its data.
        path: replaced.

    Returns:
        The file.

    Raises:
        OutputError: anndata is not installed, or the bundle is not that of the fit.
    """
    anndata = _package("anndata", path)
    data = _genes(fit, bundle, anndata)
    with _quiet(), atomic_file(Path(path)) as work:
        data.write_h5ad(work, compression="gzip")
    return Path(path)


def write_h5mu(fit: Fit, bundle: Bundle, path: Path) -> Path:
    """Write modalities `gene`, as `write_h5ad` has it, and `transcript`.

    Of transcripts `X` are counts and `layers["usage"]` shares of the gene's molecules, NaN where
    the gene has no reads.

    Args:
        fit: its modules.
        bundle: its data; has transcript counts.
        path: replaced.

    Returns:
        The file.

    Raises:
        OutputError: mudata is not installed, the bundle is not that of the fit, or has no
            transcripts.
    """
    anndata, mudata = _package("anndata", path), _package("mudata", path)
    if "transcript_counts" not in bundle.matrices:
        fix = "h5ad holds the genes"
        problem = Problem(bundle.name, "has no transcript counts", fix=fix)
        raise OutputError("no h5mu written", [problem])
    genes = _genes(fit, bundle, anndata)
    transcripts = _transcripts(fit, bundle, anndata)
    with _quiet():
        with mudata.set_options(pull_on_update=False):
            both = mudata.MuData({"gene": genes, "transcript": transcripts})
            both.obs = genes.obs.copy()
        both.uns["isograph"] = genes.uns["isograph"]
        with atomic_file(Path(path)) as work:
            both.write_h5mu(work, compression="gzip")
    return Path(path)


def _package(name: str, path: Path) -> Any:
    try:
        with _quiet():
            return importlib.import_module(name)
    except ImportError:
        problem = Problem(Path(path).name, f"takes the package {name}", fix=_INSTALL)
        raise OutputError("export refused", [problem]) from None


def _quiet() -> warnings.catch_warnings[Any]:
    """Without the packages' announcements of their next versions."""
    return warnings.catch_warnings(action="ignore")


# ---- the parts


def _genes(fit: Fit, bundle: Bundle, anndata: Any) -> Any:
    columns = _columns(fit, bundle)
    genes = pd.Index(bundle.gene_ids, name="gene_id").astype(object)
    counts = _gene_counts(bundle, genes, columns)
    layers: dict[str, Floats] = {}
    values, said = _expression(bundle, genes, columns), "log expression of the bundle"
    if counts is not None:
        layers["counts"] = counts
        values, said = _log_cpm(counts), "log2(1 + counts per million)"
    eigengenes = fit.eigengenes.set_index("module_id").drop(columns="variance_explained")
    data = anndata.AnnData(
        X=None if values is None else values.astype(np.float32),
        obs=_obs(fit, bundle, columns, eigengenes),
        var=_var(fit, bundle, genes),
        layers=layers,
    )
    data.obsm["X_modules"] = eigengenes.T.to_numpy(dtype=np.float64)
    data.uns["isograph"] = _uns(fit, said, list(eigengenes.index.astype(str)))
    return data


def _columns(fit: Fit, bundle: Bundle) -> npt.NDArray[np.int64]:
    """Column of the bundle of each sample of the fit."""
    wanted = [str(name) for name in fit.eigengenes.columns[2:]]
    place = {str(name): number for number, name in enumerate(bundle.sample_ids)}
    absent = [name for name in wanted if name not in place]
    if absent or fit.config["bundle"]["content_hash"] != bundle.content_hash:
        what = "lacks samples of the fit" if absent else "is not the data set of the fit"
        problem = Problem(
            bundle.name,
            what,
            tuple(absent),
            len(absent) or None,
            fix=f"name {fit.config['bundle']['name']} with --dataset-path",
        )
        raise OutputError("export refused", [problem])
    return np.array([place[name] for name in wanted], dtype=np.int64)


def _rows(table: pd.DataFrame, genes: pd.Index[Any]) -> npt.NDArray[np.int64]:
    return pd.Index(table["gene_id"].astype(str)).get_indexer(genes)


def _gene_counts(
    bundle: Bundle, genes: pd.Index[Any], columns: npt.NDArray[np.int64]
) -> Floats | None:
    """Shape (n_samples, n_genes); None where the bundle has no counts."""
    if "transcript_counts" in bundle.matrices:
        gene_of = genes.get_indexer(pd.Index(bundle.tables["transcript"]["gene_id"].astype(str)))
        counts = bundle.matrices["transcript_counts"][:, columns].astype(np.float64)
        sums = np.zeros((len(genes), len(columns)))
        np.add.at(sums, gene_of, counts)
        return np.ascontiguousarray(sums.T)
    if "gene_counts" in bundle.matrices:
        return _taken(bundle, "gene_counts", genes, columns)
    return None


def _expression(
    bundle: Bundle, genes: pd.Index[Any], columns: npt.NDArray[np.int64]
) -> Floats | None:
    if "gene_expression" not in bundle.matrices:
        return None
    return _taken(bundle, "gene_expression", genes, columns)


def _taken(
    bundle: Bundle, assay: str, genes: pd.Index[Any], columns: npt.NDArray[np.int64]
) -> Floats:
    rows = _rows(bundle.tables["gene"], genes)
    taken = bundle.matrices[assay][np.maximum(rows, 0)][:, columns].astype(np.float64)
    taken[rows < 0] = np.nan
    return np.ascontiguousarray(taken.T)


def _log_cpm(counts: Floats) -> Floats:
    depth = counts.sum(axis=1, keepdims=True)
    cpm = np.divide(counts * 1e6, depth, out=np.zeros_like(counts), where=depth > 0)
    logs: Floats = np.log2(1 + cpm)
    return logs


def _obs(
    fit: Fit, bundle: Bundle, columns: npt.NDArray[np.int64], eigengenes: pd.DataFrame
) -> pd.DataFrame:
    """The sample table, then a column a module and a broad factor."""
    samples = bundle.samples.iloc[columns].set_index("sample_id")
    samples.index = samples.index.astype(object)
    ids = list(samples.index)
    programmes = fit.programmes.set_index("programme_id")
    profiles = {str(name): row[ids].to_numpy(dtype=float) for name, row in eigengenes.iterrows()}
    profiles |= {str(name): row[ids].to_numpy(dtype=float) for name, row in programmes.iterrows()}
    # a sample column of a module's name keeps it: eigengenes are in obsm too
    mine = {name: values for name, values in profiles.items() if name not in samples}
    return pd.concat([_plain(samples), pd.DataFrame(mine, index=samples.index)], axis=1)


def _var(fit: Fit, bundle: Bundle, genes: pd.Index[Any]) -> pd.DataFrame:
    var = pd.DataFrame(index=genes)
    for kind in ("gene", "transcript"):
        table = bundle.tables.get(kind)
        if table is None:
            continue
        for name in _OF_GENES:
            if name in table and name not in var:
                known = table[["gene_id", name]].dropna().drop_duplicates("gene_id")
                var[name] = known.set_index("gene_id")[name].reindex(genes)
    modules = fit.modules.set_index("gene_id").reindex(genes)
    roles = fit.roles.drop_duplicates("gene_id").set_index("gene_id").reindex(genes)
    var["module_id"] = modules["module_id"]
    var["module_role"] = roles["module_role"]
    for name in ("membership", "kme"):
        var[name] = modules[name]
    for name in ("switch_r", "abundance_r"):
        var[name] = roles[name]
    var["fate"] = fit.fates.set_index("gene_id")["fate"].reindex(genes)
    return _plain(var)


def _transcripts(fit: Fit, bundle: Bundle, anndata: Any) -> Any:
    columns = _columns(fit, bundle)
    table = bundle.tables["transcript"]
    counts = bundle.matrices["transcript_counts"][:, columns].astype(np.float64)
    gene_ids = table["gene_id"].astype(str).to_numpy(dtype=object)
    order = np.argsort(gene_ids.astype(str), kind="stable")
    gene = np.unique(gene_ids[order].astype(str), return_inverse=True)[1]
    lengths = effective_lengths(table)[order]
    # as on pages: one that nobody has a read of does not decide what usage is made of
    lengths = np.where((counts[order] > 0).any(axis=1), lengths, 1.0)
    usage = np.empty(counts.shape)
    usage[order] = shares(counts[order] / usage_weights(lengths, gene)[:, None], gene)
    var = table.set_index("transcript_id")
    var.index = var.index.astype(object)
    module = fit.modules.set_index("gene_id")["module_id"]
    var["module_id"] = module.reindex(gene_ids).to_numpy(dtype=object)
    return anndata.AnnData(
        X=np.ascontiguousarray(counts.T),
        obs=pd.DataFrame(
            index=pd.Index(bundle.sample_ids[columns], name="sample_id").astype(object)
        ),
        var=_plain(var),
        layers={"usage": np.ascontiguousarray(usage.T)},
    )


def _uns(fit: Fit, values: str, modules: list[str]) -> dict[str, Any]:
    config = fit.config
    told: dict[str, Any] = {
        "X": values,
        "modules": np.array(modules, dtype=object),
        "study": str(config["study"]),
        "backend": str(config["backend"]),
        "covariates": str(config["covariates"] or ""),
        "isograph_version": str(config["isograph_version"]),
        "fit_content_hash": fit.content_hash,
        "bundle_content_hash": str(config["bundle"]["content_hash"]),
    }
    return told | {name: _plain(fit.table(name)) for name in _TABLES}


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns as AnnData stores them, under names that it takes."""
    found: dict[str, pd.Series[Any]] = {}
    for name, column in frame.items():
        key = {"_index": "index", ".": "_"}.get(str(name), str(name).replace("/", "_"))
        while key != str(name) and (key in found or key in frame):
            key += "_"
        found[key] = _stored(column)
    return pd.DataFrame(found, index=frame.index)


def _stored(column: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers as they are, text as categories with missing ones, dates and the rest as text."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = column.cat.categories
        if pd.api.types.infer_dtype(known) in _STORED:
            return column
        return column.cat.rename_categories([str(one) for one in known])
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        days = bool((column.dropna() == column.dropna().dt.normalize()).all())
        column = column.dt.strftime("%Y-%m-%d" if days else "%Y-%m-%dT%H:%M:%S%z")
    column = column.astype(object)
    if pd.api.types.infer_dtype(column, skipna=True) not in _STORED:
        column = column.map(str, na_action="ignore")
    return column.astype("category")
