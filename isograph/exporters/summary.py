"""What a data set holds, as `isograph export` writes it."""

from __future__ import annotations

from typing import Any

from isograph.bundle.model import Bundle
from isograph.features.blocks import RECORDED
from isograph.features.ordered import ordered_levels
from isograph.features.traits import infer_traits
from isograph.files import SCHEMA_VERSION


def summarise_bundle(bundle: Bundle) -> dict[str, Any]:
    """Sizes, assays and traits of a bundle, ready for JSON.

    Args:
        bundle: the data set.

    Returns:
        `schema_version`, `dataset_name`, `suite_name`, `description`, `n_samples`, `n_genes`,
        `n_transcripts`, `available_assays` (sorted), `traits` (one entry a sample column in table
        order: `name`, `kind`, `levels`, `n_missing` and `missingness`, its share of samples),
        `has_truth` and `content_hash`.
    """
    traits = [
        {
            "name": trait.name,
            "kind": str(trait.kind),
            "levels": list(trait.levels),
            "n_missing": trait.n_missing,
            "missingness": trait.n_missing / bundle.n_samples,
        }
        for trait in infer_traits(
            bundle.samples,
            ordered=ordered_levels({}, bundle.provenance),
            block=bundle.provenance.get(RECORDED),
        )
    ]
    return {
        "schema_version": SCHEMA_VERSION,
        "dataset_name": bundle.name,
        "suite_name": bundle.suite,
        "description": bundle.description,
        "n_samples": bundle.n_samples,
        "n_genes": len(bundle.gene_ids),
        "n_transcripts": len(bundle.tables.get("transcript", ())),
        "available_assays": sorted(bundle.matrices),
        "traits": traits,
        "has_truth": bundle.has_truth,
        "content_hash": bundle.content_hash,
    }
