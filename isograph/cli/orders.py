"""`--ordered COLUMN=LOW,…,HIGH`, as several commands take it."""

from __future__ import annotations

from collections.abc import Sequence

from isograph.errors import Problems, StudyError


def orders(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Levels by column, from the lowest to the highest.

    Args:
        words: as given, `COLUMN=LOW,…,HIGH`.

    Raises:
        StudyError: a word is none, or a column comes twice.
    """
    problems = Problems()
    pairs = [word.partition("=") for word in words]
    bad = ["".join(pair) for pair in pairs if not (pair[0].strip() and pair[2].strip())]
    if bad:
        what = "is not COLUMN=LOWEST,…,HIGHEST"
        problems.add("--ordered", what, examples=bad, count=len(bad))
    names = [name.strip() for name, *_ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        problems.add("--ordered", "orders a column twice", examples=twice, count=len(twice))
    problems.raise_if_any(StudyError, "order of levels refused")
    return {
        name.strip(): tuple(level.strip() for level in levels.split(","))
        for name, _, levels in pairs
    }
