"""Gene map, annotation and sample sheet that lie beside the samples under their usual names."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from isograph.importers.options import ImportOptions

_TEXT = r"\.(csv|tsv|txt)(\.gz)?"
_NAMES = {
    "tx2gene": re.compile(rf"(tx2gene|t2g|transcripts?_to_genes?){_TEXT}", re.IGNORECASE),
    "gtf": re.compile(r".+\.gtf(\.gz)?", re.IGNORECASE),
    "samples": re.compile(
        rf"(samples?|samples?[_-]?(sheet|table|info)|metadata|coldata|phenotypes?|traits)"
        rf"({_TEXT}|\.xlsx|\.parquet)",
        re.IGNORECASE,
    ),
}
_WORDS = {"tx2gene": "the transcript-to-gene map", "gtf": "annotation", "samples": "sample sheet"}


class Beside(NamedTuple):
    """What lay beside the samples.

    Attributes:
        options: filled in.
        taken: a sentence for each file that was taken.
        not_taken: names of files of which one would have been, and what as.
    """

    options: ImportOptions
    taken: tuple[str, ...]
    not_taken: tuple[tuple[str, str], ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about all of it."""
        more = (
            f"not taken as {word}, as there are several: {names}" for names, word in self.not_taken
        )
        return (*self.taken, *more)


def found_beside(
    source: Path, options: ImportOptions, *, roles: Collection[str] = tuple(_NAMES)
) -> Beside:
    """Take what is not named from the folder of samples, where one file bears the usual name.

    Args:
        source: folder of samples; a file has nothing beside it.
        options: what is named already stays.
        roles: of `tx2gene`, `gtf`, `samples`, what to look for.
    """
    if not source.is_dir():
        return Beside(options, (), ())
    notes: list[str] = []
    not_taken: list[tuple[str, str]] = []
    taken: dict[str, Path] = {}
    names = sorted(path for path in source.iterdir() if path.is_file())
    for role, pattern in _NAMES.items():
        if role not in roles or getattr(options, role) is not None:
            continue
        found = [path for path in names if pattern.fullmatch(path.name)]
        if len(found) == 1:
            taken[role] = found[0]
            notes.append(f"{found[0].name} beside the samples is taken as {_WORDS[role]}")
        elif found:
            several = ", ".join(path.name for path in found[:3])
            not_taken.append((several, _WORDS[role]))
    filled = replace(
        options,
        tx2gene=taken.get("tx2gene", options.tx2gene),
        gtf=taken.get("gtf", options.gtf),
        samples=taken.get("samples", options.samples),
    )
    return Beside(filled, tuple(notes), tuple(not_taken))
