"""Columns and types of the tables that attribute a module to features."""

from __future__ import annotations

import pyarrow as pa

_S, _F, _I, _B = pa.string(), pa.float64(), pa.int64(), pa.bool_()

VAE_DRIVERS = pa.schema(
    [
        ("gene_id", _S),
        ("feature_id", _S),
        ("feature_type", _S),
        ("decoded_response", _F),
        ("r", _F),
        ("qvalue", _F),
        ("untrained_response", _F),
        ("in_module", _B),
    ]
)

VAE_RESPONSES = pa.schema(
    [
        *VAE_DRIVERS,
        ("rank", _I),
        ("is_significant", _B),
        ("is_top", _B),
        ("sign_agrees", _B),
    ]
)

IG_ATTRIBUTIONS = pa.schema(
    [
        ("gene_id", _S),
        ("feature_id", _S),
        ("feature_type", _S),
        ("mean_ig", _F),
        ("mean_abs_ig", _F),
        ("latent_dim", _I),
        ("latent_eigengene_r", _F),
        ("ig_slope", _F),
        ("score_share", _F),
        ("untrained_mean_ig", _F),
        ("untrained_mean_abs_ig", _F),
        ("in_module", _B),
    ]
)
