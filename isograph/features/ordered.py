"""Sample columns whose levels have an order: the study's, and those that a bundle records."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from isograph.errors import Problem, StudyError

RECORDED = "ordered_levels"
"""Provenance key of a bundle under which an importer records them, as JSON."""


def ordered_levels(
    asked: Mapping[str, Sequence[str]],
    provenance: Mapping[str, str],
    *,
    groups: Collection[str] = (),
) -> dict[str, list[str]]:
    """Levels from lowest to highest by column, sorted by column.

    Args:
        asked: `Study.ordered`, which goes before what is recorded.
        provenance: of the bundle.
        groups: columns that the study takes as groups, whatever is recorded.

    Raises:
        StudyError: what the bundle records cannot be read.
    """
    text = provenance.get(RECORDED)
    recorded = {} if text is None else _read(text)
    kept = {name: levels for name, levels in recorded.items() if name not in groups}
    return {name: list(levels) for name, levels in sorted((kept | dict(asked)).items())}


def _read(text: str) -> dict[str, list[str]]:
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or not all(isinstance(v, list) for v in found.values()):
            raise ValueError("holds no lists by column")
    except ValueError as error:
        problem = Problem(
            f"provenance: {RECORDED}", str(error), fix="import again, or write it as JSON"
        )
        raise StudyError("the order of levels that the bundle records is refused", [problem]) from (
            error
        )
    return {str(name): [str(level) for level in levels] for name, levels in found.items()}
