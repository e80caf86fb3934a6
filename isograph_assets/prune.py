"""`python -m isograph_assets.prune`: old runs and failure records, stale cells, torn writes, gone.

A run that holds the latest materialization of anything stays, however old: without it the UI would
forget what lies on disk. Results are never touched.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from isograph.cli.text import counted
from isograph.errors import ConfigError
from isograph.evaluation.cells import code_version
from isograph.evaluation.kept import forget_cell
from isograph.files import read_json
from isograph_assets.failures import FOLDER as FAILURES
from isograph_assets.home import POSTGRES, prepare_home
from isograph_assets.resources import Artifacts, artifacts_folder

KEEP_DAYS = 30.0
_DAY = 86400.0
_PAGE = 500
_MIB = 1024.0**2
_FINISHED = (
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
)


@dataclass(frozen=True)
class Stale:
    """What may go.

    Attributes:
        runs: ids of finished runs.
        cells: folders of benchmark cells that another code made.
        torn: folders and files that an interrupted write left behind.
        records: pages on failed runs.
    """

    runs: tuple[str, ...]
    cells: tuple[Path, ...]
    torn: tuple[Path, ...]
    records: tuple[Path, ...]


def find_stale(
    instance: dg.DagsterInstance, artifacts: Artifacts, *, days: float, now: float
) -> Stale:
    """What is older than so many days and of no use to anybody.

    Args:
        instance: its runs.
        artifacts: its benchmark cells and torn writes.
        days: how old.
        now: Unix seconds.
    """
    before = now - days * _DAY
    return Stale(
        runs=_stale_runs(instance, before),
        cells=tuple(_stale_cells(artifacts.root / "benchmarks", before)),
        torn=tuple(_torn(artifacts.root, min(before, now - _DAY))),
        records=tuple(_old_records(artifacts.root / FAILURES, before)),
    )


def _stale_runs(instance: dg.DagsterInstance, before: float) -> tuple[str, ...]:
    kept = latest_runs(instance)
    records = instance.get_run_records(dg.RunsFilter(statuses=list(_FINISHED)))
    return tuple(
        record.dagster_run.run_id
        for record in records
        if (record.end_time or record.update_timestamp.timestamp()) < before
        and record.dagster_run.run_id not in kept
    )


def latest_runs(instance: dg.DagsterInstance) -> set[str]:
    """Runs that hold the latest materialization of an asset, or of a partition of one."""
    kept: set[str] = set()
    for key in instance.all_asset_keys():
        seen: set[str | None] = set()
        cursor = None
        while True:
            page = instance.fetch_materializations(key, limit=_PAGE, cursor=cursor)
            for record in page.records:
                if record.partition_key not in seen:
                    seen.add(record.partition_key)
                    kept.add(record.run_id)
            if not page.has_more:
                break
            cursor = page.cursor
    return kept


def _stale_cells(folder: Path, before: float) -> Iterator[Path]:
    code = code_version()
    for path in sorted(folder.rglob("cell.json")):
        try:
            told = read_json(path).get("code_version")
        except (OSError, ValueError, AttributeError):
            told = None
        if told != code and path.stat().st_mtime < before:
            yield path.parent


def _torn(root: Path, before: float) -> Iterator[Path]:
    """Work folders and files (`.name.….tmp`) that no writer will come back to."""
    for path in sorted(root.rglob(".*.tmp")):
        if path.lstat().st_mtime < before:
            yield path


def _old_records(folder: Path, before: float) -> Iterator[Path]:
    for path in sorted(folder.glob("*.md")):
        if path.stat().st_mtime < before:
            yield path


def prune(instance: dg.DagsterInstance, stale: Stale) -> None:
    """Delete it. A cell's folder keeps what is not its own, such as further seeds."""
    for run in stale.runs:
        instance.delete_run(run)
    for cell in stale.cells:
        forget_cell(cell)
        for place in (cell, *cell.parents):
            if place.name == "benchmarks" or any(place.iterdir()):
                break
            place.rmdir()
    for path in stale.records:
        path.unlink(missing_ok=True)
    for path in stale.torn:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def compact(home: Path) -> float:
    """Give the disk back what deleted rows held; MiB. sqlite only, and only if nobody writes."""
    files = sorted(home.rglob("*.db"))
    held = sum(path.stat().st_size for path in files)
    for path in files:
        try:
            with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as database:
                database.execute("VACUUM")
        except sqlite3.Error as error:
            print(f"  left as it is: {path.name} ({error})", file=sys.stderr)
    return (held - sum(path.stat().st_size for path in files)) / _MIB


def main(arguments: Sequence[str] | None = None) -> int:
    """Prune the local instance and its artifacts; 0."""
    parser = argparse.ArgumentParser(prog="prune", description=__doc__)
    parser.add_argument(
        "--older-than",
        type=float,
        default=KEEP_DAYS,
        metavar="DAYS",
        help=f"default {KEEP_DAYS:g}",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would go, delete nothing")
    asked = parser.parse_args(arguments)
    if asked.older_than < 0:
        parser.error("--older-than is 0 or more days")
    try:
        home = prepare_home()
    except ConfigError as error:
        parser.error(str(error))
    os.environ["DAGSTER_HOME"] = str(home)
    artifacts = Artifacts(folder=str(artifacts_folder()))
    with dg.DagsterInstance.get() as instance:
        stale = find_stale(instance, artifacts, days=asked.older_than, now=time.time())
        verb = "would go" if asked.dry_run else "gone"
        for number, thing in (
            (len(stale.runs), "run"),
            (len(stale.cells), "benchmark cell"),
            (len(stale.torn), "torn write"),
            (len(stale.records), "old failure record"),
        ):
            print(f"  {counted(number, thing)} {verb}")
        if asked.dry_run:
            return 0
        prune(instance, stale)
    if os.environ.get(POSTGRES):
        print("  PostgreSQL gives the space of deleted rows back by itself (autovacuum)")
    else:
        print(f"  {compact(home):.1f} MiB of history given back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
