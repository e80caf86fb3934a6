"""Folders that a result goes into: what must not be lost there."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from isograph.errors import OutputError, Problems

_DATA_SET = "manifest.json"


def check_target(
    folder: Path,
    *,
    result: str,
    record: str,
    own: Collection[str] | None = None,
    overwrite: bool,
) -> None:
    """Refuse a folder whose content would be lost; call it before any work is done.

    A former result is replaced; other files in the way need `overwrite`. A folder that holds a
    data set, other folders, the current or the home folder is never replaced.

    Args:
        folder: to be made or replaced whole.
        result: what goes there, as people call it, such as `fit`.
        record: file that tells a former result.
        own: files that a result may have; all that lie beside its record if None.
        overwrite: replace other files.

    Raises:
        OutputError: says what is in the way.
    """
    folder = Path(folder)
    target = folder.resolve()
    problems = Problems()
    for name, place in (("current", Path.cwd()), ("home", Path.home())):
        if place.resolve().is_relative_to(target):
            problems.add(str(folder), f"holds the {name} folder", fix="name a folder of its own")
    above = next(place for place in (target, *target.parents) if place.exists())
    if not above.is_dir():
        problems.add(str(above), "is a file", fix="name a folder")
    elif not os.access(above, os.W_OK | os.X_OK):
        problems.add(str(above), "cannot be written to", fix="name a folder of your own")
    elif target.is_dir() and not problems:
        _note_content(folder, problems, result=result, record=record, own=own, overwrite=overwrite)
    problems.raise_if_any(OutputError, f"the {result} cannot be written there")


def _note_content(
    folder: Path,
    problems: Problems,
    *,
    result: str,
    record: str,
    own: Collection[str] | None,
    overwrite: bool,
) -> None:
    names = sorted(entry.name for entry in folder.resolve().iterdir())
    never = [n for n in names if n == _DATA_SET or (folder / n).is_dir()]
    foreign = names
    if record in names:
        foreign = never if own is None else [n for n in names if n not in own]
    kept = [name for name in foreign if name in never]
    if kept:
        problems.add(
            str(folder),
            f"holds a data set or folders, which a {result} never replaces",
            examples=kept,
            count=len(kept),
            fix="choose another folder",
        )
    elif foreign and not overwrite:
        problems.add(
            str(folder),
            f"holds files that no {result} wrote",
            examples=foreign,
            count=len(foreign),
            fix="choose another folder, or pass --overwrite to replace it whole",
        )
