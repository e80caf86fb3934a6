"""One file or folder a partition: bundles, features, fits, explanations, scores."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from isograph.bundle import Bundle, load_bundle, save_bundle
from isograph.explanation import Explanations
from isograph.explanation.render import write_explanations
from isograph.explanation.target import INDEX, INDEX_PAGE
from isograph.features import FeatureSet, read_features, write_features
from isograph.files import read_json, write_json
from isograph.results import Fit, read_fit, write_fit
from isograph_assets.partitions import split_key
from isograph_assets.resources import Artifacts


@dataclass(frozen=True)
class Pictured:
    """Explanations and how many of them get pictures, the first ones."""

    explanations: Explanations
    most_pictured: int


class BelowArtifacts(dg.ConfigurableIOManager):
    """Knows where results are written."""

    folder: str

    @property
    def artifacts(self) -> Artifacts:
        """The places below the folder."""
        return Artifacts(folder=self.folder)


class Stored(BelowArtifacts):
    """One file or folder a partition."""

    @abstractmethod
    def place(self, dataset: str, backend: str | None) -> Path:
        """Where the partition lies."""

    @abstractmethod
    def write(self, value: Any, path: Path) -> None:
        """Write it, replacing what was there."""

    @abstractmethod
    def read(self, path: Path) -> Any:
        """Read it back."""

    def files(self, value: Any, path: Path) -> list[Path]:
        """What `write` writes: the folder or file itself, and others before it."""
        return [path]

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write the partition that was made."""
        path = self.place(*split_key(context.partition_key))
        with self.artifacts.writing(*self.files(obj, path)):
            self.write(obj, path)
        context.add_output_metadata({"path": self.artifacts.shown(path)})

    def load_input(self, context: dg.InputContext) -> Any:
        """Read the one partition that is asked for."""
        with self.artifacts.reading(self.place(*split_key(context.asset_partition_key))) as path:
            return self.read(path)


class BundleIOManager(Stored):
    """Bundle folders."""

    def place(self, dataset: str, backend: str | None) -> Path:
        """`bundles/<dataset>/`."""
        return self.artifacts.bundle(dataset)

    def write(self, value: Bundle, path: Path) -> None:
        """As `isograph simulate` and `isograph import` do."""
        save_bundle(value, path, overwrite=True)

    def read(self, path: Path) -> Bundle:
        """Load and check."""
        return load_bundle(path)


class FeaturesIOManager(Stored):
    """Feature folders."""

    def place(self, dataset: str, backend: str | None) -> Path:
        """`features/<dataset>/`."""
        return self.artifacts.features(dataset)

    def write(self, value: FeatureSet, path: Path) -> None:
        """Feature scores, gene filter, samples and their record."""
        write_features(value, path)

    def read(self, path: Path) -> FeatureSet:
        """Read them back, with their design."""
        return read_features(path)


class FitIOManager(Stored):
    """Fit folders."""

    def place(self, dataset: str, backend: str | None) -> Path:
        """`fits/<dataset>/<backend>/`."""
        return self.artifacts.fit(dataset, backend or "")

    def write(self, value: Fit, path: Path) -> None:
        """As `isograph fit` does."""
        write_fit(value, path, overwrite=True)

    def read(self, path: Path) -> Fit:
        """Read every table back."""
        return read_fit(path)


class MetricsIOManager(Stored):
    """One JSON file a fixture and backend."""

    def place(self, dataset: str, backend: str | None) -> Path:
        """`metrics/<backend>/<dataset>.json`."""
        return self.artifacts.metrics(dataset, backend or "")

    def write(self, value: dict[str, Any], path: Path) -> None:
        """Write the JSON."""
        write_json(path, value)

    def read(self, path: Path) -> dict[str, Any]:
        """Read the JSON."""
        found: dict[str, Any] = read_json(path)
        return found

    def load_input(self, context: dg.InputContext) -> dict[str, dict[str, Any]]:
        """Every partition that is there, by key: a report does not wait for the last one."""
        places = {key: self.place(*split_key(key)) for key in context.asset_partition_keys}
        there = set(self.artifacts.fetch_files(places.values()))
        return {key: self.read(path) for key, path in places.items() if path in there}


class ExplanationIOManager(Stored):
    """Folders of explanations: one a module, and an index page."""

    def place(self, dataset: str, backend: str | None) -> Path:
        """`explain/<dataset>`, with `-<backend>` for those other than the default."""
        return self.artifacts.explanation(dataset, backend or "")

    def handle_output(self, context: dg.OutputContext, obj: Pictured) -> None:
        """Write it, and say where its first page lies."""
        super().handle_output(context, obj)
        folder = self.place(*split_key(context.partition_key))
        page = self.artifacts.shown(folder, INDEX_PAGE)
        context.add_output_metadata({"page to open": page})

    def write(self, value: Pictured, path: Path) -> None:
        """As `isograph explain-module --plot` does."""
        write_explanations(
            value.explanations, path, formats=("png",), most_pictured=value.most_pictured
        )

    def read(self, path: Path) -> dict[str, Any]:
        """The index."""
        found: dict[str, Any] = read_json(path / INDEX)
        return found
