"""Settings of the `wgcna` backend."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from isograph.backends.wgcna.parameters import NetworkParameters
from isograph.config import Settings


class WgcnaSettings(Settings):
    """The `wgcna` backend: a weighted correlation network, cut into modules."""

    network: Literal["unsigned", "signed", "signed_hybrid"] = Field(
        "unsigned", description="how a correlation becomes a similarity: |r|, (1 + r)/2, max(r, 0)"
    )
    correlation: Literal["pearson", "bicor"] = Field("pearson", description="which correlation")
    orientation: Literal["aligned", "as_is"] = Field(
        "aligned",
        description="turn switch axes towards their group first, or take their signs as they are; "
        "abundances are never turned",
    )
    power: float = Field(
        0.0, ge=0, le=100, description="soft-threshold power; 0: chosen by scale-free topology"
    )
    min_r_squared: float = Field(
        0.85, gt=0, le=1, description="scale-free R² that a chosen power reaches"
    )
    deep_split: int = Field(
        2, ge=0, le=4, description="from few, tight modules (0) to many and wide ones (4)"
    )
    min_module_size: int = Field(
        20,
        ge=2,
        le=1000,
        description="features a module has, at least; half of all features if that is less",
    )
    detect_cut_height: float = Field(
        0.995, gt=0, le=1, description="height in the tree above which no modules are looked for"
    )
    pam_stage: bool = Field(
        True, description="give what the tree cut left over to the nearest module"
    )
    pam_respects_tree: bool = Field(False, description="… only on the same branch of the tree")
    min_core_kme: float = Field(
        0.5, ge=0, le=1, description="membership (kME) of core members, a third of the least size"
    )
    min_kme_to_stay: float = Field(
        0.3, ge=0, le=1, description="membership (kME) below which members leave"
    )
    reassign_threshold: float = Field(
        1e-6, ge=0, le=1, description="ratio of p below which a member moves to another module"
    )
    merge_cut_height: float = Field(
        0.25, ge=0, le=2, description="modules with eigengenes closer (1 − r) than this are joined"
    )
    neighbours: int = Field(30, ge=1, le=1000, description="strongest partners kept a feature")
    max_block_size: int = Field(
        20_000, ge=2000, description="above this many features the network is built in blocks"
    )
    single_above: int = Field(
        12_000, ge=0, description="above this many features in a block matrices are float32"
    )

    def parameters(self, n_features: int) -> NetworkParameters:
        """The same for the core, for a network of that many features."""
        own = self.model_dump(exclude={"orientation", "power", "min_module_size", "neighbours"})
        return NetworkParameters(
            **own,
            power=self.power or None,
            min_module_size=max(2, min(self.min_module_size, n_features // 2)),
            partners=self.neighbours,
        )
