"""The index page: every module and programme of a fit with its traits."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from isograph.explanation.model import Explanations
from isograph.explanation.page.fates import fate_rows
from isograph.explanation.page.index_tables import contrast_table, profile_table
from isograph.explanation.page.model import Picture
from isograph.explanation.page.provenance import provenance
from isograph.explanation.page.shell import render, shown_pictures
from isograph.explanation.page.tiles import Tile
from isograph.explanation.source import Source
from isograph.features.traits import UNTESTED
from isograph.plots.style import ROLE_COLOURS


def index_page(
    explanations: Explanations, *, pictures: Mapping[str, Picture], explained: Collection[str]
) -> str:
    """Every module and programme of a fit as a self-contained page.

    It loads nothing from anywhere; the same input gives the same text.

    Args:
        explanations: of the fit.
        pictures: by file stem, in the order to show them, as `index_pictures` makes them; may be
            empty.
        explained: modules and programmes whose page lies in `<name>/module.html`; they are links.

    Returns:
        HTML.
    """
    source = explanations.source
    config = source.fit.config
    tables = [profile_table(source, explained=explained)]
    contrasts = contrast_table(source, explanations.switch_contrasts, explained=explained)
    if contrasts is not None:
        tables.append(contrasts)
    return render(
        "index.html",
        pictures=shown_pictures(pictures),
        study=config["study"],
        backend=config["backend"],
        bundle=config["bundle"]["name"],
        covariates=config["covariates"],
        legend=[role for role in ROLE_COLOURS if (source.fit.roles["module_role"] == role).any()],
        n_profiles=len(source.profiles),
        n_explained=len(set(source.profiles) & set(explained)),
        tiles=_tiles(source),
        tables=tables,
        fates=fate_rows(source.fit.fates),
        untested=_untested(source),
        provenance=provenance(source, explanations.options),
    )


def _tiles(source: Source) -> tuple[Tile, ...]:
    fit = source.fit
    removed = int(fit.programmes["removed"].astype(bool).sum())
    n_genes, n_seen = len(fit.fates), len(source.features.gene_ids)
    return (
        Tile("Modules", f"{len(fit.summary):,}"),
        Tile("Broad factors", f"{len(fit.programmes):,}", f"{removed:,} taken out"),
        Tile(
            "Genes in modules",
            f"{fit.modules['gene_id'].nunique():,}",
            f"of {n_seen:,} expressed, {n_genes:,} in the data",
        ),
        Tile("Samples", f"{len(source.sample_ids):,}"),
    )


def _untested(source: Source) -> list[tuple[str, str]]:
    """Sample columns that are no trait, and why."""
    return [
        (str(trait["name"]), str(trait["reason"]) or str(trait["kind"]))
        for trait in source.fit.config["traits"]
        if trait["kind"] in UNTESTED
    ]
