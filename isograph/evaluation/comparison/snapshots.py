"""What differs between two snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from isograph.evaluation.comparison.model import EXAMPLES, Difference, Tolerances
from isograph.evaluation.comparison.partitions import PartitionAgreement, compare_partitions
from isograph.evaluation.comparison.tables import (
    compare_eigengenes,
    compare_features,
    compare_members,
    compare_roles,
)
from isograph.evaluation.snapshots import TABLES, Snapshot
from isograph.files import SCHEMA_VERSION

# what made a result and where it lay: no part of what was asked for
_PROVENANCE = ("isograph_version", "git.", "packages.", "bundle.path", "schema_version", "study")
_COUNTS = ("n_modules", "n_edges")


@dataclass(frozen=True)
class SnapshotComparison:
    """Two snapshots beside each other.

    Attributes:
        left: the one.
        right: the other.
        tolerances: what was accepted.
        partition: how the modules agree.
        eigengene_r: |r| of the eigengenes of matched modules by left module id.
        differences: those that fail first.
    """

    left: Snapshot
    right: Snapshot
    tolerances: Tolerances
    partition: PartitionAgreement
    eigengene_r: Mapping[str, float | None]
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing differs by more than what is accepted."""
        return not any(one.fails for one in self.differences)

    def as_dict(self) -> dict[str, Any]:
        """Content of the report."""
        partition = self.partition
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": "snapshots",
            "passed": self.passed,
            "left": _side(self.left),
            "right": _side(self.right),
            "tolerances": asdict(self.tolerances),
            "differences": [one.as_dict() for one in self.differences],
            "metrics": _metrics(self.left, self.right),
            "partition": {
                "ari": partition.ari,
                "n_genes": partition.n_genes,
                "n_moved": len(partition.moved),
                "n_only_left": len(partition.only_left),
                "n_only_right": len(partition.only_right),
                "n_renamed": partition.n_renamed,
                "modules": [
                    match.as_dict() | {"eigengene_r": self.eigengene_r.get(str(match.left))}
                    for match in partition.matches
                ],
            },
        }


def compare_snapshots(
    left: Snapshot, right: Snapshot, *, tolerances: Tolerances | None = None
) -> SnapshotComparison:
    """Compare two snapshots: modules as partitions, the sign of eigengenes and switch axes free.

    Args:
        left: the one.
        right: the other.
        tolerances: how far they may be apart; the defaults of `Tolerances` if None.
    """
    tolerances = tolerances or Tolerances()
    partition = compare_partitions(left.table("modules"), right.table("modules"))
    features = compare_features(left, right, tolerances)
    eigengene_r, eigengenes = compare_eigengenes(left, right, partition, tolerances)
    found = [
        *_edited(left, "left"),
        *_edited(right, "right"),
        *_modules(partition, tolerances),
        *eigengenes,
        *compare_roles(left, right, partition, tolerances, flipped_genes=features.flipped_genes),
        *compare_members(left, right, partition, tolerances),
        *features.differences,
        *_numbers(left, right, tolerances),
        *_configuration(left, right, tolerances),
    ]
    return SnapshotComparison(
        left=left,
        right=right,
        tolerances=tolerances,
        partition=partition,
        eigengene_r=eigengene_r,
        differences=tuple(sorted(found, key=lambda one: not one.fails)),
    )


def _edited(snapshot: Snapshot, side: str) -> list[Difference]:
    """Tables that are not what the snapshot's manifest says."""
    return [
        Difference("changed after it was written", f"{side}: {name}.parquet", hash_then, hash_now)
        for name in TABLES
        if (hash_then := snapshot.recorded.get(name)) is not None
        and hash_then != (hash_now := snapshot.table_hashes[name])
    ]


def _modules(partition: PartitionAgreement, tolerances: Tolerances) -> list[Difference]:
    """Genes that are elsewhere, modules without a counterpart."""
    if partition.same:
        return []
    ari = 0.0 if partition.ari is None else partition.ari
    fails = tolerances.same_modules or ari < tolerances.min_ari
    lone = [f"left: {m.left}, {m.n_left} genes" for m in partition.matches if m.right is None]
    lone += [f"right: {m.right}, {m.n_right} genes" for m in partition.matches if m.left is None]
    elsewhere = {
        "modules without a counterpart": lone,
        "genes in another module": partition.moved,
        "genes assigned on the left only": partition.only_left,
        "genes assigned on the right only": partition.only_right,
    }
    where = "modules.parquet"
    whole = Difference(
        "agreement of modules (ARI)",
        where,
        left=1.0,
        right=partition.ari,
        tolerance=tolerances.min_ari,
        count=len(partition.moved) + len(partition.only_left) + len(partition.only_right),
        fails=fails,
    )
    return [
        whole,
        *(
            Difference(what, where, count=len(items), examples=tuple(items[:EXAMPLES]), fails=fails)
            for what, items in elsewhere.items()
            if items
        ),
    ]


def _metrics(left: Snapshot, right: Snapshot) -> dict[str, dict[str, Any]]:
    """Both values of each metric and their difference; null where either is not known."""
    rows = {}
    for name, value in left.metrics.items():
        other = right.metrics[name]
        delta = None if value is None or other is None else other - value
        rows[name] = {"left": value, "right": other, "delta": delta}
    return rows


def _numbers(left: Snapshot, right: Snapshot, tolerances: Tolerances) -> list[Difference]:
    """Counts that are not equal, and recovery where it is known of both."""
    found = []
    for name, row in _metrics(left, right).items():
        allowed = 0.0 if name in _COUNTS else tolerances.numeric
        if name == "runtime_seconds" or row["delta"] is None or abs(row["delta"]) <= allowed:
            continue
        fails = tolerances.same_modules
        found.append(
            Difference(name, "metrics.json", row["left"], row["right"], allowed, fails=fails)
        )
    return found


def _configuration(left: Snapshot, right: Snapshot, tolerances: Tolerances) -> list[Difference]:
    """What was asked for differently; and, never a failure, what made the results."""
    one, other = _flat(left.config), _flat(right.config)
    found = []
    for key in dict.fromkeys((*one, *other)):
        value, another = one.get(key), other.get(key)
        if _alike(value, another, tolerances.numeric):
            continue
        provenance = key.startswith(_PROVENANCE)
        found.append(
            Difference(
                "provenance" if provenance else "configuration",
                f"run_config.yaml: {key}",
                value,
                another,
                fails=tolerances.strict and not provenance,
            )
        )
    return found


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Values by dotted key; lists stay whole."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _alike(left: Any, right: Any, tolerance: float) -> bool:
    if isinstance(left, float) and isinstance(right, int | float):
        return abs(left - right) <= tolerance * max(1.0, abs(left), abs(right))
    return bool(left == right)


def _side(snapshot: Snapshot) -> dict[str, Any]:
    manifest = snapshot.manifest
    hashes = manifest.pop("content_hashes")
    del manifest["schema_version"]
    return manifest | {"bundle_hash": hashes["bundle"], "fit_hash": hashes["fit"]}
