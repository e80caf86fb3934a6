"""Finished cells on disk, so that a run that was cut off goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

from isograph.evaluation.cells import Cell, CellResult, cell_key, from_record, to_record
from isograph.evaluation.plan import SUITE_SEED
from isograph.files import read_json, write_json

CELL_FILE = "cell.json"
FIT_FOLDER = "fit"


def cell_folder(root: Path, *, stage: str, cell: Cell) -> Path:
    """`<root>/<stage>/<dataset>` for bundles and the suite's seed, `…/seed-<k>` for other seeds."""
    folder = Path(root) / stage / cell.dataset
    plain = cell.seed == SUITE_SEED or not cell.is_fixture
    return folder if plain else folder / f"seed-{cell.seed}"


def read_cell(folder: Path, *, cell: Cell, code: str) -> CellResult | None:
    """The finished result of exactly this cell by exactly this code.

    Args:
        folder: of the cell.
        cell: with its settings.
        code: `code_version()`.

    Returns:
        None where there is none, where it is of other code or settings, where it failed, and
        where the file is damaged: the cell is then to be run.
    """
    try:
        record = read_json(folder / CELL_FILE)
        if record["key"] != cell_key(cell, code=code):
            return None
        result = from_record(record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return None if result.failed or result.cell != cell else result


def write_cell(folder: Path, result: CellResult) -> None:
    """Write `cell.json`, whole or not at all."""
    write_json(folder / CELL_FILE, to_record(result))
