"""All kinds of quantifiers' files, and the one way to read a folder of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from isograph.errors import Problems
from isograph.importers.quantifiers.ctab import CTAB
from isograph.importers.quantifiers.find import (
    Detected,
    detect_kinds,
    find_samples,
    folders_without,
)
from isograph.importers.quantifiers.gct import GCT
from isograph.importers.quantifiers.kallisto import KALLISTO
from isograph.importers.quantifiers.model import Quantified, Quantifier, QuantOptions
from isograph.importers.quantifiers.prepde import PREPDE
from isograph.importers.quantifiers.rsem import RSEM
from isograph.importers.quantifiers.salmon import SALMON
from isograph.importers.quantifiers.stack import stack
from isograph.progress import Steps

QUANTIFIERS: dict[str, Quantifier] = {
    kind.name: kind for kind in (SALMON, KALLISTO, RSEM, CTAB, PREPDE, GCT)
}
"""Every kind by the name that `isograph import` gives it."""


def detect(folder: Path | str, *, problems: Problems) -> list[Detected]:
    """Which kinds of files a folder holds, most samples first; see `detect_kinds`.

    Args:
        folder: of samples, or of an nf-core/rnaseq run.
        problems: collects: no such folder, nothing found.
    """
    return detect_kinds(Path(folder), list(QUANTIFIERS.values()), problems)


def read_quantified(
    folder: Path | str,
    *,
    kind: str,
    problems: Problems,
    read_length: float | None = None,
    only: Collection[str] | None = None,
    allow_union: bool = False,
    steps: Steps | None = None,
) -> Quantified | None:
    """Read all samples of one kind in a folder.

    Args:
        folder: of samples, see `find_samples`; of a matrix kind also the file itself.
        kind: name in `QUANTIFIERS`.
        problems: collects what is wrong with the folder, the options and all files.
        read_length: bases; `ctab` needs it.
        only: samples wanted, such as those of a sample sheet; None reads all. Samples that are not
            there are no problem here.
        allow_union: see `stack`; kinds of one file a sample.
        steps: tells how many files are read.

    Returns:
        All samples, sorted by id (matrices: in the order of their columns); None, with the reasons
        noted, where anything is wrong.
    """
    own = Problems()
    quantifier = QUANTIFIERS.get(kind)
    if quantifier is None:
        known = ", ".join(QUANTIFIERS)
        problems.add(kind, "no such kind of files", fix=f"choose from {known}")
        return None
    _check_options(quantifier, read_length, own)
    files = find_samples(Path(folder), quantifier, own)
    result = None
    if quantifier.read_matrix is not None:
        if len(files) > 1:
            own.add(
                str(folder),
                "several matrices",
                examples=files,
                count=len(files),
                fix="name the file itself",
            )
        if not own:
            result = quantifier.read_matrix(next(iter(files.values())), only, own)
    else:
        result = _read_samples(
            Path(folder), quantifier, files, read_length, only, allow_union, steps, own
        )
    problems.found.extend(own.found)
    return None if own else result


def _read_samples(
    folder: Path,
    quantifier: Quantifier,
    files: dict[str, Path],
    read_length: float | None,
    only: Collection[str] | None,
    allow_union: bool,
    steps: Steps | None,
    problems: Problems,
) -> Quantified | None:
    wanted = {name: path for name, path in files.items() if only is None or name in only}
    if files and not wanted:
        problems.add(
            str(folder),
            "holds none of the samples asked for",
            examples=files,
            count=len(files),
            fix="name samples in the sheet as their folders or files are named",
        )
    read, options = quantifier.read, QuantOptions(read_length)
    # a reader that needs a length would raise on one that is noted as wrong already
    lacks = "read_length" in quantifier.needs and not _is_length(read_length)
    if not wanted or read is None or lacks:
        return None
    found = stack(
        wanted,
        lambda path, own: read(path, options, own),
        problems=problems,
        steps=steps,
        allow_union=allow_union,
    )
    beside = folders_without(list(files.values()), quantifier)
    if found is None or not beside:
        return found
    told = {
        "kind": "folders_without_file",
        "n": len(beside),
        "share_of_reads": None,
        "examples": beside[:3],
        "action": f"they hold no {quantifier.files[0]}: runs that failed?",
    }
    return replace(found, findings=(*found.findings, told))


def _check_options(quantifier: Quantifier, read_length: float | None, problems: Problems) -> None:
    if read_length is not None and not _is_length(read_length):
        problems.add("read length", f"is {read_length}", fix="give the bases of a read, such as 75")
    elif "read_length" in quantifier.needs and read_length is None:
        problems.add(
            quantifier.name,
            "counts come from coverage and the read length, which the files do not tell",
            fix="give --read-length, in bases",
        )


def _is_length(value: float | None) -> bool:
    return value is not None and 0 < value < float("inf")
