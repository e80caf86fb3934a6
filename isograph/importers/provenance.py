"""Where imported data come from, as the bundle records it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from isograph.files import sha256_file

_DISTRIBUTION = "isograph-assets"


def isograph_version() -> str:
    """The installed version; `unknown` where isograph runs without being installed."""
    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"


def source_record(importer: str, sources: Mapping[str, Path]) -> dict[str, str]:
    """Importer, its version, and name and SHA-256 of every source file (no folder names).

    Args:
        importer: the module that reads the files.
        sources: path by role; `counts` gives the keys `counts_file` and `counts_sha256`.
    """
    record = {"importer": importer, "importer_version": isograph_version()}
    for role, path in sources.items():
        record[f"{role}_file"] = path.name
        record[f"{role}_sha256"] = sha256_file(path)
    return record
