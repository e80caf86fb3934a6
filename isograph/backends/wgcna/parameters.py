"""Everything that a weighted correlation network can be told, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from isograph.backends.wgcna.adjacency import NetworkType
from isograph.backends.wgcna.correlation import CorrelationKind
from isograph.backends.wgcna.dynamic_hybrid import CORE_SCATTER
from isograph.backends.wgcna.soft_threshold import DEFAULT_POWERS
from isograph.errors import ConfigError, Problems


@dataclass(frozen=True)
class NetworkParameters:
    """Parameters of a network.

    The defaults are those of R's `blockwiseModules` but for these, which its tutorial sets:
    `merge_cut_height` (R: 0.15) and `pam_respects_tree` (R: yes); and for the size of blocks,
    which cut real modules (R: 5,000 features).

    Attributes:
        network: how a correlation becomes a similarity.
        correlation: which correlation.
        power: soft-threshold power; None chooses one by scale-free topology.
        powers: powers to choose from, ascending.
        min_r_squared: R² that counts as scale-free.
        signed_overlap: let negative correlations of an unsigned network count against overlap.
        deep_split: 0 (few, tight modules) to 4 (many).
        min_module_size: smallest module.
        detect_cut_height: height in the tree above which no modules are looked for.
        pam_stage: give what the tree left over to the nearest module.
        pam_respects_tree: … only on the same branch.
        min_core_kme: membership that makes a core member.
        min_core_size: core members a module needs; None for a third of `min_module_size`.
        min_kme_to_stay: membership below which members leave.
        reassign_threshold: ratio of p values below which a member moves to another module.
        merge_cut_height: modules whose eigengenes are closer (1 − r) than this are joined.
        partners: strongest partners kept a feature.
        max_block_size: above this many features the network is built in blocks.
        single_above: above this many features in a block matrices are float32: 4 bytes a pair
            for adjacency and overlap each, 16 for the tree's two triangles.
    """

    network: NetworkType = "unsigned"
    correlation: CorrelationKind = "pearson"
    power: float | None = None
    powers: tuple[float, ...] = DEFAULT_POWERS
    min_r_squared: float = 0.85
    signed_overlap: bool = False
    deep_split: int = 2
    min_module_size: int = 30
    detect_cut_height: float = 0.995
    pam_stage: bool = True
    pam_respects_tree: bool = False
    min_core_kme: float = 0.5
    min_core_size: float | None = None
    min_kme_to_stay: float = 0.3
    reassign_threshold: float = 1e-6
    merge_cut_height: float = 0.25
    partners: int = 30
    max_block_size: int = 20_000
    single_above: int = 12_000

    def __post_init__(self) -> None:
        """Refuse values out of bounds, all at once."""
        problems = Problems()
        for name, good, fix in (
            ("network", self.network in ("unsigned", "signed", "signed_hybrid"), "a known type"),
            ("correlation", self.correlation in ("pearson", "bicor"), "pearson or bicor"),
            ("power", self.power is None or self.power > 0, "above 0"),
            ("powers", _ascending(self.powers), "positive and ascending"),
            ("min_r_squared", 0 < self.min_r_squared <= 1, "above 0, at most 1"),
            ("deep_split", self.deep_split in range(len(CORE_SCATTER)), "0 to 4"),
            ("min_module_size", self.min_module_size >= 2, "at least 2"),
            ("detect_cut_height", 0 < self.detect_cut_height <= 1, "above 0, at most 1"),
            ("min_core_kme", 0 <= self.min_core_kme <= 1, "0 to 1"),
            ("min_kme_to_stay", 0 <= self.min_kme_to_stay <= 1, "0 to 1"),
            ("reassign_threshold", 0 <= self.reassign_threshold <= 1, "0 to 1"),
            ("merge_cut_height", 0 <= self.merge_cut_height <= 2, "0 to 2"),
            ("partners", self.partners >= 1, "at least 1"),
            (
                "max_block_size",
                self.max_block_size >= 2 * self.min_module_size,
                "at least twice the smallest module",
            ),
        ):
            if not good:
                problems.add(name, f"{getattr(self, name)} is out of bounds", fix=fix)
        problems.raise_if_any(ConfigError, "no network with these parameters")

    @property
    def core_size(self) -> float:
        """Core members a module needs."""
        return self.min_module_size / 3 if self.min_core_size is None else self.min_core_size


def _ascending(powers: tuple[float, ...]) -> bool:
    return bool(powers) and powers[0] > 0 and all(a < b for a, b in pairwise(powers))
