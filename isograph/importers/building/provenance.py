"""Where imported data come from, as the bundle records it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from isograph.files import sha256_file
from isograph.machine import in_threads
from isograph.provenance import version


def source_record(importer: str, sources: Mapping[str, Path]) -> dict[str, str]:
    """Importer, its version, and name and SHA-256 of every source file (no folder names).

    Args:
        importer: the module that reads the files.
        sources: path by role; `counts` gives the keys `counts_file` and `counts_sha256`.
    """
    record = {"importer": importer, "importer_version": version()}
    for role, path in sources.items():
        record[f"{role}_file"] = path.name
        record[f"{role}_sha256"] = sha256_file(path)
    return record


def file_hashes(files: Sequence[tuple[str, str, Path]]) -> list[dict[str, str]]:
    """SHA-256 of the files of samples, several at a time; a file of many samples is read once.

    Args:
        files: sample id, name to show, path.

    Returns:
        `sample`, `file` and `sha256` of each.
    """
    paths = sorted({path for _, _, path in files})
    known = dict(zip(paths, in_threads(sha256_file, paths), strict=True))
    return [{"sample": s, "file": shown, "sha256": known[path]} for s, shown, path in files]


def hash_of_files(rows: Sequence[Mapping[str, str]]) -> str:
    """One SHA-256 over samples and the hashes of their files, whatever their order."""
    lines = sorted(f"{row['sample']} {row['sha256']}\n" for row in rows)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
