"""Columns and types of what `annotate-structure` writes."""

from __future__ import annotations

import pyarrow as pa

_S, _F, _I, _B = pa.string(), pa.float64(), pa.int64(), pa.bool_()

STRUCTURE = pa.schema(
    [
        ("gene_id", _S),
        ("transcript_id_1", _S),
        ("transcript_id_2", _S),
        ("first_exon_changed", _B),
        ("last_exon_changed", _B),
        ("internal_exon_diff", _I),
        ("cds_changed", _B),
        ("utr_changed", _B),
        ("biotype_switch", _B),
        ("coding_status_change", _B),
        ("tx_length_delta", _I),
        ("cds_length_delta", _I),
        ("shared_exon_fraction", _F),
        ("event_types", _S),
        ("nmd_1", _B),
        ("nmd_2", _B),
        ("module_id", _S),
    ]
)

EVENTS = (
    "alternative_first_exon",
    "alternative_last_exon",
    "exon_skipping",
    "mutually_exclusive_exons",
    "intron_retention",
    "alternative_5p_site",
    "alternative_3p_site",
)
"""Splicing events in the order in which `event_types` lists them, comma-separated."""
