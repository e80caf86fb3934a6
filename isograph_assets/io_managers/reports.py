"""Reports: a JSON document with its pictures under `reports/`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from isograph.errors import OutputError
from isograph.files import read_json, write_bytes, write_json
from isograph.selection import report_name
from isograph_assets.io_managers.stored import BelowArtifacts, Stored
from isograph_assets.partitions import split_key

KIND = "report"
"""Metadata key of a suite's report: which of them it is."""


@dataclass(frozen=True)
class Report:
    """A JSON document with its pictures.

    Attributes:
        document: what goes into `<name>.json`.
        pictures: PNG bytes by suffix; the empty suffix gives `<name>.png`.
    """

    document: Mapping[str, Any]
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    def files(self, path: Path) -> list[Path]:
        """Its files where the document is `path`: pictures first, the document last."""
        return [*(path.with_name(f"{path.stem}{suffix}.png") for suffix in self.pictures), path]


def write_report(report: Report, path: Path) -> None:
    """Write pictures first, so that a document never stands without them."""
    *places, _ = report.files(path)
    for place, picture in zip(places, report.pictures.values(), strict=True):
        write_bytes(place, picture)
    write_json(path, report.document)


class StabilityIOManager(Stored):
    """A JSON file and its picture a study and backend."""

    def files(self, value: Report, path: Path) -> list[Path]:
        """Its picture and its document."""
        return value.files(path)

    def place(self, dataset: str, backend: str | None) -> Path:
        """`reports/<study>-<backend>-<data set>-stability.json`, as `isograph fit` names it."""
        manifest = self.artifacts.read(self.artifacts.bundle(dataset), "manifest.json")
        if manifest is None:
            raise OutputError(f"{dataset} has no bundle: run the asset that makes it")
        name = report_name(
            study=dataset, backend=backend or "", dataset=str(json.loads(manifest)["dataset_name"])
        )
        return self.artifacts.report(f"{name}.json")

    def write(self, value: Report, path: Path) -> None:
        """As `isograph fit --stability-selection` does."""
        write_report(value, path)

    def read(self, path: Path) -> Report:
        """The document, without its picture."""
        return Report(read_json(path))


class _Reports(BelowArtifacts):
    """Stores and loads a report at a place."""

    def _store(self, context: dg.OutputContext, report: Report, path: Path) -> None:
        with self.artifacts.writing(*report.files(path)):
            write_report(report, path)
        context.add_output_metadata({"path": self.artifacts.shown(path)})

    def _load(self, path: Path) -> Report:
        with self.artifacts.reading(path):
            return Report(read_json(path))


class SuiteReportIOManager(_Reports):
    """`reports/<suite>-<backend>-<kind>.json`, as `isograph benchmark` names it.

    The kind stands in the asset's definition metadata, under `KIND`.
    """

    def _place(self, context: dg.OutputContext | dg.InputContext, key: str) -> Path:
        suite, backend = split_key(key)
        kind = (context.definition_metadata or {})[KIND]
        return self.artifacts.report(f"{suite}-{backend}-{kind}.json")

    def handle_output(self, context: dg.OutputContext, obj: Report) -> None:
        """Write the partition that was made."""
        path = self._place(context, context.partition_key)
        self._store(context, obj, path)

    def load_input(self, context: dg.InputContext) -> Report:
        """The document, without its pictures."""
        if context.upstream_output is None:
            raise ValueError("a report is read as the output of an asset")
        return self._load(self._place(context.upstream_output, context.asset_partition_key))


class ReportIOManager(_Reports):
    """A JSON file and its pictures, named after the asset, under `reports/`."""

    def handle_output(self, context: dg.OutputContext, obj: Report) -> None:
        """Write it."""
        path = self.artifacts.report(f"{context.asset_key.path[-1]}.json")
        self._store(context, obj, path)

    def load_input(self, context: dg.InputContext) -> Report:
        """The document, without its pictures."""
        return self._load(self.artifacts.report(f"{context.asset_key.path[-1]}.json"))
