"""What a benchmark fits: fixtures by name, or every bundle of a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from isograph.bundle.format import MANIFEST_FILE
from isograph.bundle.manifest import Manifest, find_file, read_manifest
from isograph.errors import Problems
from isograph.evaluation.cells import Cell
from isograph.evaluation.peers import PEERS, peer_takes
from isograph.files import hash_parts, sha256_file
from isograph.simulation import FixtureInfo, list_fixtures

BUNDLE_SEED = 0


@dataclass(frozen=True)
class DataSet:
    """One data set of a benchmark.

    Attributes:
        name: of the fixture, or of the bundle's folder.
        n_genes: of it; 0 where it cannot be read.
        n_samples: likewise.
        info: what the catalogue says of a fixture; None for a bundle.
        bundle: folder of a bundle.
        bundle_files: hash of its files.
        has_factors: a bundle tells the factors that were planted.
    """

    name: str
    n_genes: int
    n_samples: int
    info: FixtureInfo | None = None
    bundle: Path | None = None
    bundle_files: str | None = None
    has_factors: bool = False

    @property
    def suite(self) -> str | None:
        """That it belongs to; None for a bundle."""
        return None if self.info is None else self.info.suite

    @property
    def expected_seconds(self) -> float:
        """Roughly what a cell takes, for estimates of the time left."""
        return 2.0 + 2e-6 * self.n_genes * self.n_samples

    def fits_peer(self, peer: str) -> bool:
        """Whether it is small enough for a peer and says what that needs."""
        if self.info is not None:
            return peer_takes(peer, self.info)
        wanted = PEERS[peer]
        return 2 * self.n_genes <= wanted.most_features and (self.has_factors or not wanted.told)

    def cells(
        self, backend: str, *, seeds: Sequence[int], settings: tuple[tuple[str, str], ...]
    ) -> tuple[Cell, ...]:
        """One a seed; one for a bundle, which has no seed."""
        if self.bundle is None:
            return tuple(Cell(self.name, seed, backend, settings) for seed in seeds)
        files, place = self.bundle_files, self.bundle
        return (Cell(self.name, BUNDLE_SEED, backend, settings, files, place),)


def fixture_sets(names: Sequence[str]) -> tuple[DataSet, ...]:
    """Fixtures of the catalogue, by names that exist."""
    infos = {info.name: info for info in list_fixtures()}
    return tuple(
        DataSet(name, infos[name].n_genes, infos[name].n_samples, infos[name]) for name in names
    )


def bundle_sets(folder: Path, problems: Problems) -> tuple[DataSet, ...]:
    """Every bundle of a folder, by name; or the folder itself where it is one.

    A folder with a manifest is a bundle, whatever else is wrong with it; hidden ones are not
    looked at: half-written bundles are.

    Args:
        folder: of bundles.
        problems: to note that there is none.
    """
    folder = Path(folder).resolve()
    if (folder / MANIFEST_FILE).is_file():
        return (_bundle_set(folder),)
    found = sorted(
        path.parent
        for path in folder.glob(f"*/{MANIFEST_FILE}")
        if path.is_file() and not path.parent.name.startswith(".")
    )
    if not found:
        what = "holds no bundle" if folder.is_dir() else "there is no such folder"
        fix = f"give a folder whose sub-folders hold {MANIFEST_FILE}"
        problems.add(str(folder), what, fix=fix)
    return tuple(_bundle_set(path) for path in found)


def _bundle_set(folder: Path) -> DataSet:
    manifest = read_manifest(folder, Problems())
    paths = _paths(folder, manifest)
    hashed = _hash_files(folder, paths)
    if manifest is None:
        return DataSet(folder.name, 0, 0, bundle=folder, bundle_files=hashed)
    return DataSet(
        folder.name,
        _count_genes(manifest, paths),
        max(matrix.n_samples for matrix in manifest.matrices),
        bundle=folder,
        bundle_files=hashed,
        has_factors=any(
            table.kind == "truth_latents" and table.n_rows for table in manifest.feature_tables
        ),
    )


def bundle_files_hash(folder: Path) -> str:
    """Hash over the bytes of a bundle's manifest and of every file that it names.

    More than the content hash of the data changes it, such as their provenance, which scores
    read; and it takes no more memory than a block of a file.
    """
    folder = Path(folder)
    return _hash_files(folder, _paths(folder, read_manifest(folder, Problems())))


def _paths(folder: Path, manifest: Manifest | None) -> dict[str, Path | None]:
    names = () if manifest is None else manifest.filenames
    return {name: find_file(folder, name, Problems()) for name in names}


def _hash_files(folder: Path, paths: Mapping[str, Path | None]) -> str:
    parts = {MANIFEST_FILE: sha256_file(folder / MANIFEST_FILE)}
    for name, path in paths.items():
        parts[f"file:{name}"] = "missing" if path is None else sha256_file(path)
    return hash_parts(parts)


def _count_genes(manifest: Manifest, paths: Mapping[str, Path | None]) -> int:
    """Rows of the gene table, else genes of the transcript table; 0 where neither can be read."""
    tables = {table.kind: table for table in manifest.feature_tables}
    if "gene" in tables:
        return tables["gene"].n_rows
    path = paths.get(tables["transcript"].filename) if "transcript" in tables else None
    if path is None:
        return 0
    try:
        genes = pq.read_table(path, columns=["gene_id"])["gene_id"]
    except (OSError, KeyError, pa.ArrowException):
        return 0
    return int(pc.count_distinct(genes).as_py())
