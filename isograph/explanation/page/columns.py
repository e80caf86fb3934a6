"""What the columns of explanation tables are called on a page, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import pandas as pd


class Kind(StrEnum):
    """How a column is written."""

    TEXT = "text"
    WORDS = "words"  # identifiers that are words, by commas
    ID = "id"
    GENE = "gene"  # reads `gene_name` beside it
    CHANNEL = "channel"  # a feature id without its gene
    ROLE = "role"
    FLAG = "flag"
    COUNT = "count"
    NUMBER = "number"
    DECIMAL = "decimal"  # three decimals
    FINE = "fine"  # four
    PVALUE = "pvalue"
    SHARE = "share"
    SHIFT = "shift"
    MOVE = "move"
    HTML = "html"  # Markup, made by the caller
    NAME = "name"  # the same, heads its row


NUMERIC = frozenset(
    (Kind.COUNT, Kind.NUMBER, Kind.DECIMAL, Kind.FINE, Kind.PVALUE, Kind.SHARE, Kind.SHIFT)
)


@dataclass(frozen=True)
class Column:
    """A column of a table on a page.

    Attributes:
        key: its name in the data frame.
        label: its head; short.
        kind: how its cells are written.
        help: what it is, a sentence; may be empty.
        sortable: whether its head sorts.
    """

    key: str
    label: str
    kind: Kind
    help: str = ""
    sortable: bool = True


_KNOWN = (
    Column("gene_id", "Gene", Kind.GENE, "Name of the gene, its id below."),
    Column("gene_name", "Gene name", Kind.TEXT, "Name of the gene."),
    Column("transcript_id", "Transcript", Kind.ID, "Id of the transcript."),
    Column("transcript_id_1", "Transcript 1", Kind.ID, "First of the pair: the one that falls."),
    Column("transcript_id_2", "Transcript 2", Kind.ID, "Second of the pair: the one that rises."),
    Column(
        "feature_id",
        "Channel",
        Kind.CHANNEL,
        "What of the gene is meant: its abundance, or a switch, an independent direction in which "
        "its isoform usage varies (switch 2, switch 3 … are the further ones).",
    ),
    Column("feature_type", "Type", Kind.WORDS, "Abundance, or isoform switch."),
    Column(
        "module_role",
        "Role",
        Kind.ROLE,
        "Coupled: usage and abundance move together. Switch only, abundance only: just one of them "
        "follows the module. Discordant: they move against each other. Inactive: neither reaches "
        "|r| 0.2.",
    ),
    Column("module_id", "Module", Kind.TEXT, "Module that the gene belongs to, if any."),
    Column(
        "membership",
        "Membership",
        Kind.SHARE,
        "Share of half-samples in which the gene stays in this module: how firmly it belongs.",
    ),
    Column("in_module", "Member", Kind.FLAG, "Whether the gene belongs; others are shown in grey."),
    Column(
        "r",
        "r",
        Kind.DECIMAL,
        "Correlation with the eigengene, the module’s one summary value a sample, covariates "
        "taken out. −1 to 1.",
    ),
    Column("interval", "95% interval", Kind.TEXT, "Where r plausibly lies, given the samples."),
    Column(
        "r_loo",
        "r without itself",
        Kind.DECIMAL,
        "Correlation with the eigengene made without the gene itself. A gene always correlates "
        "with an average that it is part of; this is the honest test, to be trusted in small "
        "modules.",
    ),
    Column("pvalue_loo", "p without itself", Kind.PVALUE, "p of “r without itself”."),
    Column(
        "pvalue",
        "p",
        Kind.PVALUE,
        "How often chance alone would give at least this much. The pointer shows every digit.",
    ),
    Column(
        "qvalue",
        "q",
        Kind.PVALUE,
        "p corrected for the number of tests (Benjamini–Hochberg).",
    ),
    Column("n_complete", "Samples", Kind.COUNT, "Samples with a value."),
    Column("n", "Samples", Kind.COUNT, "Samples with a value."),
    Column("missingness", "Missing", Kind.SHARE, "Share of samples without a value."),
    Column(
        "move",
        "Moves",
        Kind.MOVE,
        "Whether usage rises (▲) or falls (▼) from samples low to samples high in the module; "
        "unclear where q is above 0.05.",
    ),
    Column(
        "switch_strength",
        "Switch strength",
        Kind.NUMBER,
        "Largest less smallest r among the gene’s transcripts, 0 to 2: 2 is a perfect exchange.",
    ),
    Column(
        "usage_low", "Usage, low", Kind.SHARE, "The transcript’s share of its gene, low samples."
    ),
    Column(
        "usage_high", "Usage, high", Kind.SHARE, "The transcript’s share of its gene, high samples."
    ),
    Column(
        "usage_shift",
        "Shift (dIF)",
        Kind.SHIFT,
        "Usage in high less usage in low samples, in percentage points.",
    ),
    Column("mean_high", "Mean, high", Kind.DECIMAL, "Mean of the high samples."),
    Column("mean_low", "Mean, low", Kind.DECIMAL, "Mean of the low samples."),
    Column("delta", "High − low", Kind.DECIMAL, "Difference of the means, in standard deviations."),
    Column("se", "SE", Kind.DECIMAL, "Standard error of the difference."),
    Column("tstat", "t", Kind.DECIMAL, "Difference divided by its standard error (Welch)."),
    Column("n_high", "n high", Kind.COUNT, "Samples with a value, high."),
    Column("n_low", "n low", Kind.COUNT, "Samples with a value, low."),
    Column("trait", "Trait", Kind.TEXT, "Column of the sample table."),
    Column("reads_as", "In words", Kind.TEXT, "The direction of the association."),
    Column("effect", "Effect", Kind.NUMBER, "r, difference of means, or eta squared, by test."),
    Column("statistic", "Statistic", Kind.NUMBER, "t or F."),
    Column("test", "Test", Kind.TEXT, "Pearson: measured. Welch: two levels. ANOVA: more."),
    Column("level", "Level", Kind.TEXT, "Level of the trait."),
    Column("reference_level", "Reference", Kind.TEXT, "Level it is compared with."),
    Column("dif", "dIF", Kind.SHIFT, "Change of usage of the transcript that changes most."),
    Column("set", "Gene set", Kind.TEXT, "Name of the set in the file."),
    Column("n_set", "In set", Kind.COUNT, "Expressed genes of the set."),
    Column("n_overlap", "In both", Kind.COUNT, "Genes of the set that belong here."),
    Column("n_background", "Background", Kind.COUNT, "Expressed genes in all."),
    Column(
        "odds_ratio",
        "Odds ratio",
        Kind.NUMBER,
        "How much likelier the set’s genes are to belong here; none where all of them do.",
    ),
    Column("genes", "Genes", Kind.TEXT, "Genes in both."),
    Column(
        "decoded_response",
        "Response",
        Kind.DECIMAL,
        "How much the model’s output moves when its latent state moves along the module.",
    ),
    Column("mean_ig", "Mean IG", Kind.FINE, "Mean attribution over the samples, with sign."),
    Column(
        "mean_abs_ig",
        "Mean |IG|",
        Kind.FINE,
        "Mean size of the attribution: how much the model reads the module from this feature.",
    ),
    Column(
        "ig_slope",
        "Slope of IG",
        Kind.FINE,
        "Attribution gained for each standard deviation of the feature; its sign says which way "
        "the feature pushes.",
    ),
    Column("score_share", "Share of score", Kind.SHARE, "Part of the model’s score it makes up."),
    Column("latent_dim", "Latent", Kind.COUNT, "Coordinate with the largest weight."),
    Column(
        "latent_eigengene_r", "Latent r", Kind.DECIMAL, "r of the direction with the eigengene."
    ),
    Column(
        "untrained_response", "Untrained", Kind.DECIMAL, "Control: an untrained network’s answer."
    ),
    Column("untrained_mean_ig", "Untrained IG", Kind.FINE, "Control: an untrained network."),
    Column("untrained_mean_abs_ig", "Untrained |IG|", Kind.FINE, "Control: an untrained network."),
    Column("rank", "Rank", Kind.COUNT, "Place by size."),
    Column("is_significant", "Significant", Kind.FLAG, "Whether q of r is small enough."),
    Column("is_top", "At the top", Kind.FLAG, "Whether its response is among the largest."),
    Column("sign_agrees", "Sign agrees", Kind.FLAG, "Whether response and r have one sign."),
    Column("first_exon_changed", "First exon differs", Kind.FLAG, "Either end of it differs."),
    Column("last_exon_changed", "Last exon differs", Kind.FLAG, "Either end of it differs."),
    Column(
        "internal_exon_diff", "Inner exons", Kind.COUNT, "Inner exons that only one of them has."
    ),
    Column("cds_changed", "CDS differs", Kind.FLAG, "Whether the coding sequences differ."),
    Column("utr_changed", "UTR differs", Kind.FLAG, "Whether the untranslated parts differ."),
    Column("biotype_switch", "Biotype differs", Kind.FLAG, "Whether the biotypes differ."),
    Column("coding_status_change", "Coding changes", Kind.FLAG, "Only one of them is coding."),
    Column("tx_length_delta", "Δ length", Kind.COUNT, "Nucleotides of the second less the first."),
    Column("cds_length_delta", "Δ CDS", Kind.COUNT, "Coding nucleotides, second less first."),
    Column(
        "shared_exon_fraction", "Shared exons", Kind.SHARE, "Exons of both among exons of either."
    ),
    Column("event_types", "Events", Kind.WORDS, "Kinds of splicing event between the two."),
    Column("nmd_1", "NMD 1", Kind.FLAG, "Decay expected of the first (50-nucleotide rule)."),
    Column("nmd_2", "NMD 2", Kind.FLAG, "Decay expected of the second (50-nucleotide rule)."),
)
KNOWN = {column.key: column for column in _KNOWN}


def column_of(key: str, values: pd.Series) -> Column:
    """The column known by this name, as its values are; one made from name and type otherwise."""
    label = key.replace("_", " ").strip().capitalize() or key
    kinds = pd.api.types
    if kinds.infer_dtype(values, skipna=True) == "boolean":
        found = Kind.FLAG
    elif kinds.is_integer_dtype(values):
        found = Kind.COUNT
    elif kinds.is_numeric_dtype(values):
        found = Kind.NUMBER
    else:
        found = Kind.TEXT
    known = KNOWN.get(key)
    if known is None:
        return Column(key, label, found)
    # a later version of a table may hold words where numbers were, or the other way round
    if values.notna().any() and _family(known.kind) != _family(found):
        return replace(known, kind=found)
    return known


def _family(kind: Kind) -> Kind:
    """What values of a kind are at heart: numbers, flags or words."""
    if kind in NUMERIC:
        return Kind.NUMBER
    return kind if kind == Kind.FLAG else Kind.TEXT
