"""What a run has done already, so that it can go on after a stop."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isograph.errors import OutputError, Problem
from isograph.files import SCHEMA_VERSION, read_json, to_json, write_json
from isograph.provenance import version

try:
    import fcntl
except ImportError:  # not on Windows, where nothing keeps two runs apart
    fcntl = None  # type: ignore[assignment]

RECORD = "run.json"
_LOCK = ".lock"


@dataclass
class Ledger:
    """Stages of a run with what went into each of them.

    A stage is done if it was finished with the same inputs by the same version of isograph and
    its result is still there; a stage that runs again makes those after it run again, as their
    inputs change.

    Attributes:
        folder: of the run; the record is its `run.json`.
        stages: by name: `inputs` (a hash), `seconds`, `result`.
        source: what the run is of: `name` of the folder or file, and `place`, a hash of its path.
    """

    folder: Path
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    source: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> Ledger:
        """The record in a folder; an empty one if there is none.

        Raises:
            OutputError: the folder holds something that no run wrote.
        """
        folder = Path(folder)
        path = folder / RECORD
        if path.is_file():
            return cls(folder, *_read(path))
        problem = None
        if folder.exists() and not folder.is_dir():
            problem = Problem(str(folder), "is a file", fix="name a folder")
        elif names := _content(folder):
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

    def check_source(self, source: Path) -> None:
        """Refuse to mix the results of two cohorts in one folder.

        Raises:
            OutputError: the folder holds the run of another source.
        """
        if self.source and self.source != _source(source):
            problem = Problem(
                str(self.folder),
                f"holds the run of another {self.source['name']}"
                if self.source["name"] == source.name
                else f"holds the run of {self.source['name']}",
                fix="name another folder with --out, or replace it with --overwrite",
            )
            raise OutputError("the run cannot be written there", [problem])

    def begin(self, source: Path, *results: str) -> None:
        """Write down what the run is of; results of another source go.

        Args:
            source: folder or file.
            results: names in the run's folder.
        """
        if self.source == _source(source):
            return
        if self.source:
            self.stages = {}
            for name in results:
                path = self.folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        self.source = _source(source)
        self._write()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs out of the folder; an empty folder does not stay.

        Raises:
            OutputError: another run is writing there.
        """
        is_new = not self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = self.folder / _LOCK
        with lock.open("w") as handle:
            try:
                if fcntl is not None:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                what, fix = "another run is writing there", "wait for it, or name another folder"
                problem = Problem(str(self.folder), what, fix=fix)
                raise OutputError("the run cannot be written there", [problem]) from error
            try:
                yield
            finally:
                if is_new and not _content(self.folder):
                    lock.unlink()
                    self.folder.rmdir()

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
            "source": self.source,
            "stages": self.stages,
        }
        write_json(self.folder / RECORD, record)


def _read(path: Path) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Stages and source; a damaged record costs time, no results."""
    try:
        record = read_json(path)
        known = record.get("source", {})
        source = {key: str(known[key]) for key in ("name", "place")} if known else {}
        if record["isograph_version"] != version():
            return {}, source
        return {str(name): dict(stage) for name, stage in record["stages"].items()}, source
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, {}


def _source(path: Path) -> dict[str, str]:
    """What a run is of, without telling a reader of the record where that lies."""
    whole = os.fsencode(path.resolve())
    return {"name": path.resolve().name, "place": hashlib.sha256(whole).hexdigest()}


def _content(folder: Path) -> tuple[str, ...]:
    """Names in a folder, but for the lock."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(path.name for path in folder.iterdir() if path.name != _LOCK))


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


def print_of_folder(folder: Path, *, depth: int, without: Path | None = None) -> str:
    """A hash over names, sizes and times of all files in a folder and so many below it.

    Args:
        folder: or a file.
        depth: folders below it that are looked into.
        without: a folder that is passed over, such as that of the run itself.
    """
    parts = hashlib.sha256()
    if folder.is_file():
        return hash_of({"file": print_of_file(folder)})
    own = None if without is None else without.resolve()
    for path in _files(folder, depth, own):
        found = path.stat()
        line = f"{path.relative_to(folder)}\0{found.st_size}\0{found.st_mtime_ns}\n"
        parts.update(line.encode("utf-8", "surrogateescape"))
    return parts.hexdigest()


def _files(folder: Path, depth: int, without: Path | None) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_file():
            yield path
        elif path.is_dir() and depth and path.resolve() != without:
            yield from _files(path, depth - 1, without)
