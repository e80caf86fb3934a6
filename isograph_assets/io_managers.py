"""How assets are stored: the library's own files, each written whole or not at all."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from isograph.bundle import Bundle, load_bundle, save_bundle
from isograph.explanation import Explanations
from isograph.explanation.render import write_explanations
from isograph.explanation.target import INDEX, INDEX_PAGE
from isograph.features import FeatureSet, read_features, write_features
from isograph.files import atomic_file, read_json, write_bytes, write_json
from isograph.results import Fit, read_fit, write_fit
from isograph.selection import report_name
from isograph_assets.partitions import split_key
from isograph_assets.resources import Artifacts


@dataclass(frozen=True)
class Report:
    """A JSON document with its pictures.

    Attributes:
        document: what goes into `<name>.json`.
        pictures: PNG bytes by suffix; the empty suffix gives `<name>.png`.
    """

    document: Mapping[str, Any]
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Pictured:
    """Explanations and how many of them get pictures, the first ones."""

    explanations: Explanations
    most_pictured: int


class _BelowArtifacts(dg.ConfigurableIOManager):
    """Knows where results are written."""

    folder: str

    @property
    def artifacts(self) -> Artifacts:
        """The places below the folder."""
        return Artifacts(folder=self.folder)


class _Stored(_BelowArtifacts):
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

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write the partition that was made."""
        path = self.place(*split_key(context.partition_key))
        self.write(obj, path)
        context.add_output_metadata({"path": dg.MetadataValue.path(path)})

    def load_input(self, context: dg.InputContext) -> Any:
        """Read the one partition that is asked for."""
        return self.read(self.place(*split_key(context.asset_partition_key)))


class BundleIOManager(_Stored):
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


class FeaturesIOManager(_Stored):
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


class FitIOManager(_Stored):
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


class MetricsIOManager(_Stored):
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
        return {key: self.read(path) for key, path in places.items() if path.exists()}


class ExplanationIOManager(_Stored):
    """Folders of explanations: one a module, and an index page."""

    def place(self, dataset: str, backend: str | None) -> Path:
        """`explain/<dataset>`, with `-<backend>` for those other than the default."""
        return self.artifacts.explanation(dataset, backend or "")

    def handle_output(self, context: dg.OutputContext, obj: Pictured) -> None:
        """Write it, and say where its first page lies."""
        super().handle_output(context, obj)
        page = self.place(*split_key(context.partition_key)) / INDEX_PAGE
        context.add_output_metadata({"page to open": dg.MetadataValue.path(page)})

    def write(self, value: Pictured, path: Path) -> None:
        """As `isograph explain-module --plot` does."""
        write_explanations(
            value.explanations, path, formats=("png",), most_pictured=value.most_pictured
        )

    def read(self, path: Path) -> dict[str, Any]:
        """The index."""
        found: dict[str, Any] = read_json(path / INDEX)
        return found


class StabilityIOManager(_Stored):
    """A JSON file and its picture a study and backend."""

    def place(self, dataset: str, backend: str | None) -> Path:
        """`reports/<study>-<backend>-<data set>-stability.json`, as `isograph fit` names it."""
        manifest = read_json(self.artifacts.bundle(dataset) / "manifest.json")
        name = report_name(
            study=dataset, backend=backend or "", dataset=str(manifest["dataset_name"])
        )
        return self.artifacts.report(f"{name}.json")

    def write(self, value: Report, path: Path) -> None:
        """Pictures first, so that a document never stands without them."""
        for suffix, picture in value.pictures.items():
            write_bytes(path.with_name(f"{path.stem}{suffix}.png"), picture)
        write_json(path, value.document)

    def read(self, path: Path) -> Report:
        """The document, without its picture."""
        return Report(read_json(path))


class ReportIOManager(_BelowArtifacts):
    """A JSON file and its pictures, named after the asset, under `reports/`."""

    def handle_output(self, context: dg.OutputContext, obj: Report) -> None:
        """Write pictures first, so that a document never stands without them."""
        name = context.asset_key.path[-1]
        for suffix, picture in obj.pictures.items():
            with atomic_file(self.artifacts.report(f"{name}{suffix}.png")) as work:
                work.write_bytes(picture)
        path = self.artifacts.report(f"{name}.json")
        write_json(path, obj.document)
        context.add_output_metadata({"path": dg.MetadataValue.path(path)})

    def load_input(self, context: dg.InputContext) -> Report:
        """The document, without its pictures."""
        return Report(read_json(self.artifacts.report(f"{context.asset_key.path[-1]}.json")))
