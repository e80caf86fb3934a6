"""What a folder in a store is made of: its files, and the version that they lie under."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from isograph.errors import OutputError, Problems
from isograph.files import SCHEMA_VERSION, sha256_file, to_json

RECORD = ".isograph.json"
"""Object in a stored folder that says which version of it counts."""

VERSION = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}")
"""Names that `new_version` gives."""

_TIME = "%Y%m%dT%H%M%S.%fZ"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class StoredFile:
    """Size in bytes and SHA-256 of a file."""

    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> StoredFile:
        """Those of a file on this machine."""
        return cls(path.stat().st_size, sha256_file(path))


@dataclass(frozen=True)
class Record:
    """The version of a folder that counts.

    Attributes:
        version: below which its files lie.
        former: version that counted before, kept for those who still read it.
        files: by name relative to the folder, with `/` between its parts.
    """

    version: str
    former: str | None
    files: Mapping[str, StoredFile]

    def as_bytes(self) -> bytes:
        """As JSON."""
        files = [
            {"name": name, "size_bytes": file.size, "sha256": file.sha256}
            for name, file in self.files.items()
        ]
        document = {"schema_version": SCHEMA_VERSION, "version": self.version}
        return to_json(document | {"former": self.former, "files": files}).encode()


def list_files(folder: Path) -> dict[str, StoredFile]:
    """Every file below a folder, by name; none where there is no such folder."""
    if not folder.is_dir():
        return {}
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): StoredFile.of(path) for path in paths}


def new_version() -> str:
    """A name that no other writer takes; names sort by time (UTC, to the microsecond)."""
    return f"{datetime.now(UTC).strftime(_TIME)}-{secrets.token_hex(4)}"


def age(version: str) -> float:
    """Seconds since a version was begun."""
    began = datetime.strptime(version.partition("-")[0], _TIME).replace(tzinfo=UTC)
    return time.time() - began.timestamp()


def read_record(content: bytes, *, where: str) -> Record:
    """A record, each of whose file names stays in its folder.

    Args:
        content: bytes of the object.
        where: its address, for the error.

    Raises:
        OutputError: it is no such record; all that is wrong with it is named.
    """
    problems = Problems()
    try:
        document = json.loads(content)
        version, former = document["version"], document["former"]
        files = {str(file["name"]): _file_of(file) for file in document["files"]}
    except (ValueError, TypeError, KeyError):
        problems.add(where, "is not a record of a stored folder", fix=RUN_AGAIN)
        problems.raise_if_any(OutputError, f"{where} cannot be read")
        raise
    odd = [v for v in (version, former) if v is not None and not _matches(VERSION, v)]
    if odd or version is None:
        problems.add(where, "names no version", examples=odd, fix=RUN_AGAIN)
    strange = [name for name in files if not _stays_inside(name)]
    if strange:
        problems.add(
            where,
            "names of files lead out of their folder",
            examples=strange,
            count=len(strange),
            fix="find out who wrote it, then run the asset again",
        )
    unclear = [n for n, f in files.items() if f.size < 0 or not _matches(_DIGEST, f.sha256)]
    if unclear:
        problems.add(where, "files without size or hash", examples=unclear, fix=RUN_AGAIN)
    problems.raise_if_any(OutputError, f"{where} cannot be read")
    return Record(version, former, files)


RUN_AGAIN = "run the asset again, which writes it anew"


def _file_of(entry: Mapping[str, Any]) -> StoredFile:
    return StoredFile(int(entry["size_bytes"]), str(entry["sha256"]))


def _matches(pattern: re.Pattern[str], text: object) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None


def _stays_inside(name: str) -> bool:
    """Whether a name is one of a file below the folder, on any system."""
    odd = any(character in name for character in "\\:\0")
    return not odd and all(part not in ("", ".", "..") for part in name.split("/"))
