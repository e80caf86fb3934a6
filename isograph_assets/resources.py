"""Where things lie: results under one folder, studies under another."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from isograph.explanation.target import explanation_folder
from isograph_assets.storage import Store, is_address

PROJECT = Path(__file__).resolve().parents[1]


def _below_project(variable: str, name: str) -> Path:
    """The folder that an environment variable names, else `name` in the project folder."""
    if named := os.environ.get(variable):
        return Path(named.removeprefix("file://")).expanduser().absolute()
    # an installed package has no project around it
    base = PROJECT if (PROJECT / "workspace.yaml").exists() else Path.cwd()
    return base / name


def artifacts_place() -> str:
    """Where results are written: a folder, or an address such as `s3://bucket/prefix`.

    `ISOGRAPH_ARTIFACTS`, else `artifacts` in the project.

    Raises:
        OutputError: an address that cannot be used.
    """
    named = os.environ.get("ISOGRAPH_ARTIFACTS", "").removeprefix("file://")
    if is_address(named):
        return Store.at(named, cache=cache_folder()).url
    return str(_below_project("ISOGRAPH_ARTIFACTS", "artifacts"))


def artifacts_folder() -> Path:
    """Results on this machine: the folder they are written to, or the copy of what a bucket has."""
    return Artifacts(folder=artifacts_place()).root


def cache_folder() -> Path:
    """Copies of what buckets have: `ISOGRAPH_CACHE`, else in `DAGSTER_HOME` or the user's cache."""
    if named := os.environ.get("ISOGRAPH_CACHE"):
        return Path(named).expanduser().absolute()
    if home := os.environ.get("DAGSTER_HOME"):
        return Path(home).expanduser().absolute() / "artifacts-cache"
    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return root / "isograph" / "artifacts"


def studies_folder() -> Path:
    """Where studies are dropped: `ISOGRAPH_STUDIES`, else `studies` in the project."""
    return _below_project("ISOGRAPH_STUDIES", "studies")


class Artifacts(dg.ConfigurableResource[None]):
    """The folder of everything that the pipeline writes.

    Paths are of this machine, also where results lie in a bucket: `reading`, `read` and `fetch…`
    get what it has, `writing` and `appending` put there what was written. Where results lie in a
    folder, these have nothing to do.
    """

    folder: str
    """A folder, or an address such as `s3://bucket/prefix`."""

    @property
    def store(self) -> Store | None:
        """The bucket; None where results lie in a folder."""
        return Store.at(self.folder, cache=cache_folder()) if is_address(self.folder) else None

    @property
    def root(self) -> Path:
        """The folder, or the copy on this machine of what the bucket has."""
        store = self.store
        return Path(self.folder) if store is None else store.copy

    @contextmanager
    def reading(self, path: Path) -> Iterator[Path]:
        """A folder or file as it was written last; it stays so while the block lasts.

        Raises:
            OutputError: the bucket has none, or another one than was written.
        """
        store = self.store
        if store is None:
            yield path
        else:
            with store.reading(path):
                yield path

    @contextmanager
    def writing(self, *paths: Path) -> Iterator[None]:
        """Store folders or files that the block writes: each whole or not at all, in this order."""
        store = self.store
        if store is None:
            yield
        else:
            with store.writing(*paths):
                yield

    @contextmanager
    def appending(self, path: Path) -> Iterator[Path]:
        """Where to append lines: several writers may do so at a time."""
        store = self.store
        if store is None:
            yield path
        else:
            with store.appending(path) as part:
                yield part

    def fetch(self, path: Path) -> Path:
        """The path, after it was made what the bucket has; it is gone if that has none."""
        if (store := self.store) is not None:
            store.fetch(path)
        return path

    def fetch_files(self, paths: Iterable[Path]) -> list[Path]:
        """Those of many small files that are there."""
        paths = list(paths)
        if (store := self.store) is not None:
            store.fetch_files(paths)
        return [path for path in paths if path.exists()]

    def fetch_lines(self, path: Path) -> Path:
        """The path of a file that `appending` made, with the lines of all writers."""
        if (store := self.store) is not None:
            store.fetch_lines(path)
        return path

    def read(self, folder: Path, name: str) -> bytes | None:
        """One file of a stored folder, without the others; None where it is not there."""
        if (store := self.store) is not None:
            return store.read(folder, name)
        path = folder / name
        return path.read_bytes() if path.exists() else None

    def shown(self, path: Path, *below: str) -> dg.MetadataValue:
        """Where people find a folder or file, or something below it."""
        if (store := self.store) is not None:
            return dg.MetadataValue.url("/".join((store.address(path), *below)))
        return dg.MetadataValue.path(path.joinpath(*below))

    def bundle(self, dataset: str) -> Path:
        """The bundle of a fixture or study."""
        return self.root / "bundles" / dataset

    def features(self, dataset: str) -> Path:
        """Its features, shared by all backends."""
        return self.root / "features" / dataset

    def fit(self, dataset: str, backend: str) -> Path:
        """One fit."""
        return self.root / "fits" / dataset / backend

    def explanation(self, dataset: str, backend: str) -> Path:
        """Explanations of one fit."""
        return explanation_folder(self.root / "explain", study=dataset, backend=backend)

    def metrics(self, dataset: str, backend: str) -> Path:
        """Scores of one fit of a fixture."""
        return self.root / "metrics" / backend / f"{dataset}.json"

    def report(self, name: str) -> Path:
        """A report over many fits."""
        return self.root / "reports" / name


def bundles_folder() -> Path:
    """Where bundles lie of which each is a study: `ISOGRAPH_BUNDLES`, else `bundles`."""
    return _below_project("ISOGRAPH_BUNDLES", "bundles")


class StudiesFolder(dg.ConfigurableResource[None]):
    """The folders in which users drop studies, and bundles that are studies by themselves."""

    folder: str
    bundles: str = ""
    """Folder of bundles; none if empty."""

    @property
    def root(self) -> Path:
        """The folder as a path."""
        return Path(self.folder)

    @property
    def bundles_root(self) -> Path | None:
        """The folder of bundles, if there is one to watch."""
        return Path(self.bundles) if self.bundles else None
