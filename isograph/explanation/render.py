"""Explanations with pictures and pages, written as folders."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from isograph.explanation.folder import write_explanation, write_index
from isograph.explanation.model import Explanation, Explanations
from isograph.explanation.page import Picture, index_page, index_pictures, module_page
from isograph.explanation.pictures import Picture as Drawn
from isograph.explanation.pictures import draw_profile
from isograph.explanation.run import DRIVERS, POLARITIES
from isograph.explanation.source import MODULE
from isograph.explanation.target import explained_modules, remove_former
from isograph.files import write_bytes
from isograph.plots import draw_fit
from isograph.plots.style import to_pdf, to_png
from isograph.progress import Steps
from isograph.results.model import PLOTS

PNG, PDF = "png", "pdf"


def write_explanations(
    explanations: Explanations,
    folder: Path,
    *,
    formats: Collection[str] = (),
    most_pictured: int | None = None,
    steps: Steps | None = None,
) -> Path:
    """Write a folder a module, each whole or not at all, and the index of all.

    Explanations of the same fit that are there already stay, and stand in the index; those of a
    former fit are deleted.

    Args:
        explanations: what to write.
        folder: of the study.
        formats: of the pictures, `png` and `pdf`; without any, pages have no pictures.
        most_pictured: draw so many of the explanations only, the first; all if None.
        steps: where to show progress.

    Returns:
        The index page.
    """
    folder, steps = Path(folder), steps or Steps()
    folder.mkdir(parents=True, exist_ok=True)
    parts = explanations.parts
    with steps.step("pages" if not formats else "pictures and pages") as note:
        remove_former(folder, explanations.source)
        for number, part in enumerate(parts):
            steps.tell(f"{part.profile.name}, {number + 1} of {len(parts)}")
            drawn = formats if most_pictured is None or number < most_pictured else ()
            _write_part(explanations, part, folder, formats=drawn)
        pictures = _write_fit_pictures(explanations, folder, formats=formats)
        page = index_page(
            explanations,
            pictures=index_pictures(pictures),
            explained=explained_modules(folder, explanations.source),
        )
        index = write_index(explanations, folder, page=page)
        note.result = f"{len(parts)} of {len(explanations.source.profiles)} modules and programmes"
    return index


def _write_fit_pictures(
    explanations: Explanations, folder: Path, *, formats: Collection[str]
) -> dict[str, bytes]:
    """PNG of every picture of the fit, by name, as they are asked for or lie there from before."""
    fit = explanations.source.fit
    pngs = {
        name: path.read_bytes() for name in PLOTS if (path := folder / f"{name}.{PNG}").is_file()
    }
    if not formats or not explanations.source.profiles:
        return pngs
    for name, figure in draw_fit(fit).items():
        pngs[name] = to_png(figure)
        if PNG in formats:
            write_bytes(folder / f"{name}.{PNG}", pngs[name])
        if PDF in formats:
            write_bytes(folder / f"{name}.{PDF}", to_pdf(figure))
    return pngs


def _not_drawn(
    explanations: Explanations, part: Explanation, drawn: Mapping[str, Drawn]
) -> dict[str, str]:
    """Why there is no picture of a kind that others have."""
    module = part.profile.kind == MODULE
    reasons = {
        "drivers": "no gene follows it",
        "usage": "neither usage nor abundance of its genes is known",
        "heatmap": "no gene follows it",
        "eigengene_traits": "there is no trait to show",
        "network": "no edge joins its genes" if module else "broad factors have no edges",
        "gene_structure_1": "no clear switch has transcripts that the annotation knows"
        if explanations.annotation is not None
        else "no annotation was given (--gtf)",
    }
    return {name: why for name, why in reasons.items() if name not in drawn}


def _drawn(explanations: Explanations, part: Explanation) -> dict[str, Drawn]:
    """Every picture; features of the user's own are no transcripts and stay out of them."""
    source, profile = explanations.source, part.profile
    usage = source.usage.read(profile.genes)
    polarity = part.table(POLARITIES)
    return draw_profile(
        source,
        profile,
        drivers=part.table(DRIVERS),
        polarity=polarity[polarity["transcript_id"].isin(usage.transcript_ids)],
        usage=usage,
        annotation=explanations.annotation,
    )


def _write_part(
    explanations: Explanations, part: Explanation, folder: Path, *, formats: Collection[str]
) -> None:
    pictures: dict[str, Picture] = {}
    files: dict[str, bytes] = {}
    if formats:
        drawn = _drawn(explanations, part)
        part = replace(part, missing={**part.missing, **_not_drawn(explanations, part, drawn)})
        for name, one in drawn.items():
            png = to_png(one.figure)
            pictures[name] = Picture(png=png, caption=one.caption, title=one.title)
            if PNG in formats:
                files[f"{name}.{PNG}"] = png
            if PDF in formats:
                files[f"{name}.{PDF}"] = to_pdf(one.figure)
    page = module_page(explanations, part, pictures=pictures)
    write_explanation(explanations, part, folder, pictures=files, page=page)
