"""The page on a cohort: what to look at, pictures, tables, rules; self-contained."""

from __future__ import annotations

from dataclasses import dataclass

from isograph.explanation.page.format import counted, one_fixed
from isograph.explanation.page.model import Picture
from isograph.explanation.page.shell import render, shown_pictures
from isograph.explanation.page.tiles import Tile
from isograph.plots.style import to_png
from isograph.provenance import git_state, version
from isograph.quality.model import Check, Quality, Role
from isograph.quality.outliers import reads_in_words
from isograph.quality.page_tables import quality_tables
from isograph.quality.pictures import draw_quality
from isograph.quality.rules import RULES, UNTOLD

_MOST_NAMED = 12
_MOST_NOTES = 12
_FINDINGS = {
    Check.LIBRARY_SIZE: "Library size stands out",
    Check.GENES: "Number of genes seen stands out",
    Check.CORRELATION: "Unlike the other samples, by correlation",
    Check.DISTANCE: "Far from the other samples",
    Check.SEX: "Sex of the sample sheet contradicts the genes",
    Check.SEX_UNCLEAR: "Sex unclear",
    Check.DUPLICATE: "Possibly one sample twice",
}


@dataclass(frozen=True)
class Finding:
    """A line of what to look at.

    Attributes:
        label: a few words; may be empty.
        text: plain.
    """

    label: str
    text: str


def quality_page(quality: Quality) -> str:
    """The page as HTML; it loads nothing, and the same input gives the same text.

    Args:
        quality: of a cohort.
    """
    pictures = {
        name: Picture(to_png(drawn.figure), drawn.caption, drawn.title)
        for name, drawn in draw_quality(quality).items()
    }
    study = quality.study
    return render(
        "quality.html",
        pictures=shown_pictures(pictures),
        study=study.name,
        bundle=quality.name,
        traits="all usable columns" if study.traits is None else ", ".join(study.traits) or "none",
        covariates=study.covariates or "none",
        tiles=_tiles(quality),
        findings=findings(quality),
        notes=_notes(quality),
        tables=quality_tables(quality),
        untold=[(UNTOLD.get(part, part), why) for part, why in quality.untold.items()],
        unusable=quality.unusable,
        rules=RULES,
        provenance=_provenance(quality),
    )


def findings(quality: Quality) -> list[Finding]:
    """What to look at, a line a check and a line a warning; the gravest first."""
    found = [Finding("Sample columns", text) for text in quality.warnings[:_MOST_NOTES]]
    if len(quality.warnings) > _MOST_NOTES:
        more = counted(len(quality.warnings) - _MOST_NOTES, "more pair")
        found.append(Finding("Sample columns", f"{more} below."))
    order = (Check.SEX, Check.DUPLICATE, *Check)
    for check in dict.fromkeys(order):
        flags = [flag for flag in quality.flags if flag.check == check]
        if not flags:
            continue
        if len(flags) == 1:
            text = f"{flags[0].sample_id}: {flags[0].reason}".removesuffix(".")
            text += "" if text.endswith("?") else "."
        else:
            shown = ", ".join(flag.sample_id for flag in flags[:_MOST_NAMED])
            rest = len(flags) - _MOST_NAMED
            more = f" and {rest:,} more" if rest > 0 else ""
            text = f"{len(flags):,} samples: {shown}{more}."
        found.append(Finding(_FINDINGS[check], text))
    return found


def _notes(quality: Quality) -> list[str]:
    notes = list(quality.notes[:_MOST_NOTES])
    if len(quality.notes) > _MOST_NOTES:
        more = counted(len(quality.notes) - _MOST_NOTES, "more pair")
        notes.append(f"{more} of sample columns that go together: see the table.")
    donors = quality.donors
    if donors is not None:
        side = "more" if donors.within > donors.between else "no more"
        notes.append(
            f"Samples of one donor ({donors.column}, {donors.n_repeated:,} with several) are "
            f"{side} alike than samples of two: median r of gene-centred abundance "
            f"{one_fixed(donors.within)} against {one_fixed(donors.between)}."
        )
    return notes


def _tiles(quality: Quality) -> tuple[Tile, ...]:
    frame, facts = quality.samples, quality.facts
    tiles = [
        Tile("Samples", f"{len(frame):,}"),
        Tile("Flagged", f"{len(quality.flagged):,}", "none was dropped"),
        Tile("Warnings", f"{len(quality.warnings):,}", "on sample columns"),
    ]
    if frame["library_size"].notna().any():
        tiles.append(
            Tile("Reads a sample", reads_in_words(float(frame["library_size"].median())), "median")
        )
    if facts.get("genes_expressed") is not None:
        seen = frame["detected_genes"].median()
        tiles.append(
            Tile("Genes expressed", f"{facts['genes_expressed']:,}", f"{seen:,.0f} seen a sample")
        )
    if facts.get("typical_r") is not None:
        tiles.append(
            Tile("Typical correlation", one_fixed(float(facts["typical_r"] or 0), digits=3))
        )
    return tuple(tiles)


def _provenance(quality: Quality) -> tuple[tuple[str, str], ...]:
    git = git_state()
    commit = git.get("commit") or "unknown"
    covariates = [column.name for column in quality.columns if column.role == Role.COVARIATE]
    return (
        ("Study", quality.study.name),
        ("Data set", quality.name),
        ("Content hash of the data", quality.content_hash),
        ("Abundance from", quality.assay.replace("_", " ") or "nothing"),
        ("Covariates", ", ".join(covariates) or "none"),
        ("Taken as groups", ", ".join(quality.study.categorical) or "nothing beyond the kinds"),
        ("Content hash of the result", quality.result_hash),
        ("isograph", version()),
        ("Commit", f"{commit}, with changes of its own" if git.get("dirty") else str(commit)),
    )
