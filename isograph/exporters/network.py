"""The network of a fit as two tables: genes and the edges between them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from isograph.results.model import Fit

_SIDES = ("source_feature_type", "target_feature_type")


def node_table(fit: Fit, *, names: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Genes that are in a module or on an edge.

    Args:
        fit: whose.
        names: symbol by gene id, where they are known.

    Returns:
        A row a gene, sorted by id: `gene_id`, `gene_name` (if `names`; the id where it has none),
        `module_id` (empty for genes of none), `module_role`, `membership`, `kme`, `switch_r`,
        `abundance_r` (missing for genes of none), `degree`: edges at the gene, and
        `module_degree`: those to genes of its module.
    """
    edges, modules = fit.edges, fit.modules
    ends = pd.concat([edges["source"], edges["target"]], ignore_index=True)
    genes = pd.Index(sorted({*modules["gene_id"], *ends}), name="gene_id")
    roles = fit.roles.set_index("gene_id")[["module_role", "switch_r", "abundance_r"]]
    table = pd.DataFrame(index=genes)
    if names is not None:
        table["gene_name"] = [names.get(gene) or gene for gene in genes]
    table = table.join(modules.set_index("gene_id")).join(roles)
    table["module_id"] = table["module_id"].fillna("")
    table["module_role"] = table["module_role"].fillna("")
    inside = _within(fit)
    own = pd.concat([edges["source"][inside], edges["target"][inside]], ignore_index=True)
    table["degree"] = ends.value_counts().reindex(genes, fill_value=0)
    table["module_degree"] = own.value_counts().reindex(genes, fill_value=0)
    order = ["gene_name"] if names is not None else []
    order += ["module_id", "module_role", "membership", "kme", "switch_r", "abundance_r"]
    return table[[*order, "degree", "module_degree"]].reset_index()


def edge_table(fit: Fit) -> pd.DataFrame:
    """Edges between genes, the strongest first.

    Returns:
        `source`, `target`, `weight`, `r`, `pvalue`, `channels` (`switch–switch`,
        `abundance–abundance` or `switch–abundance`), `source_feature_id`, `target_feature_id` and
        `module_id`: that both are in, else empty.
    """
    edges = fit.edges
    first, second = (edges[side].astype(str) for side in _SIDES)
    swapped = (first == "abundance") & (second == "switch")
    channels = np.where(swapped, second + "–" + first, first + "–" + second)
    module = edges["source"].map(fit.modules.set_index("gene_id")["module_id"])
    table = edges.assign(channels=channels, module_id=module.where(_within(fit)).fillna(""))
    columns = ["source", "target", "weight", "r", "pvalue", "channels"]
    columns += ["source_feature_id", "target_feature_id", "module_id"]
    by, rising = ["weight", "source", "target"], [False, True, True]
    return table[columns].sort_values(by, ascending=rising, ignore_index=True)


def _within(fit: Fit) -> pd.Series[bool]:
    """Edges whose genes are in one module."""
    module = fit.modules.set_index("gene_id")["module_id"]
    first, second = (fit.edges[side].map(module) for side in ("source", "target"))
    return first.notna() & (first == second)
