"""The tables of the index page."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from markupsafe import Markup

from isograph.explanation.folder import closest_traits
from isograph.explanation.page import layouts
from isograph.explanation.page.about import programme_match
from isograph.explanation.page.columns import Column, Kind
from isograph.explanation.page.roles import role_bar, role_counts
from isograph.explanation.page.rows import records
from isograph.explanation.page.tables import Table, make_table
from isograph.explanation.page.traits import CLEAR_Q, direction
from isograph.explanation.source import MODULE, Source

CONTRAST_ROWS = 100
_TOP_GENES = 5
_EVERYTHING = 0

_LEAD = (
    "Modules are groups of genes that go together, by size; M000 is the largest. Broad factors "
    "(P00, …) are directions that genes of many modules share. Type a gene into the filter to see "
    "where it belongs. Each row has its closest trait, the one with the smallest p. Links lead to "
    "their pages."
)
_PROFILE_COLUMNS = (
    Column("link", "Name", Kind.NAME, "Module or broad factor."),
    Column("kind", "Kind", Kind.TEXT, "Broad factors say whether they were taken out."),
    Column("n_genes", "Genes", Kind.COUNT, "Genes that belong to it, or load on the factor."),
    Column(
        "roles",
        "Roles",
        Kind.HTML,
        "Share of its genes by role, colours as in the legend; numbers under the pointer.",
        sortable=False,
    ),
    Column(
        "variance",
        "Variance",
        Kind.SHARE,
        "Modules: variance of its features that its eigengene carries. Broad factors: share of the "
        "variance of all features.",
    ),
    Column("pvalue", "p", Kind.PVALUE, "A module this dense by chance."),
    Column("qvalue", "q", Kind.PVALUE, "p corrected for the number of modules."),
    Column("stability", "Stability", Kind.DECIMAL, "Share kept together in half-samples, 0 to 1."),
    Column(
        "trait",
        "Closest trait",
        Kind.HTML,
        "The one with the smallest p, and its direction; grey where q is above 0.05.",
    ),
    Column(
        "r", "r or η", Kind.DECIMAL, "r; η, without direction, for traits of three levels or more."
    ),
    Column("trait_q", "q of trait", Kind.PVALUE, "Corrected for all modules and traits."),
    Column("top_genes", "Top genes", Kind.TEXT, "The strongest members by name."),
)

_CONTRAST_COLUMNS = (
    Column("compared", "Trait", Kind.HTML, "Level against reference level."),
    "gene_id",
    Column("link", "Module", Kind.HTML, "Module that the gene belongs to, if any."),
    Column("dif", "|dIF|", Kind.SHARE, "Change of usage of the transcript that changes most."),
    Column("transcript_up", "▲ Gains", Kind.ID, "Transcript that gains most in the level."),
    Column("usage_up_reference", "reference", Kind.SHARE, "Its usage in the reference level."),
    Column("usage_up_level", "level", Kind.SHARE, "Its usage in the level."),
    Column("transcript_down", "▼ Loses", Kind.ID, "Transcript that loses most in the level."),
    Column("usage_down_reference", "reference", Kind.SHARE, "Its usage in the reference level."),
    Column("usage_down_level", "level", Kind.SHARE, "Its usage in the level."),
    "qvalue",
    "n",
)


def profile_table(source: Source, *, explained: Collection[str]) -> Table:
    """Every module and programme of the fit, with its closest trait.

    Args:
        source: fit and data.
        explained: names that have a page.
    """
    fit, names = source.fit, source.gene_names
    summary = {str(row["module_id"]): row for row in records(fit.summary)}
    meta = fit.programmes.drop(columns=list(source.sample_ids))
    programmes = {str(row["programme_id"]): row for row in records(meta)}
    variance = fit.eigengenes.set_index("module_id")["variance_explained"].to_dict()
    loaded = _top_loadings(fit.programme_loadings)
    traits = closest_traits(fit.traits)
    rows = []
    for name, profile in source.profiles.items():
        row: dict[str, Any] = {"link": _link(name, explained), "n_genes": len(profile.genes)}
        if profile.kind == MODULE:
            known, test = summary[name], traits.get(name)
            genes = [gene for gene in str(known["top_genes"] or "").split(", ") if gene]
            row |= {key: known[key] for key in ("pvalue", "qvalue", "stability")}
            row |= {"kind": "module", "variance": variance[name]}
            row["roles"] = role_bar(role_counts(known))
        else:
            known = programmes[name]
            test, genes = programme_match(known, source), loaded.get(name, [])
            row |= {"kind": "factor, taken out" if known["removed"] else "factor, left in"}
            row |= {"variance": known["variance_share"], "roles": Markup("")}
        row["top_genes"] = ", ".join(str(names.get(gene, gene)) for gene in genes)
        rows.append(row | _trait_cells(test))
    frame = pd.DataFrame(rows, columns=[column.key for column in _PROFILE_COLUMNS])
    finds = [_find(profile.genes, names) for profile in source.profiles.values()]
    return make_table(
        frame,
        name="modules",
        title="Modules and broad factors",
        lead=_LEAD,
        columns=_PROFILE_COLUMNS,
        most=None,
        visible=_EVERYTHING,
        finds=finds,
        filter_label="Filter, also by gene",
        empty="The fit found neither modules nor broad factors.",
    )


def contrast_table(
    source: Source, contrasts: pa.Table | None, *, explained: Collection[str]
) -> Table | None:
    """The clearest switches between two levels of a trait; None where none were tested.

    Args:
        source: fit and data.
        contrasts: columns of `explanation.schema.SWITCH_CONTRASTS`.
        explained: names that have a page.
    """
    if contrasts is None:
        return None
    frame = contrasts.to_pandas()
    order = ["qvalue", "pvalue", "trait", "gene_id"]
    frame = frame.sort_values(order, kind="stable", ignore_index=True)
    n_rows = len(frame)
    frame = frame.head(CONTRAST_ROWS)
    said = frame[["trait", "level", "reference_level"]].itertuples(index=False, name=None)
    frame = frame.assign(
        dif=frame["dif"].abs(),
        compared=[Markup("{}<small>{} v {}</small>").format(*words) for words in said],
        gene_name=source.gene_names.reindex(frame["gene_id"]).to_numpy(dtype=object),
        link=[_link(name, explained) if name else Markup("") for name in frame["module_id"]],
    )
    layout = layouts.CONTRASTS
    return make_table(
        frame,
        name="switch_contrasts",
        title=layout.title,
        lead=layout.lead,
        columns=_CONTRAST_COLUMNS,
        order=layout.order,
        file="switch_contrasts.parquet",
        empty="No gene was tested.",
        n_rows=n_rows,
    )


def _link(name: str, explained: Collection[str]) -> Markup:
    if name not in explained:
        return Markup("{}").format(name)
    return Markup('<a href="{}/module.html">{}</a>').format(quote(name, safe=""), name)


def _find(genes: npt.NDArray[np.str_], names: pd.Series[str]) -> str:
    """Ids and names of all genes, so that the filter finds the modules of a gene."""
    named = names.reindex(genes).dropna()
    return " ".join([*genes.tolist(), *named[named != named.index].tolist()])


def _trait_cells(test: Any) -> dict[str, Any]:
    if test is None:
        return {"trait": Markup("")}
    shown = Markup("{}<small>{}</small>").format(test["trait"], direction(test))
    if not test["qvalue"] <= CLEAR_Q:
        shown = Markup('<span class="muted">{}</span>').format(shown)
    return {"trait": shown, "r": test["r"], "trait_q": test["qvalue"]}


def _top_loadings(loadings: pd.DataFrame) -> dict[str, list[str]]:
    """Genes with the largest |loading| of each programme."""
    size = loadings["loading"].abs().round(9)
    order = loadings.assign(size=-size).sort_values(["programme_id", "size", "feature_id"])
    genes = order.drop_duplicates(["programme_id", "gene_id"]).groupby("programme_id")
    return {str(name): list(group["gene_id"].head(_TOP_GENES)) for name, group in genes}
