"""Where imported data come from, as the bundle records it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from isograph.files import sha256_file
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
