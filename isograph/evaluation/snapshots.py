"""Snapshots: what a fit found, small enough to keep and to compare later."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from isograph.bundle import Bundle
from isograph.errors import OutputError, Problem, Problems
from isograph.evaluation.cache import CELL_FILE
from isograph.evaluation.stored_fits import data_hash, open_fit, recovery_of, seconds_of
from isograph.files import (
    SCHEMA_VERSION,
    atomic_folder,
    hash_table,
    plain,
    write_json,
    write_table,
    write_text,
)
from isograph.results import Fit
from isograph.results.folder import CONFIG as FIT_CONFIG
from isograph.study import NAME_PATTERN, NAME_RULE

SNAPSHOTS = Path("snapshots")
MANIFEST = "manifest.json"
METRICS = "metrics.json"
SUMMARY = "module_summary.tsv"
CONFIG = "run_config.yaml"
FEATURES = "switch_features"
# snapshot table: table of the fit
TABLES = {
    "modules": "modules",
    "eigengenes": "eigengenes",
    "module_gene_roles": "module_gene_roles",
    FEATURES: "feature_scores",
}
_FILES = {MANIFEST, METRICS, SUMMARY, CONFIG, *(f"{name}.parquet" for name in TABLES)}
_FEATURE_ORDER = [(name, "ascending") for name in ("gene_id", "feature_type", "feature_id")]
_OF_FITS = (FIT_CONFIG, CELL_FILE)
_MAX_NAME = 120
_REFUSED = "snapshot not written"


@dataclass(frozen=True)
class Snapshot:
    """What a fit found.

    Attributes:
        name: of the snapshot; of the fit's folder where it was read from a fit.
        config: of the run, as in `fit_config.json` without the hashes.
        tables: by file stem (`TABLES`).
        n_edges: gene–gene edges of the fit.
        recovery: of the planted modules; None where nothing was planted or it is not known.
        runtime_seconds: wall clock of the fit; None where it is not known.
        fit_hash: content hash of the fit.
        recorded: content hashes of the tables, as the manifest has them; empty for a fit.
    """

    name: str
    config: Mapping[str, Any]
    tables: Mapping[str, pa.Table]
    n_edges: int
    recovery: float | None
    runtime_seconds: float | None
    fit_hash: str
    recorded: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """One table as a data frame, by file stem."""
        frame: pd.DataFrame = self.tables[name].to_pandas()
        return frame

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return str(self.config["bundle"]["name"])

    @property
    def backend(self) -> str:
        """Name of the backend."""
        return str(self.config["backend"])

    @cached_property
    def table_hashes(self) -> dict[str, str]:
        """Content hash of each table."""
        return {name: hash_table(table) for name, table in self.tables.items()}

    @cached_property
    def module_sizes(self) -> pd.Series[int]:
        """Genes of each module, by its id."""
        return self.table("modules")["module_id"].value_counts().sort_index()

    @property
    def metrics(self) -> dict[str, int | float | None]:
        """`n_modules`, `n_edges`, `recovery` and `runtime_seconds`."""
        return {
            "n_modules": len(self.module_sizes),
            "n_edges": self.n_edges,
            "recovery": self.recovery,
            "runtime_seconds": self.runtime_seconds,
        }

    @property
    def manifest(self) -> dict[str, Any]:
        """What the snapshot is of, and content hashes."""
        return {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "dataset": self.dataset,
            "version": self.config["isograph_version"],
            "backend": self.backend,
            "study": self.config["study"],
            "content_hashes": {
                "bundle": self.config["bundle"]["content_hash"],
                "fit": self.fit_hash,
                "tables": self.table_hashes,
            },
        }


def save_snapshot(
    fit: Fit,
    name: str,
    folder: Path = SNAPSHOTS,
    *,
    recovery: float | None = None,
    bundle: Bundle | None = None,
    runtime_seconds: float | None = None,
    overwrite: bool = False,
) -> Path:
    """Write what a fit found as `<folder>/<name>/`.

    The same fit gives the same bytes but for `runtime_seconds` in `metrics.json`.

    Args:
        fit: what to keep.
        name: of the snapshot: letters, digits, `.`, `_`, `-`.
        folder: of all snapshots.
        recovery: of the planted modules, where it is known already.
        bundle: of the fit; where it has planted modules and `recovery` is not given, it is scored.
        runtime_seconds: wall clock of the fit; that of its steps, or of its log, if None.
        overwrite: replace a former snapshot of this name.

    Returns:
        The snapshot's folder.

    Raises:
        OutputError: lists everything wrong: the name is none, the bundle is not that of the fit,
            something stands in the way. A folder that is no snapshot is never replaced.
    """
    target = Path(folder) / name
    problems = Problems()
    if not re.fullmatch(NAME_PATTERN, name) or len(name) > _MAX_NAME:
        fix = f"{NAME_RULE}, begins with a letter or digit and has at most {_MAX_NAME}"
        problems.add(repr(name), "is no name", fix=fix)
    else:
        _check_target(problems, target, overwrite=overwrite)
    if bundle is not None and bundle.content_hash != fit.config["bundle"]["content_hash"]:
        fix = f"the fit is of {fit.config['bundle']['name']}, {data_hash(fit)}"
        problems.add(f"bundle {bundle.name}", "is not the data set of this fit", fix=fix)
    problems.raise_if_any(OutputError, _REFUSED)
    if recovery is None and bundle is not None:
        recovery = recovery_of(fit, bundle)
    if runtime_seconds is None:
        runtime_seconds = seconds_of(fit)
    snapshot = snapshot_of(fit, name, recovery=recovery, runtime_seconds=runtime_seconds)
    with atomic_folder(target) as work:
        for stem, table in snapshot.tables.items():
            write_table(work / f"{stem}.parquet", table)
        write_json(work / MANIFEST, snapshot.manifest)
        write_json(work / METRICS, {"schema_version": SCHEMA_VERSION, **snapshot.metrics})
        lines = [f"{module}\t{n}" for module, n in snapshot.module_sizes.items()]
        write_text(work / SUMMARY, "\n".join(["module_id\tn_genes", *lines]) + "\n")
        config = yaml.safe_dump(plain(snapshot.config), sort_keys=False, allow_unicode=True)
        write_text(work / CONFIG, config)
    return target


def snapshot_of(
    fit: Fit, name: str, *, recovery: float | None = None, runtime_seconds: float | None = None
) -> Snapshot:
    """What a snapshot of a fit holds, in memory; arguments as for `save_snapshot`."""
    tables = {stem: fit.tables[source] for stem, source in TABLES.items()}
    tables[FEATURES] = tables[FEATURES].sort_by(_FEATURE_ORDER)
    return Snapshot(
        name=name,
        config=fit.config,
        tables=tables,
        n_edges=fit.tables["edges"].num_rows,
        recovery=recovery,
        runtime_seconds=runtime_seconds,
        fit_hash=fit.content_hash,
    )


def read_snapshot(folder: Path) -> Snapshot:
    """Read a snapshot; or a fit's folder, or a finished benchmark cell's, as one.

    Raises:
        OutputError: names every file that is missing or unreadable.
    """
    folder = Path(folder)
    if _is_snapshot(folder) or (folder / METRICS).exists():
        return _read_own(folder)
    if folder.is_dir() and not any((folder / name).exists() for name in (*_OF_FITS, MANIFEST)):
        problem = Problem(str(folder), "holds no fit and no snapshot")
        raise OutputError("nothing to read", [problem])
    found = open_fit(folder, score=False)
    return snapshot_of(
        found.fit,
        folder.resolve().name,
        recovery=found.recovery,
        runtime_seconds=found.runtime_seconds,
    )


def _read_own(folder: Path) -> Snapshot:
    """Read what `save_snapshot` wrote."""
    problems = Problems()
    tables, read = {}, {}
    for stem in TABLES:
        try:
            tables[stem] = pq.read_table(folder / f"{stem}.parquet")
        except (OSError, pa.ArrowException) as error:
            problems.found.append(_unreadable(folder / f"{stem}.parquet", error))
    for name in (MANIFEST, METRICS, CONFIG):
        try:
            text = (folder / name).read_text(encoding="utf-8")
            read[name] = yaml.safe_load(text) if name == CONFIG else json.loads(text)
        except (OSError, ValueError, yaml.YAMLError) as error:
            problems.found.append(_unreadable(folder / name, error))
    headline = f"{folder} is no snapshot that can be read"
    problems.raise_if_any(OutputError, headline)
    try:
        hashes, metrics = read[MANIFEST]["content_hashes"], read[METRICS]
        return Snapshot(
            name=read[MANIFEST]["name"],
            config=dict(read[CONFIG]),
            tables=tables,
            n_edges=metrics["n_edges"],
            recovery=metrics["recovery"],
            runtime_seconds=metrics["runtime_seconds"],
            fit_hash=hashes["fit"],
            recorded=dict(hashes["tables"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        problem = Problem(f"{MANIFEST}, {METRICS}", f"lack {error}", fix="make the snapshot again")
        raise OutputError(headline, [problem]) from error


def _check_target(problems: Problems, target: Path, *, overwrite: bool) -> None:
    """Note what would be lost: nothing but an empty folder or a former snapshot is replaced."""
    if not target.is_dir():
        if target.exists() or target.is_symlink():
            problems.add(str(target), "is not a folder", fix="choose another name")
        return
    names = sorted(entry.name for entry in target.iterdir())
    foreign = [name for name in names if name not in _FILES or (target / name).is_dir()]
    if foreign or (names and not _is_snapshot(target)):
        problems.add(
            str(target),
            "holds something that is no snapshot",
            examples=foreign or names,
            count=len(foreign or names),
            fix="choose another name",
        )
    elif names and not overwrite:
        problems.add(
            str(target), "exists", fix="choose another name, or replace it with --overwrite"
        )


def _is_snapshot(folder: Path) -> bool:
    """Whether a folder has a snapshot's manifest, be its other files damaged; bundles have none."""
    try:
        return b'"content_hashes"' in (folder / MANIFEST).read_bytes()
    except OSError:
        return False


def _unreadable(path: Path, error: Exception) -> Problem:
    what = (str(error).splitlines() or ["cannot be read"])[0] if path.exists() else "is missing"
    return Problem(path.name, what, fix="make the snapshot again")
