"""What decides about flags and warnings, in words."""

from __future__ import annotations

from isograph.quality.confounding import LEAST_Q, LEAST_STRENGTH
from isograph.quality.outliers import LEAST_SAMPLES, TYPICAL_R, Z_LIMIT
from isograph.quality.similarity import NEAR_IDENTICAL
from isograph.quality.warnings import MOST_INFLATION

RULES = (
    (
        "Stands out",
        f"Robust z (distance from the median in units of 1.4826 × MAD) beyond {Z_LIMIT:g} "
        "(Iglewicz & Hoaglin 1993), and far enough to matter: library size by a factor of two, "
        "genes seen by 5%, correlation by 0.1 of Fisher’s z, distance by a factor of 1.5. Library "
        "size and genes on both sides, correlation if low, distance if large. "
        f"{LEAST_SAMPLES} samples are needed.",
    ),
    (
        "Genes seen",
        "Genes with at least one read; of ready-made expression, genes with a value.",
    ),
    (
        "Correlation and distance",
        "Of log abundance over expressed genes (10 reads in a tenth of the samples and in three), "
        "median over the other samples. Low correlations are flagged only where samples typically "
        f"correlate by {TYPICAL_R:g} or more.",
    ),
    (
        "One sample twice",
        f"r above {NEAR_IDENTICAL:g} and 1 − r below a tenth of that of a typical pair; or the "
        "very same values.",
    ),
    (
        "Sex",
        "Female: XIST at 2 counts a million or more and fourfold above the mean of Y-linked genes, "
        "which stay below 2; male the other way round; unclear otherwise. Ready-made expression "
        "has no scale for it.",
    ),
    (
        "Go together",
        f"Association above {LEAST_STRENGTH:g} (Cramér’s V with Bergsma’s correction, adjusted η, "
        f"|r|) with q below {LEAST_Q:g} over all pairs; or one column determines the other. With "
        "traits and covariates named, only pairs of these two are warned of, and traits beside "
        "library size and genes seen.",
    ),
    (
        "Covariates together",
        f"Warned of where they leave less than 1/{MOST_INFLATION:g} of a trait’s variance.",
    ),
)

UNTOLD = {
    "library_size": "Library sizes",
    "detected_genes": "Genes seen",
    "mitochondrial_share": "Mitochondrial reads",
    "sex": "Sex",
    "correlation": "Likeness of samples",
    "correlation_outliers": "Samples of low correlation",
    "outliers": "Samples that stand out",
    "covariates_together": "All covariates together",
}
