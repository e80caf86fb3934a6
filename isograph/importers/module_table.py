"""Modules that a user names: a table of genes and the module each belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.tables import normal_frame
from isograph.errors import Problems, StudyError
from isograph.files import hash_array
from isograph.importers.reading import read_annotation

GENE = "gene_id"
MODULE_COLUMNS = ("module_id", "module")
GREY = "grey"
"""What WGCNA calls genes that are in no module."""

_IN_MEMORY = "modules"
_MOST_UNKNOWN = 0.5


@dataclass(frozen=True)
class NamedModules:
    """Which module each gene belongs to, as the user says.

    Attributes:
        source: path of the file, or `modules` for a data frame.
        gene_ids: genes in a module, sorted, shape (n_genes,).
        names: the user's name of each gene's module, shape (n_genes,).
        n_unassigned: genes of the file that it puts in no module.
        unknown: genes of the file that the data set does not have, sorted, shape (n_unknown,).
    """

    source: str
    gene_ids: npt.NDArray[np.str_]
    names: npt.NDArray[np.str_]
    n_unassigned: int = 0
    unknown: npt.NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=str))

    @property
    def record(self) -> dict[str, Any]:
        """Where they come from, for `fit_config.json`."""
        return {
            "source": self.source,
            "n_genes": len(self.gene_ids),
            "n_modules": len(np.unique(self.names)),
            "n_unassigned": self.n_unassigned,
            "n_not_in_data": len(self.unknown),
            "content_hash": hash_array(np.stack([self.gene_ids, self.names]).astype(object)),
        }


def read_modules(
    modules: pd.DataFrame | Path | str, *, known_genes: npt.NDArray[np.str_]
) -> NamedModules:
    """Read a table with `gene_id` and `module_id` or `module`; other columns are of no interest.

    Genes without a module, and those in `grey`, are in none. Genes that the data set does not have
    are left out and named in the result, if they are no more than half of the file: published
    modules always hold some, but another kind of id would leave next to nothing.

    Args:
        modules: a data frame, or a parquet, TSV or CSV file, also gzipped.
        known_genes: genes of the data set.

    Returns:
        The modules.

    Raises:
        StudyError: lists everything that is wrong with the table.
    """
    problems = Problems()
    if isinstance(modules, pd.DataFrame):
        where = source = _IN_MEMORY
        frame = normal_frame(modules, kind="gene", where=where, problems=problems)
    else:
        path = Path(modules)
        where, source = path.name, str(path)
        read = read_annotation(path, problems)
        _refuse(problems, source)
        frame = pd.DataFrame() if read is None else read
    column = next((name for name in MODULE_COLUMNS if name in frame), None)
    if GENE not in frame:
        problems.add(where, f"has no column {GENE}", fix=f"name the column of genes {GENE}")
    if column is None:
        wanted = " or ".join(MODULE_COLUMNS)
        problems.add(where, f"has no column {wanted}", fix="name the column of modules so")
    if len(frame) == 0:
        problems.add(where, "has no rows", fix="give one row a gene")
    if GENE in frame:
        _check_genes(frame[GENE], known_genes, where, problems)
    _refuse(problems, source)
    assert column is not None
    name = frame[column].map(_as_name, na_action="ignore")
    inside = (name.notna() & ~name.isin(["", GREY])).to_numpy(dtype=bool)
    if not (inside & np.isin(frame[GENE].to_numpy(dtype=str), known_genes)).any():
        problems.add(where, "puts no gene in a module", fix=f"fill the column {column}")
    _refuse(problems, source)
    everybody = frame[GENE].to_numpy(dtype=str)
    known = np.isin(everybody, known_genes)
    inside &= known
    genes = everybody[inside]
    order = np.argsort(genes, kind="stable")
    return NamedModules(
        source=source,
        gene_ids=genes[order],
        names=name.to_numpy(dtype=object)[inside][order].astype(str),
        n_unassigned=int(np.count_nonzero(known & ~inside)),
        unknown=np.sort(everybody[~known]),
    )


def _refuse(problems: Problems, source: str) -> None:
    problems.raise_if_any(StudyError, f"modules refused: {source}")


def _as_name(value: object) -> str:
    """Module 3.0 is module 3: a missing value elsewhere must not rename the others."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _check_genes(
    ids: pd.Series[Any], known_genes: npt.NDArray[np.str_], where: str, problems: Problems
) -> None:
    """Note genes that are missing, stand twice, or are not in the data set."""
    missing = int(ids.isna().sum())
    if missing:
        problems.add(where, f"rows without a {GENE}", count=missing, fix="remove them")
    ids = ids.dropna().astype(str)
    twice = sorted(set(ids[ids.duplicated()]))
    if twice:
        problems.add(
            where,
            "genes that stand twice",
            examples=twice,
            count=len(twice),
            fix="a gene is in one module at most",
        )
    unknown = np.setdiff1d(ids.to_numpy(dtype=str), known_genes)
    n_genes = ids.nunique()
    if len(unknown) > _MOST_UNKNOWN * n_genes:
        problems.add(
            where,
            f"most of its {n_genes:,} genes are not in the data set",
            examples=unknown,
            count=len(unknown),
            fix="another kind of id, or ids with version suffixes? Use the data set's "
            f"({', '.join(known_genes[:2])}, …)",
        )
