"""What people call the genes of a bundle."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.bundle.model import Bundle


def gene_names(bundle: Bundle, gene_ids: npt.NDArray[np.str_]) -> npt.NDArray[np.str_]:
    """Name of each gene, its id where it has none, shape (n_genes,).

    Args:
        bundle: its gene table goes before its transcript table.
        gene_ids: no two alike, shape (n_genes,).
    """
    names = pd.Series(gene_ids, index=gene_ids, dtype=object)
    for kind in ("transcript", "gene"):
        table = bundle.tables.get(kind)
        if table is not None and "gene_name" in table.columns:
            known = table.dropna(subset=["gene_name"]).drop_duplicates("gene_id")
            found = known.set_index(known["gene_id"].astype(str))["gene_name"].reindex(gene_ids)
            names = found.astype(object).where(found.notna(), names)
    return names.to_numpy(dtype=str)
