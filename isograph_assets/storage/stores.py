"""Results in a bucket: whatever fsspec reaches, such as `s3://bucket/prefix`.

The library writes folders on this machine; a store copies them. Object stores cannot rename a
folder, so the files of each write lie below a version of their own, and one small object, written
last, says which version counts (`.records`): readers get the old or the new whole.
Single files keep their names, since putting one object is atomic by itself.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from isograph.errors import OutputError, Problem
from isograph.files import atomic_folder, write_bytes
from isograph_assets.storage.buckets import Damaged, few_at_once, no_bucket, open_bucket, told
from isograph_assets.storage.records import (
    RECORD,
    RUN_AGAIN,
    VERSION,
    Record,
    StoredFile,
    age,
    list_files,
    new_version,
    read_record,
)

_DAY = 86400.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Store:
    """A folder of results in a store, and its copy on this machine.

    All paths are those of the copy, below `copy`; only one process at a time changes a path.

    Attributes:
        url: such as `s3://bucket/prefix`; credentials never stand in it.
        copy: working copy, which may be deleted at any time.
        fs: the fsspec file system.
        base: where in it the results lie.
    """

    url: str
    copy: Path
    fs: Any = field(repr=False)
    base: str

    @classmethod
    def at(cls, url: str, *, cache: Path) -> Store:
        """The store at an address, with a working copy of its own below `cache`.

        Nothing is asked of a server yet.

        Raises:
            OutputError: the address is of no kind that fsspec knows, of one whose package is not
                installed, or holds a password.
        """
        url = url.rstrip("/")
        fs, base = open_bucket(url)
        readable = re.sub(r"[^A-Za-z0-9]+", "-", url)[:40].strip("-")
        digest = hashlib.sha256(url.encode()).hexdigest()[:12]
        return cls(url, cache / f"{readable}-{digest}", fs, base)

    def address(self, path: Path) -> str:
        """Where a path lies in the store now: below its version, if it is a folder."""
        record = self._record(path)
        below = f"{self.url}/{self._relative(path)}"
        return below if record is None else f"{below}/{record.version}"

    @contextmanager
    def reading(self, path: Path) -> Iterator[Path]:
        """The path as the store has it; it does not change while the block lasts.

        Raises:
            OutputError: there is nothing, or something else than was written.
        """
        with self._locked(path) as lock:
            if not self._pull(path):
                problem = Problem("store", "nothing is there", fix="run the asset that makes it")
                raise OutputError(f"{self.url}/{self._relative(path)} cannot be read", [problem])
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield path

    @contextmanager
    def writing(self, *paths: Path) -> Iterator[None]:
        """Put what the block writes into the store once it ends well, in the order of `paths`."""
        with self._locked(paths[-1]):
            yield
            for path in paths:
                self._push(path)

    @contextmanager
    def appending(self, path: Path) -> Iterator[Path]:
        """A file that is not there yet, whose lines come after those that `path` has.

        An object cannot grow, so that what each writer adds is an object of its own.
        """
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / path.name
            yield part
            if part.exists():
                key = f"{self._key(path.with_suffix(''))}/{new_version()}{path.suffix}"
                with told(self.url, "written"):
                    self.fs.put_file(str(part), key)

    def fetch(self, path: Path) -> None:
        """Make the copy of a folder or file as the store has it: gone, if it has none."""
        with self._locked(path):
            self._pull(path)

    def fetch_files(self, paths: Iterable[Path]) -> None:
        """`fetch` of many small files at once."""
        folders: dict[Path, set[str]] = {}
        for path in paths:
            folders.setdefault(path.parent, set()).add(path.name)
        for folder, names in folders.items():
            there = names.intersection(self._listed(self._key(folder)))
            for name, content in self._contents(self._key(folder), sorted(there)).items():
                self._keep(folder / name, content)
            for name in names - there:
                (folder / name).unlink(missing_ok=True)

    def fetch_lines(self, path: Path) -> None:
        """`fetch` of a file that `appending` made: lines of all writers, in the order of time."""
        key, parts = self._key(path.with_suffix("")), path.with_suffix("")
        names = [name for name in self._versions(key) if name.endswith(path.suffix)]
        with self._locked(path):
            # what was added once does not change
            missing = [name for name in names if not (parts / name).exists()]
            for name, content in self._contents(key, missing).items():
                write_bytes(parts / name, content)
            write_bytes(path, b"".join((parts / name).read_bytes() for name in names))

    def read(self, folder: Path, name: str) -> bytes | None:
        """One file of a stored folder, without fetching the others; None where it is not there."""

        def take(record: Record) -> bytes | None:
            if name not in record.files:
                return None
            content: bytes = self.fs.cat_file(f"{self._key(folder)}/{record.version}/{name}")
            if StoredFile(len(content), hashlib.sha256(content).hexdigest()) != record.files[name]:
                raise Damaged(name)
            return content

        return self._whole(folder, take)

    def _pull(self, path: Path) -> bool:
        if self._whole(path, lambda record: self._assemble(path, record)):
            return True
        if path.is_dir():
            shutil.rmtree(path)
            return False
        self.fetch_files([path])
        return path.exists()

    def _assemble(self, path: Path, record: Record) -> bool:
        """Make a folder as a record says; files that are right already are not asked for."""
        here = list_files(path)
        if here == record.files and path.is_dir():
            return True
        with atomic_folder(path) as work:
            missing = []
            for name, file in record.files.items():
                (work / name).parent.mkdir(parents=True, exist_ok=True)
                if here.get(name) == file:
                    shutil.copy2(path / name, work / name)
                else:
                    missing.append(name)
            if missing:
                below = f"{self._key(path)}/{record.version}"
                keys = [f"{below}/{name}" for name in missing]
                places = [str(work / name) for name in missing]
                self.fs.get(keys, places, **few_at_once(self.fs))
            damaged = [n for n in missing if StoredFile.of(work / n) != record.files[n]]
            if damaged:
                raise Damaged(*damaged)
        return True

    def _push(self, path: Path) -> None:
        key = self._key(path)
        if not path.is_dir():
            with told(self.url, "written"):
                self.fs.put_file(str(path), key)
            return
        try:
            before = self._record(path)
        except OutputError:
            before = None  # what cannot be read is written anew
        files, version = list_files(path), new_version()
        below = f"{key}/{version}"
        with told(self.url, "written"):
            if files:
                keys = [f"{below}/{name}" for name in files]
                places = [str(path / name) for name in files]
                self.fs.put(places, keys, **few_at_once(self.fs))
            arrived = {
                str(PurePosixPath(place).relative_to(below)): about["size"]
                for place, about in self.fs.find(below, detail=True).items()
            }
            lost = [name for name, file in files.items() if arrived.get(name) != file.size]
            if lost:
                raise OSError(f"{len(lost)} files did not arrive whole: {lost[:3]}")
            record = Record(version, None if before is None else before.version, files)
            # the switch: until here, readers get what was there before
            self.fs.pipe_file(f"{key}/{RECORD}", record.as_bytes())
        self._forget(key, record, before)

    def _forget(self, key: str, record: Record, before: Record | None) -> None:
        """Remove versions that nobody reads: the last but one, and what killed writers left."""
        superseded = set() if before is None else {before.former}
        for version in self._versions(key):
            if version in (record.version, record.former):
                continue
            # a younger one may be of a writer that is still at it
            if version in superseded or age(version) > _DAY:
                # what stays is removed by a later write
                with suppress(OSError):
                    self.fs.rm(f"{key}/{version}", recursive=True)

    def _listed(self, key: str) -> list[str]:
        """Names of what lies directly below a key."""
        with told(self.url, "read"):
            try:
                places = self.fs.ls(key, detail=False)
            except FileNotFoundError as error:
                if no_bucket(error):
                    raise
                return []
        return sorted(place.rstrip("/").rpartition("/")[2] for place in places)

    def _versions(self, key: str) -> list[str]:
        """Versions of a folder, or what writers appended, in the order of time."""
        return [name for name in self._listed(key) if VERSION.match(name)]

    def _contents(self, key: str, names: list[str]) -> dict[str, bytes]:
        """Bytes of small files below a key."""
        places = [f"{key}/{name}" for name in names]
        with told(self.url, "read"):
            found = self.fs.cat_ranges(places, None, None, on_error="return") if places else []
            for content in found:
                if isinstance(content, Exception):
                    raise content
        return dict(zip(names, found, strict=True))

    def _whole(self, path: Path, take: Callable[[Record], _T]) -> _T | None:
        """What `take` makes of the version that counts, again if another one came meanwhile."""
        seen = None
        while (record := self._record(path)) is not None:
            try:
                with told(self.url, "read"):
                    return take(record)
            except (FileNotFoundError, Damaged) as error:
                if seen == record.version:
                    where = f"{self.url}/{self._relative(path)}/{record.version}"
                    what = "files are not there, or not as they were written"
                    examples = error.args if isinstance(error, Damaged) else ()
                    problem = Problem(where, what, tuple(map(str, examples)), fix=RUN_AGAIN)
                    raise OutputError(f"{where} is damaged", [problem]) from error
                seen = record.version
        return None

    def _record(self, path: Path) -> Record | None:
        with told(self.url, "read"):
            try:
                content = self.fs.cat_file(f"{self._key(path)}/{RECORD}")
            except FileNotFoundError as error:
                if no_bucket(error):
                    raise
                return None
        return read_record(content, where=f"{self.url}/{self._relative(path)}/{RECORD}")

    def _keep(self, path: Path, content: bytes) -> None:
        """Write a file of the copy; a JSON document must be one."""
        if path.suffix == ".json":
            try:
                json.loads(content)
            except ValueError as error:
                where = f"{self.url}/{self._relative(path)}"
                problem = Problem(where, f"is not JSON: {error}", fix=RUN_AGAIN)
                raise OutputError(f"{where} is damaged", [problem]) from error
        write_bytes(path, content)

    @contextmanager
    def _locked(self, path: Path) -> Iterator[int]:
        """Nobody else on this machine changes the copy of a path meanwhile."""
        lock = self.copy / ".locks" / f"{self._relative(path)}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        opened = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield opened
        finally:
            os.close(opened)

    def _relative(self, path: Path) -> str:
        below = Path(path).relative_to(self.copy)
        if ".." in below.parts:
            raise ValueError(f"{path} leads out of {self.copy}")
        return below.as_posix()

    def _key(self, path: Path) -> str:
        return f"{self.base}/{self._relative(path)}"
