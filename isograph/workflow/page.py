"""The page of a run: what was read, what to look at first, the modules, and where everything is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup, escape

from isograph.bundle import Bundle
from isograph.bundle.names import gene_names
from isograph.explanation.folder import closest_traits
from isograph.explanation.page.columns import Column, Kind
from isograph.explanation.page.fit_pictures import index_pictures
from isograph.explanation.page.roles import role_bar, role_counts
from isograph.explanation.page.rows import records
from isograph.explanation.page.shell import render, shown_pictures
from isograph.explanation.page.tables import Table, make_table
from isograph.explanation.page.tiles import Tile
from isograph.explanation.page.traits import strength
from isograph.explanation.target import INDEX_PAGE, PAGE
from isograph.importers.building.report import finding_rows
from isograph.plots.style import ROLE_COLOURS
from isograph.results import Fit

_SHOWN = 25
_CLEAR_Q = 0.05
_PICTURES = ("module_traits", "modules")

_FACTOR_COLUMNS = (
    "programme_id",
    "n_genes",
    "variance_share",
    "removed",
    "best_match",
    "best_match_q",
)

_MODULES = (
    Column("link", "Module", Kind.HTML, "Leads to its page: drivers, transcripts, traits."),
    Column("n_genes", "Genes", Kind.COUNT, "Genes that belong to it."),
    Column("roles", "Roles", Kind.HTML, "Share of its genes by role.", sortable=False),
    Column("qvalue", "q", Kind.PVALUE, "A module this dense by chance, corrected."),
    Column("stability", "Stability", Kind.DECIMAL, "Share kept together in half-samples, 0 to 1."),
    Column("trait", "Closest trait", Kind.TEXT, "The trait with the smallest p."),
    Column("trait_q", "q of trait", Kind.PVALUE, "Corrected for all modules and traits."),
    Column("top_genes", "Top genes", Kind.TEXT, "The strongest members."),
)
_FACTORS = (
    Column("link", "Factor", Kind.HTML, "Leads to its page."),
    Column("n_genes", "Genes", Kind.COUNT, "Genes that load on it."),
    Column("variance_share", "Variance", Kind.SHARE, "Of all features."),
    Column("removed", "Taken out", Kind.TEXT, "Before modules were found."),
    Column("trait", "Closest match", Kind.TEXT, "Sample column that it follows."),
    Column("trait_q", "q", Kind.PVALUE, "Corrected for all modules, factors and columns."),
)
_FINDINGS = (
    Column("found", "Found", Kind.TEXT),
    Column("n", "Number", Kind.COUNT),
    Column("share", "Of reads", Kind.TEXT),
    Column("action", "What was done", Kind.TEXT),
    Column("examples", "Such as", Kind.TEXT),
)


@dataclass(frozen=True)
class Link:
    """Where to go on: a place below the run's folder, its title, what is there."""

    href: str
    title: str
    about: str


def cohort_page(
    folder: Path,
    *,
    name: str,
    bundle: Bundle,
    fit: Fit,
    report: Mapping[str, Any] | None,
    flags: tuple[str, ...],
    quality_page: str,
) -> str:
    """The page as text; it loads nothing from anywhere.

    Args:
        folder: of the run, with `explain/` and `fit/` in it.
        name: of the cohort.
        bundle: its data.
        fit: its modules.
        report: content of `import_report.json`; None if a bundle was given.
        flags: what to look at before the result is believed, in sentences.
        quality_page: where the page of quality control is, below the folder.
    """
    config = fit.config
    tables = [_modules(folder, fit, bundle)]
    if len(fit.programmes):
        tables.append(_factors(folder, fit))
    if report is not None and report["findings"]:
        rows = finding_rows(report["findings"])
        frame = pd.DataFrame(rows, columns=[column.key for column in _FINDINGS])
        tables.append(
            make_table(frame, name="import", title="What the import found", columns=_FINDINGS)
        )
    pngs = {
        stem: (folder / "fit" / f"{stem}.png").read_bytes()
        for stem in _PICTURES
        if (folder / "fit" / f"{stem}.png").is_file()
    }
    return render(
        "run.html",
        pictures=shown_pictures(index_pictures(pngs)),
        name=name,
        backend=config["backend"],
        covariates=config["covariates"],
        tiles=_tiles(bundle, fit, report, flags),
        flags=flags,
        quality_page=quality_page,
        tables=tables,
        legend=[role for role in ROLE_COLOURS if (fit.roles["module_role"] == role).any()],
        links=_links(folder, report, quality_page),
        provenance=_provenance(fit, bundle),
    )


