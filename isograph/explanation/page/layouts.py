"""Which columns of each explanation table a page shows, and how to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from isograph.explanation.page.columns import Column, Kind


@dataclass(frozen=True)
class Layout:
    """How a table is shown.

    Attributes:
        title: heading.
        lead: how to read it.
        columns: which to show, by name or anew; empty for all that the table has.
        order: which rows come first, after “the”.
        helps: other words for some columns.
    """

    title: str
    lead: str
    columns: tuple[Column | str, ...] = ()
    order: str = "first rows"
    helps: Mapping[str, str] = field(default_factory=dict)


TRAITS = Layout(
    "Traits",
    "Each trait of the samples against the module’s eigengene, its one summary value a sample. "
    "Covariates of the study are taken out of both. r runs from −1 to 1; traits of three levels or "
    "more have η, the root of the share of variance between levels, which has no direction.",
    (
        "trait",
        "reads_as",
        Column(
            "r", "r or η", Kind.DECIMAL, "Pearson’s r; for three levels or more η, without sign."
        ),
        "pvalue",
        "qvalue",
        "n",
        "test",
        "effect",
        "statistic",
    ),
    "tests with the smallest p",
    {"qvalue": "p corrected for all modules, programmes and traits of the fit."},
)

DRIVERS = Layout(
    "Driver genes",
    "Genes by how closely they follow the module, each by its stronger channel. Read “r without "
    "itself” first: it compares a gene with the module made of the other genes. The best genes "
    "from outside of the module stand among them in grey, for comparison.",
    (
        "gene_id",
        "module_role",
        "feature_id",
        "r",
        "interval",
        "r_loo",
        "pvalue_loo",
        "qvalue",
        "membership",
        "n_complete",
        "missingness",
        "in_module",
    ),
    "genes with the largest |r|",
    {"qvalue": "q of r, corrected for every feature of the data set."},
)

_UP, _DOWN = "Transcript that gains most", "Transcript that loses most"
SWITCHES = Layout(
    "Isoform switches",
    "One row a gene: the transcript whose usage, its share of the gene, grows most from samples "
    "low to samples high in the module (thirds of the samples by eigengene), and the one whose "
    "usage shrinks most. Clear switches, q ≤ 0.05 for both, come first, the large and sure ones at "
    "the top. The module was made of genes such as these, so q says how clearly a gene switches "
    "with it, not whether the module exists.",
    (
        "gene_id",
        Column("transcript_up", "▲ Rises", Kind.ID, _UP + "."),
        Column("up_low", "low", Kind.SHARE, _UP + ": its usage in the low samples."),
        Column("up_high", "high", Kind.SHARE, _UP + ": its usage in the high samples."),
        Column("up_shift", "Shift", Kind.SHIFT, _UP + ": difference, in percentage points."),
        Column("transcript_down", "▼ Falls", Kind.ID, _DOWN + "."),
        Column("down_low", "low", Kind.SHARE, _DOWN + ": its usage in the low samples."),
        Column("down_high", "high", Kind.SHARE, _DOWN + ": its usage in the high samples."),
        Column("down_shift", "Shift", Kind.SHIFT, _DOWN + ": difference, in percentage points."),
        Column("qvalue", "q", Kind.PVALUE, "The larger q of the two transcripts."),
    ),
    "genes with the clearest exchange",
)

TRANSCRIPTS = Layout(
    "Transcripts",
    "Every transcript of the genes, each gene’s together, genes with the clearest change of usage "
    "first. Usage is the transcript’s share of its gene’s molecules, or of its reads where the "
    "data tell no lengths, so what one gains others lose; high and low are thirds of the samples "
    "by eigengene. The module was made of genes such as these, so p says how clearly a transcript "
    "moves with it, not whether the module exists.",
    (
        "gene_id",
        "transcript_id",
        "move",
        "usage_low",
        "usage_high",
        "usage_shift",
        "r",
        "pvalue",
        "qvalue",
        "switch_strength",
        "n_complete",
        "missingness",
    ),
    "transcripts of the genes that change most clearly",
    {
        "r": "Correlation of the transcript’s usage with the eigengene.",
        "qvalue": "p corrected for all transcripts of this table.",
    },
)

HIGH_LOW = Layout(
    "High against low samples",
    "Each feature of the genes in the upper third of the samples by eigengene against the lower "
    "third (Welch’s test), in standard deviations, covariates taken out. The thirds were made with "
    "these features, so p says how clearly a feature takes part, not whether the module exists.",
    (
        "gene_id",
        "feature_id",
        "delta",
        "se",
        "tstat",
        "pvalue",
        "qvalue",
        "mean_low",
        "mean_high",
        "n_low",
        "n_high",
        "missingness",
    ),
    "features with the smallest p",
    {"qvalue": "p corrected for all features of this table."},
)

CONTRASTS = Layout(
    "Isoform switches by trait",
    "Genes whose isoform usage differs between the two levels of a trait, in modules or not. dIF "
    "is the change of usage of the transcript that changes most. p of a gene "
    "is that of its clearest switch, corrected for looking at all of them; q is corrected for all "
    "genes of the trait.",
    (),
    "switches with the smallest q",
)

FURTHER = {
    "gene_sets": Layout(
        "Gene sets",
        "Sets of genes that share more genes with the module than chance would give "
        "(hypergeometric test). The background is the genes that the fit could see, not the "
        "genome.",
        ("set", "n_overlap", "n_set", "n_background", "odds_ratio", "pvalue", "qvalue", "genes"),
        "sets with the smallest p",
    ),
    "structure": Layout(
        "What changes in the transcripts’ structure",
        "The two transcripts of each switch compared exon by exon, as the annotation has them. An "
        "empty cell: the annotation lacks a transcript, or the question has no meaning for it.",
        (
            "gene_id",
            "transcript_id_1",
            "transcript_id_2",
            "event_types",
            "first_exon_changed",
            "internal_exon_diff",
            "last_exon_changed",
            "cds_changed",
            "utr_changed",
            "coding_status_change",
            "biotype_switch",
            "nmd_1",
            "nmd_2",
            "tx_length_delta",
            "cds_length_delta",
            "shared_exon_fraction",
        ),
    ),
    "vae_drivers": Layout(
        "What the model’s output follows",
        "Features whose output of the autoencoder answers most when its latent state moves along "
        "the module, and whose measured values agree: significant, among the largest responses, of "
        "one sign. Compare with the untrained network beside it: what that shows too, the model "
        "has not learned.",
        (
            "gene_id",
            "feature_id",
            "decoded_response",
            "r",
            "qvalue",
            "untrained_response",
            "in_module",
        ),
        "features with the largest response",
    ),
    "vae_responses": Layout(
        "The model’s output, all features",
        "Every feature that the autoencoder knows, with the three criteria that make a driver.",
        (
            "gene_id",
            "feature_id",
            "rank",
            "decoded_response",
            "r",
            "qvalue",
            "is_significant",
            "is_top",
            "sign_agrees",
            "untrained_response",
            "in_module",
        ),
        "features with the largest response",
    ),
    "ig_attributions": Layout(
        "What the model reads the module from",
        "Integrated gradients of the autoencoder’s encoder: how much each feature contributes to "
        "the position of samples along the module. Compare with the untrained network beside it: "
        "what that shows too, the model has not learned.",
        (
            "gene_id",
            "feature_id",
            "mean_abs_ig",
            "ig_slope",
            "score_share",
            "untrained_mean_abs_ig",
            "in_module",
        ),
        "features with the largest attribution",
    ),
}


# from words of modules to words of broad factors, in this order
_FACTOR_WORDS = (
    ("the module’s eigengene, its one summary value a sample", "the factor"),
    ("the eigengene, the module’s one summary value a sample,", "the factor,"),
    ("The best genes from outside of the module", "The best genes that do not load on it"),
    ("in small modules", "where few genes load"),
    ("the eigengene", "the factor"),
    ("by eigengene", "by factor"),
    ("the module", "the factor"),
    ("this module", "this factor"),
)


def factor_words(text: str) -> str:
    """Words about modules as words about broad factors."""
    for ours, theirs in _FACTOR_WORDS:
        text = text.replace(ours, theirs)
    return text


def for_factor(layout: Layout) -> Layout:
    """A layout in the words of broad factors."""
    helps = {key: factor_words(words) for key, words in layout.helps.items()}
    title, lead = factor_words(layout.title), factor_words(layout.lead)
    return replace(layout, title=title, lead=lead, helps=helps)


def layout_of(name: str) -> Layout:
    """The layout of a further table; of one that is not known, its name and all columns."""
    found = FURTHER.get(name)
    return found or Layout(name.replace("_", " ").capitalize(), "")


_ALWAYS = {
    "gene_driver_table": DRIVERS,
    "transcript_polarity_table": TRANSCRIPTS,
    "high_vs_low_table": HIGH_LOW,
}


def title_of(name: str) -> str:
    """What people call a table or another file of an explanation, by its stem."""
    return (_ALWAYS.get(name) or layout_of(name)).title
