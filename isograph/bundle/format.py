"""Names of the bundle format: kinds of tables, files they are written to, columns they need."""

from __future__ import annotations

from typing import Literal, get_args

from isograph.bundle.model import TABLE_OF_ASSAY

MANIFEST_FILE = "manifest.json"
SAMPLE_FILE = "samples.parquet"
SAMPLE_ID = "sample_id"

Kind = Literal[
    "gene",
    "transcript",
    "psi",
    "junction",
    "truth_module",
    "truth_switch",
    "truth_switch_event",
    "truth_abundance",
    "truth_channel_role",
    "truth_module_overlap",
    "truth_effect",
    "truth_latents",
]
Encoding = Literal["dense_npz"]

KINDS: tuple[str, ...] = get_args(Kind)
ASSAYS = tuple(TABLE_OF_ASSAY)

TABLE_FILES = {
    "gene": "genes.parquet",
    "transcript": "transcripts.parquet",
    "psi": "psi.parquet",
    "junction": "junctions.parquet",
    "truth_module": "truth_modules.parquet",
    "truth_switch": "truth_switch.parquet",
    "truth_switch_event": "truth_switch_event.parquet",
    "truth_abundance": "truth_abundance.parquet",
    "truth_channel_role": "truth_channel_role.parquet",
    "truth_module_overlap": "truth_module_overlap.parquet",
    "truth_effect": "truth_effect.parquet",
    "truth_latents": "truth_latents.parquet",
}
"""Where `save_bundle` writes each kind; loading takes the names from the manifest."""

REQUIRED_COLUMNS = {
    "gene": ("gene_id",),
    "transcript": ("transcript_id", "gene_id"),
    "psi": ("psi_uid", "gene_id"),
    "truth_module": ("gene_id", "module_id"),
    "truth_switch": ("gene_id", "has_switch"),
    "truth_abundance": ("gene_id", "has_abundance"),
    "truth_channel_role": ("gene_id", "module_id", "truth_role"),
    "truth_module_overlap": ("gene_id", "module_id"),
    "truth_effect": ("gene_id", "module_id", "sign", "effect"),
    "truth_latents": ("sample_id", "module_id", "latent"),
}

ID_COLUMNS = frozenset({"transcript_id", "gene_id", "psi_uid", "module_id"})
"""Columns of feature tables that are text whatever a file stores them as."""

MAY_BE_NULL = frozenset({("truth_channel_role", "module_id")})
"""Id columns in which null has a meaning: background genes have no module."""

TRUTH_ROLES = ("switch_only", "abundance_only", "coupled", "discordant", "background")

NUMBER_COLUMNS = (
    ("transcript", "length"),
    ("transcript", "effective_length"),
    ("gene", "start"),
    ("gene", "end"),
    ("truth_effect", "sign"),
    ("truth_effect", "effect"),
    ("truth_latents", "latent"),
)
FLAG_COLUMNS = (
    ("transcript", "is_reference"),
    ("truth_switch", "has_switch"),
    ("truth_abundance", "has_abundance"),
)


def is_truth(kind: str) -> bool:
    """Whether tables of this kind hold planted truth."""
    return kind.startswith("truth_")


def matrix_file(assay: str) -> str:
    """File that `save_bundle` writes an assay to."""
    return f"{assay}.npz"
