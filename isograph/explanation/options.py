"""What to tell about each module."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from isograph.explanation.gene_sets import LEAST_GENES, MOST_GENES


@dataclass(frozen=True)
class ExplainOptions:
    """What to tell about each module beside drivers, transcripts and contrasts.

    Attributes:
        vae_attribution: what the autoencoder's decoder answers to the module's direction.
        integrated_gradients: what its encoder reads the direction from.
        baseline: of the integrated gradients, `zero` or `mean`.
        gene_sets: GMT file.
        gene_set_sizes: fewest and most genes of a set that is tested.
        feature_table, feature_meta: features of the user's own, both or none.
        gtf: annotation, to say what changes in the structure of each switch.
        annotation_table: the same as `isograph annotate-structure` wrote it.
        cache_dir: where readings of annotations are kept; None keeps none.
    """

    vae_attribution: bool = False
    integrated_gradients: bool = False
    baseline: Literal["zero", "mean"] = "zero"
    gene_sets: Path | None = None
    gene_set_sizes: tuple[int, int] = (LEAST_GENES, MOST_GENES)
    feature_table: Path | None = None
    feature_meta: Path | None = None
    gtf: Path | None = None
    annotation_table: Path | None = None
    cache_dir: Path | None = None

    def as_record(self) -> dict[str, Any]:
        """As the manifests have it."""
        files = ("gene_sets", "feature_table", "feature_meta", "gtf", "annotation_table")
        named = {name: getattr(self, name) for name in files}
        return {
            "vae_attribution": self.vae_attribution,
            "integrated_gradients": self.integrated_gradients,
            "baseline": self.baseline,
            "gene_set_sizes": list(self.gene_set_sizes),
            **{name: None if path is None else Path(path).name for name, path in named.items()},
        }
