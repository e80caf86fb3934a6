"""From tables of genes, modules and roles to checked arrays of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.errors import InputError, Problems

Ints = npt.NDArray[np.int64]
Genes = npt.NDArray[np.str_]

TRUTH_ROLES = ("switch_only", "abundance_only", "coupled", "discordant")
MODULE_ROLES = (*TRUTH_ROLES, "inactive")


class ScoreError(InputError):
    """A partition cannot be scored against this truth."""


def check_tables(
    genes: Genes, *, tables: Mapping[str, pd.DataFrame | None], edges: pd.DataFrame | None
) -> None:
    """Refuse genes that nobody knows or that come twice, and roles that do not exist.

    Args:
        genes: every gene, sorted.
        tables: `truth`, `assigned`, `roles` and `truth_roles`, where there.
        edges: `source` and `target` gene ids, where there.

    Raises:
        ScoreError: lists everything that is wrong.
    """
    problems = Problems()
    for name, table in tables.items():
        if table is None:
            continue
        ids = table["gene_id"].astype(str)
        _check_known(problems, name, ids, genes)
        twice = ids[ids.duplicated()].unique()
        if len(twice):
            problems.add(
                name,
                "genes with several rows",
                examples=twice[:3],
                count=len(twice),
                fix="keep one",
            )
    for name, column, allowed in (
        ("roles", "module_role", MODULE_ROLES),
        ("truth_roles", "truth_role", (*TRUTH_ROLES, "background")),
    ):
        table = tables[name]
        if table is not None:
            values = table[column].astype(object)
            strange = values[~values.isin(allowed)].astype(str).unique()
            if len(strange):
                fix = f"use {', '.join(allowed)}"
                problems.add(name, "unknown roles", examples=strange, count=len(strange), fix=fix)
    if edges is not None:
        ends = pd.concat([edges["source"], edges["target"]]).astype(str)
        _check_known(problems, "edges", ends, genes)
    problems.raise_if_any(ScoreError, "partition cannot be scored")


def _check_known(problems: Problems, name: str, ids: pd.Series[str], genes: Genes) -> None:
    strange = ids[~ids.isin(genes)].unique()
    if len(strange):
        problems.add(
            name,
            "genes that are not among all genes",
            examples=strange[:3],
            count=len(strange),
            fix="score a partition of the same data set",
        )


def module_labels(table: pd.DataFrame, genes: Genes) -> Ints:
    """Module of each gene, −1 for none; modules are numbered by their smallest gene id."""
    table = table.dropna(subset=["module_id"])
    position = np.searchsorted(genes, table["gene_id"].to_numpy(dtype=str))
    order = np.argsort(position)
    labels = np.full(len(genes), -1, dtype=np.int64)
    labels[position[order]] = pd.factorize(table["module_id"].to_numpy()[order])[0]
    return labels


def role_codes(
    table: pd.DataFrame | None, column: str, names: Sequence[str], *, genes: Genes
) -> Ints:
    """Position of each gene's role in `names`, −1 for none or another."""
    codes = np.full(len(genes), -1, dtype=np.int64)
    if table is not None:
        position = np.searchsorted(genes, table["gene_id"].to_numpy(dtype=str))
        codes[position] = pd.Index(names).get_indexer(pd.Index(table[column].astype(object)))
    return codes
