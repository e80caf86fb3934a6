"""Columns and types of every table a fit writes."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

_S, _F, _I, _B = pa.string(), pa.float64(), pa.int64(), pa.bool_()

MODULES = pa.schema([("gene_id", _S), ("module_id", _S), ("membership", _F), ("kme", _F)])

EDGES = pa.schema(
    [
        ("source", _S),
        ("target", _S),
        ("weight", _F),
        ("source_feature_id", _S),
        ("target_feature_id", _S),
        ("source_feature_type", _S),
        ("target_feature_type", _S),
        ("r", _F),
        ("pvalue", _F),
    ]
)

TRAITS = pa.schema(
    [
        ("module_id", _S),
        ("trait", _S),
        ("test", _S),
        ("effect", _F),
        ("statistic", _F),
        ("pvalue", _F),
        ("qvalue", _F),
        ("n", _I),
        ("r", _F),
        ("level", _S),
        ("reference_level", _S),
    ]
)

ROLES = pa.schema(
    [
        ("module_id", _S),
        ("gene_id", _S),
        ("module_role", _S),
        ("switch_r", _F),
        ("abundance_r", _F),
        ("switch_abundance_r", _F),
        ("switch_active", _B),
        ("abundance_active", _B),
        ("switch_q", _F),
        ("abundance_q", _F),
        ("role_supported", _B),
    ]
)

EIGENGENE_LOADINGS = pa.schema(
    [("module_id", _S), ("gene_id", _S), ("feature_id", _S), ("loading", _F)]
)

SUMMARY = pa.schema(
    [
        ("module_id", _S),
        ("n_genes", _I),
        ("n_edges", _I),
        ("n_switch_only", _I),
        ("n_abundance_only", _I),
        ("n_coupled", _I),
        ("n_discordant", _I),
        ("n_inactive", _I),
        ("pvalue", _F),
        ("qvalue", _F),
        ("stability", _F),
        ("top_genes", _S),
    ]
)

AXIS_WEIGHTS = pa.schema(
    [
        ("feature_id", _S),
        ("transcript_id", _S),
        ("weight", _F),
        ("mean_usage", _F),
        ("prior", _F),
    ]
)

PROJECTION = pa.schema(
    [
        ("module_id", _S),
        ("n_features", _I),
        ("n_present", _I),
        ("covered", _F),
        ("variance_explained", _F),
        ("most_explained", _F),
        ("agreement", _F),
        ("mean_r", _F),
        ("sign_share", _F),
        ("reason", _S),
    ]
)

OVERLAPS = pa.schema([("gene_id", _S), ("module_id", _S), ("r", _F), ("pvalue", _F)])

PROGRAMME_LOADINGS = pa.schema(
    [("programme_id", _S), ("gene_id", _S), ("feature_id", _S), ("loading", _F), ("pvalue", _F)]
)

FATES = pa.schema([("gene_id", _S), ("fate", _S), ("value", _F), ("meaning", _S)])


def feature_scores(sample_ids: Sequence[str]) -> pa.Schema:
    """Schema of `feature_scores.parquet` for these samples, in their order."""
    return pa.schema(
        [
            ("feature_id", _S),
            ("gene_id", _S),
            ("feature_type", _S),
            ("n_transcripts", _I),
            ("axis", _I),
            ("variance_share", _F),
            *((sample, _F) for sample in sample_ids),
        ]
    )


def eigengenes(sample_ids: Sequence[str]) -> pa.Schema:
    """Schema of `eigengenes.parquet` for these samples, in their order."""
    return pa.schema(
        [("module_id", _S), ("variance_explained", _F), *((s, _F) for s in sample_ids)]
    )


def programmes(sample_ids: Sequence[str]) -> pa.Schema:
    """Schema of `programmes.parquet` for these samples, in their order."""
    return pa.schema(
        [
            ("programme_id", _S),
            ("variance_share", _F),
            ("n_genes", _I),
            ("removed", _B),
            ("best_match", _S),
            ("best_match_r", _F),
            ("best_match_q", _F),
            *((sample, _F) for sample in sample_ids),
        ]
    )
