"""Folders of quality control, one a study."""

from pathlib import Path
from typing import Any

import dagster as dg

from isograph.files import read_json
from isograph.quality import Quality, write_quality
from isograph.quality.folder import PAGE, RECORD
from isograph_assets.io_managers.stored import Stored
from isograph_assets.partitions import split_key


class QualityIOManager(Stored):
    """Tables, `qc.json` and a page a study."""

    def place(self, dataset: str, backend: str | None) -> Path:
        """`qc/<study>/`, where `isograph qc` writes it too."""
        return self.artifacts.root / "qc" / dataset

    def handle_output(self, context: dg.OutputContext, obj: Quality) -> None:
        """Write it, and say where its page lies."""
        super().handle_output(context, obj)
        folder = self.place(*split_key(context.partition_key))
        context.add_output_metadata({"page to open": self.artifacts.shown(folder, PAGE)})

    def write(self, value: Quality, path: Path) -> None:
        """As `isograph qc` does."""
        write_quality(value, path, overwrite=True)

    def read(self, path: Path) -> dict[str, Any]:
        """The record."""
        found: dict[str, Any] = read_json(path / RECORD)
        return found
