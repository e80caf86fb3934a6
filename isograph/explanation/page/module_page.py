"""The page of one module or programme."""

from __future__ import annotations

from collections.abc import Mapping

from isograph.explanation.model import Explanation, Explanations
from isograph.explanation.page.about import about
from isograph.explanation.page.layouts import title_of
from isograph.explanation.page.model import Picture
from isograph.explanation.page.module_tables import module_tables
from isograph.explanation.page.provenance import provenance, removed_programmes
from isograph.explanation.page.roles import role_bar
from isograph.explanation.page.shell import render, shown_pictures
from isograph.explanation.source import MODULE


def module_page(
    explanations: Explanations, part: Explanation, *, pictures: Mapping[str, Picture]
) -> str:
    """One module or programme as a self-contained page.

    It loads nothing from anywhere. A table shows at most `tables.MOST_ROWS` rows and names the
    file with all. Neighbours are the explanations before and after it, in `../<name>/module.html`,
    the index is `../index.html`. The same input gives the same text.

    Args:
        explanations: of the fit.
        part: which of them.
        pictures: by file stem, in the order to show them; may be empty.

    Returns:
        HTML.
    """
    source, profile = explanations.source, part.profile
    head = about(source, part)
    names = [other.profile.name for other in explanations.parts]
    place = names.index(profile.name) if profile.name in names else len(names)
    return render(
        "module.html",
        pictures=shown_pictures(pictures),
        name=profile.name,
        kind="Module" if profile.kind == MODULE else "Broad factor",
        study=source.fit.config["study"],
        backend=source.fit.config["backend"],
        previous=names[place - 1] if 0 < place < len(names) else None,
        following=names[place + 1] if place + 1 < len(names) else None,
        sentences=head.sentences,
        tiles=head.tiles,
        n_genes=len(profile.genes),
        roles=head.roles,
        bar=role_bar(head.roles),
        removed=removed_programmes(source) if profile.kind == MODULE else [],
        tables=module_tables(source, part, head),
        missing=[(title_of(name), why) for name, why in sorted(part.missing.items())],
        provenance=provenance(source, explanations.options),
    )
