"""Modules as gene sets (GMT): a line a module, for GSEA, clusterProfiler, g:Profiler, Enrichr."""

from __future__ import annotations

from collections.abc import Mapping

from isograph.results.model import Fit


def to_gmt(fit: Fit, *, names: Mapping[str, str] | None = None) -> str:
    """Name of the module, what it is in a few words, then its genes, the most central first.

    Args:
        fit: whose modules.
        names: symbol by gene id; gene ids where there is none.
    """
    study = str(fit.config.get("study", "study"))
    described = fit.summary.set_index("module_id")
    lines = []
    for module, own in fit.modules.groupby("module_id", sort=True):
        about = f"{study}: {len(own)} genes, q = {described.at[module, 'qvalue']:.2g}"
        ordered = own.assign(strength=own["kme"].abs()).sort_values(
            ["strength", "gene_id"], ascending=[False, True]
        )
        genes = [(names or {}).get(gene) or gene for gene in ordered["gene_id"].astype(str)]
        # two genes of one name are one member of a set
        lines.append("\t".join([str(module), about, *dict.fromkeys(genes)]))
    return "".join(f"{line}\n" for line in lines)
