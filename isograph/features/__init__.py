"""From counts to features: usage, switch axes, abundance, covariates, traits."""

from isograph.features.build import build_features
from isograph.features.model import FeatureSet
from isograph.features.store import read_features, write_features

__all__ = ["FeatureSet", "build_features", "read_features", "write_features"]
