"""Columns and types of the tables that explain one module."""

from __future__ import annotations

import pyarrow as pa

_S, _F, _I, _B = pa.string(), pa.float64(), pa.int64(), pa.bool_()

DRIVERS = pa.schema(
    [
        ("gene_id", _S),
        ("r", _F),
        ("pvalue", _F),
        ("qvalue", _F),
        ("n_complete", _I),
        ("missingness", _F),
        ("feature_id", _S),
        ("feature_type", _S),
        ("r_low", _F),
        ("r_high", _F),
        ("r_loo", _F),
        ("pvalue_loo", _F),
        ("in_module", _B),
    ]
)

POLARITY = pa.schema(
    [
        ("feature_id", _S),
        ("gene_id", _S),
        ("transcript_id", _S),
        ("r", _F),
        ("pvalue", _F),
        ("qvalue", _F),
        ("n_complete", _I),
        ("missingness", _F),
        ("switch_strength", _F),
        ("usage_high", _F),
        ("usage_low", _F),
        ("usage_shift", _F),
    ]
)

HIGH_LOW = pa.schema(
    [
        ("feature_id", _S),
        ("gene_id", _S),
        ("mean_high", _F),
        ("mean_low", _F),
        ("delta", _F),
        ("se", _F),
        ("tstat", _F),
        ("pvalue", _F),
        ("qvalue", _F),
        ("n_high", _I),
        ("n_low", _I),
        ("missingness", _F),
    ]
)

GENE_SETS = pa.schema(
    [
        ("set", _S),
        ("n_set", _I),
        ("n_overlap", _I),
        ("n_background", _I),
        ("odds_ratio", _F),
        ("pvalue", _F),
        ("qvalue", _F),
        ("genes", _S),
    ]
)

SWITCH_CONTRASTS = pa.schema(
    [
        ("trait", _S),
        ("level", _S),
        ("reference_level", _S),
        ("gene_id", _S),
        ("module_id", _S),
        ("dif", _F),
        ("transcript_up", _S),
        ("usage_up_level", _F),
        ("usage_up_reference", _F),
        ("transcript_down", _S),
        ("usage_down_level", _F),
        ("usage_down_reference", _F),
        ("feature_id", _S),
        ("pvalue", _F),
        ("qvalue", _F),
        ("n", _I),
    ]
)