def _modules(folder: Path, fit: Fit, bundle: Bundle) -> Table:
    closest = closest_traits(fit.traits)
    names = dict(zip(bundle.gene_ids, gene_names(bundle, bundle.gene_ids), strict=True))
    rows = []
    for known in records(fit.summary)[:_SHOWN]:
        module, test = str(known["module_id"]), closest.get(str(known["module_id"]))
        genes = [gene for gene in str(known["top_genes"] or "").split(", ") if gene]
        row = {key: known[key] for key in ("n_genes", "qvalue", "stability")}
        row |= {"link": _link(folder, module), "roles": role_bar(role_counts(known))}
        row |= {"trait": None, "trait_q": None}
        if test is not None:
            row |= {"trait": f"{test['trait']} ({strength(test)})", "trait_q": test["qvalue"]}
        row["top_genes"] = ", ".join(names.get(gene, gene) for gene in genes)
        rows.append(row)
    return make_table(
        pd.DataFrame(rows, columns=[column.key for column in _MODULES]),
        name="modules",
        title="Modules",
        lead="Modules are groups of genes that go together, by size; M000 is the largest.",
        columns=_MODULES,
        order="largest",
        file="fit/module_summary.parquet",
        n_rows=len(fit.summary),
        empty="The fit found no module.",
    )


def _factors(folder: Path, fit: Fit) -> Table:
    closest = closest_traits(fit.traits)
    rows = []
    for known in records(fit.programmes[list(_FACTOR_COLUMNS)]):
        name = str(known["programme_id"])
        test = closest.get(name)
        row = {"link": _link(folder, name), "trait": known["best_match"], "trait_q": None}
        row |= {key: known[key] for key in ("n_genes", "variance_share")}
        row["removed"] = "yes" if known["removed"] else "no"
        if known["best_match"] is not None:
            row |= {"trait_q": known["best_match_q"]}
            if test is not None and test["trait"] == known["best_match"]:
                row["trait"] = f"{known['best_match']} ({strength(test)})"
        rows.append(row)
    return make_table(
        pd.DataFrame(rows, columns=[column.key for column in _FACTORS]),
        name="factors",
        title="Broad factors",
        lead="Directions that genes of many modules share, such as a batch or a cell mixture. A "
        "trait named with --traits keeps the factor that it explains in the data.",
        columns=_FACTORS,
        file="fit/programmes.parquet",
    )


def _link(folder: Path, module: str) -> Markup:
    if not (folder / "explain" / module / PAGE).is_file():
        return Markup(escape(module))
    return Markup('<a href="explain/{}/{}">{}</a>').format(quote(module), PAGE, module)


def _tiles(
    bundle: Bundle, fit: Fit, report: Mapping[str, Any] | None, flags: tuple[str, ...]
) -> tuple[Tile, ...]:
    summary = fit.summary
    tested = fit.traits.dropna(subset=["qvalue"])
    tied = tested.loc[tested["qvalue"] <= _CLEAR_Q, "module_id"]
    n_tied = int(summary["module_id"].isin(tied).sum())
    n_followed = int(fit.programmes["programme_id"].isin(tied).sum())
    n_transcripts = len(bundle.tables["transcript"]) if "transcript" in bundle.tables else 0
    share = None if report is None else report["transcripts"]["share_of_reads_with_gene"]
    note = f"{n_transcripts:,} transcripts" if n_transcripts else "no transcripts"
    if share is not None:
        note += f", {share:.1%} of reads have a gene"
    n_factors, n_out = len(fit.programmes), int(fit.programmes["removed"].astype(bool).sum())
    return (
        Tile(
            "Samples", f"{bundle.n_samples:,}", f"{len(flags):,} things to look at" if flags else ""
        ),
        Tile("Genes", f"{len(bundle.gene_ids):,}", note),
        Tile("Modules", f"{len(summary):,}", f"{n_tied:,} go with a trait (q ≤ {_CLEAR_Q})"),
        Tile("Genes in modules", f"{fit.modules['gene_id'].nunique():,}"),
        Tile(
            "Broad factors",
            f"{n_factors:,}",
            f"{n_out:,} taken out, {n_followed:,} go with a trait" if n_factors else "",
        ),
    )


def _links(folder: Path, report: Mapping[str, Any] | None, quality_page: str) -> tuple[Link, ...]:
    links = [
        Link(f"explain/{INDEX_PAGE}", "All modules", "every module and factor, searched by gene"),
        Link(quality_page, "Quality", "samples that stand out, columns that go together"),
        Link("fit/", "Tables of the fit", "modules, edges, roles, eigengenes, traits as parquet"),
    ]
    if report is not None:
        links.append(Link("bundle/import_report.json", "Import", "everything the import found"))
    return tuple(link for link in links if (folder / link.href).exists())


def _provenance(fit: Fit, bundle: Bundle) -> tuple[tuple[str, str], ...]:
    config = fit.config
    told = {
        "Study": config["study"],
        "Backend": config["backend"],
        "Data set": config["bundle"]["name"],
        "Content hash of the data": config["bundle"]["content_hash"],
        "Content hash of the fit": fit.content_hash,
        "Covariates": config["covariates"] or "none",
        "Seed": config["seed"],
        "isograph": config["isograph_version"],
    }
    told |= {
        key.replace("_", " "): value
        for key, value in bundle.provenance.items()
        if key in ("import_kind", "tx2gene_file", "gtf_file", "samples_file", "block")
    }
    return tuple((label, str(value)) for label, value in told.items())
