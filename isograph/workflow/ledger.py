"""What a run has done already, so that it can go on after a stop."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isograph.errors import OutputError, Problem
from isograph.files import SCHEMA_VERSION, read_json, to_json, write_json
from isograph.provenance import version

RECORD = "run.json"


@dataclass
class Ledger:
    """Stages of a run with what went into each of them.

    A stage is done if it was finished with the same inputs by the same version of isograph and
    its result is still there; a stage that runs again makes those after it run again, as their
    inputs change.

    Attributes:
        folder: of the run; the record is its `run.json`.
        stages: by name: `inputs` (a hash), `seconds`, `result`.
    """

    folder: Path
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """The record in a folder; an empty one if there is none.

        Raises:
            OutputError: the folder holds something that no run wrote.
        """
        folder = Path(folder)
        path = folder / RECORD
        if path.is_file():
            return cls(folder, _read(path))
        problem = None
        if folder.exists() and not folder.is_dir():
            problem = Problem(str(folder), "is a file", fix="name a folder")
        elif folder.is_dir() and any(folder.iterdir()):
            names = tuple(sorted(path.name for path in folder.iterdir()))
            problem = Problem(
                str(folder),
                "holds files that no run wrote",
                names,
                len(names),
                fix="name another folder with --out",
            )
        if problem is not None:
            raise OutputError("the run cannot be written there", [problem])
        return cls(folder)

    def is_done(self, name: str, inputs: Mapping[str, Any], *results: Path) -> bool:
        """Whether a stage was finished with these inputs and its results are there."""
        known = self.stages.get(name, {}).get("inputs")
        return known == hash_of(inputs) and all(path.exists() for path in results)

    @contextmanager
    def stage(self, name: str, inputs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Run a stage and write down that it was finished; yields what to remember of it."""
        if self.stages.pop(name, None) is not None:
            self._write()
        result: dict[str, Any] = {}
        start = time.perf_counter()
        yield result
        self.stages[name] = {
            "inputs": hash_of(inputs),
            "seconds": round(time.perf_counter() - start, 2),
            "result": result,
        }
        self._write()

    def result(self, name: str) -> dict[str, Any]:
        """What was remembered of a finished stage."""
        found: dict[str, Any] = self.stages[name]["result"]
        return found

    def _write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        record = {
            "schema_version": SCHEMA_VERSION,
            "isograph_version": version(),
            "stages": self.stages,
        }
        write_json(self.folder / RECORD, record)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        record = read_json(path)
        stages = record["stages"]
        if record["isograph_version"] != version():
            return {}
        return {str(name): dict(stage) for name, stage in stages.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # a damaged record costs time, no results
        return {}


def hash_of(inputs: Mapping[str, Any]) -> str:
    """A hash of what goes into a stage: plain values, paths by content or by size and time."""
    return hashlib.sha256(to_json(inputs).encode()).hexdigest()


def print_of_file(path: Path | None) -> list[Any] | None:
    """Name, size and time of a file: enough to tell that it was not changed."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return [str(path), None, None]
    return [str(path.resolve()), found.st_size, found.st_mtime_ns]


def print_of_folder(folder: Path, *, depth: int) -> str:
    """A hash over names, sizes and times of all files in a folder and so many below it."""
    parts = hashlib.sha256()
    if folder.is_file():
        return hash_of({"file": print_of_file(folder)})
    for path in _files(folder, depth):
        found = path.stat()
        line = f"{path.relative_to(folder)}\0{found.st_size}\0{found.st_mtime_ns}\n"
        parts.update(line.encode("utf-8", "surrogateescape"))
    return parts.hexdigest()


def _files(folder: Path, depth: int) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_file():
            yield path
        elif path.is_dir() and depth:
            yield from _files(path, depth - 1)
