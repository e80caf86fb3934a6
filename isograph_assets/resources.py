"""Where things lie: results under one folder, studies under another."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from isograph.explanation.target import explanation_folder

PROJECT = Path(__file__).resolve().parents[1]


def _below_project(variable: str, name: str) -> Path:
    """The folder that an environment variable names, else `name` in the project folder."""
    if named := os.environ.get(variable):
        return Path(named).expanduser().absolute()
    # an installed package has no project around it
    base = PROJECT if (PROJECT / "workspace.yaml").exists() else Path.cwd()
    return base / name


def artifacts_folder() -> Path:
    """Where results are written: `ISOGRAPH_ARTIFACTS`, else `artifacts` in the project."""
    return _below_project("ISOGRAPH_ARTIFACTS", "artifacts")


def studies_folder() -> Path:
    """Where studies are dropped: `ISOGRAPH_STUDIES`, else `studies` in the project."""
    return _below_project("ISOGRAPH_STUDIES", "studies")


class Artifacts(dg.ConfigurableResource[None]):
    """The folder of everything that the pipeline writes."""

    folder: str

    @property
    def root(self) -> Path:
        """The folder as a path."""
        return Path(self.folder)

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


class StudiesFolder(dg.ConfigurableResource[None]):
    """The folder in which users drop bundles and study files."""

    folder: str

    @property
    def root(self) -> Path:
        """The folder as a path."""
        return Path(self.folder)
