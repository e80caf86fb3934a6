"""Sequences of transcripts, from their own FASTA or spliced from that of a genome."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from isograph.annotation.model import Annotation
from isograph.annotation.versions import without_version
from isograph.errors import ImportDataError, Problems

_GZIP = b"\x1f\x8b"
_LINE = 60
_COMPLEMENT = bytes.maketrans(b"ACGTUNacgtunRYKMBVDHrykmbvdh", b"TGCAANtgcaanYRMKVBHDyrmkvbhd")
_HEADLINE = "sequences refused"


def transcript_sequences(path: Path, wanted: npt.NDArray[np.str_]) -> dict[str, bytes]:
    """Sequences of some transcripts from a FASTA of transcripts.

    Args:
        path: plain or gzip; an id ends at the first space or `|`.
        wanted: ids; compared as they are, then without version.

    Returns:
        Sequence by wanted id, those found only.

    Raises:
        ImportDataError: the file is not there, or is no FASTA.
    """
    plain = dict(zip(without_version(wanted).tolist(), wanted.tolist(), strict=True))
    exact = set(wanted.tolist())
    found: dict[str, bytes] = {}
    for header, sequence in _records(Path(path), lambda _: True):
        name = header.split("|", 1)[0]
        if name in exact:
            found[name] = sequence
            continue
        other = plain.get(str(without_version(np.array([name]))[0]))
        if other is not None:
            found.setdefault(other, sequence)
    return found


def spliced_sequences(
    path: Path, annotation: Annotation, wanted: npt.NDArray[np.str_]
) -> dict[str, bytes]:
    """Sequences of some transcripts, spliced from the chromosomes of a genome.

    One chromosome is in memory at a time. Transcripts of the minus strand are reverse complements.

    Args:
        path: FASTA of the genome, plain or gzip; `chr1` and `1` are the same chromosome.
        annotation: exons in the coordinates of that genome.
        wanted: ids of transcripts.

    Returns:
        Sequence by wanted id, those found only.

    Raises:
        ImportDataError: the file is not there, is no FASTA, or a chromosome is too short for its
            exons.
    """
    rows = annotation.rows_of(wanted)
    here = np.flatnonzero(rows >= 0)
    chromosome = np.array(
        [_plain_chromosome(c) for c in annotation.transcripts["chromosome"].iloc[rows[here]]],
        dtype=np.str_,
    )
    needed, problems = set(chromosome.tolist()), Problems()
    found: dict[str, bytes] = {}
    for name, sequence in _records(Path(path), lambda name: _plain_chromosome(name) in needed):
        for place in here[chromosome == _plain_chromosome(name)]:
            exons = annotation.exons(int(rows[place]))
            if exons[-1, 1] > len(sequence):
                what = f"ends at {len(sequence):,}, before the exons of"
                problems.add(f"{path}: {name}", what, examples=[wanted[place]])
                break
            spliced = b"".join(sequence[start - 1 : end] for start, end in exons)
            if annotation.transcripts["strand"].iloc[int(rows[place])] == "-":
                spliced = spliced.translate(_COMPLEMENT)[::-1]
            found[str(wanted[place])] = spliced
    problems.raise_if_any(ImportDataError, _HEADLINE)
    return found


def fasta_text(records: Collection[tuple[str, bytes]]) -> str:
    """FASTA of headers and sequences, 60 letters a line."""
    lines = []
    for header, sequence in records:
        text = sequence.decode("ascii")
        lines.append(f">{header}")
        lines.extend(text[start : start + _LINE] for start in range(0, len(text), _LINE))
    return "\n".join(lines) + ("\n" if lines else "")


def _plain_chromosome(name: str) -> str:
    plain = name.removeprefix("chr")
    return "MT" if plain == "M" else plain


def _records(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Name up to the first space and sequence of each record that is wanted."""
    problems = Problems()
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP
            raw.seek(0)
            stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if zipped else raw  # type: ignore[assignment]
            first = stream.readline()
            if not first.startswith(b">"):
                problems.add(str(path), "does not start with `>`", fix="give a FASTA file")
            else:
                yield from _split(first, stream, wanted)
    except (OSError, EOFError) as error:
        what = (
            "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        )
        problems.add(str(path), what, fix="give a FASTA file, plain or gzip")
    problems.raise_if_any(ImportDataError, _HEADLINE)


def _split(
    first: bytes, stream: IO[bytes], wanted: Callable[[str], bool]
) -> Iterator[tuple[str, bytes]]:
    name, keep = _name(first), wanted(_name(first))
    kept: list[bytes] = []
    for line in stream:
        if line.startswith(b">"):
            if keep:
                yield name, b"".join(kept)
            name, kept = _name(line), []
            keep = wanted(name)
        elif keep:
            kept.append(line.strip())
    if keep:
        yield name, b"".join(kept)


def _name(line: bytes) -> str:
    words = line[1:].decode("utf-8", errors="replace").split()
    return words[0] if words else ""
