"""The tables of the page on a cohort."""

from __future__ import annotations

import numpy as np

from isograph.explanation.page.columns import Column, Kind
from isograph.explanation.page.tables import Table, make_table
from isograph.quality.model import Quality

_FLAGS = (
    Column("sample_id", "Sample", Kind.ID),
    Column("check", "Looked at for", Kind.WORDS),
    Column("reason", "Why it is flagged", Kind.TEXT),
    Column("score", "Robust z", Kind.NUMBER, "Distance from the median in robust units."),
)
_SAMPLES = (
    Column("sample_id", "Sample", Kind.ID),
    Column("flags", "Flags", Kind.WORDS, "What it is flagged for."),
    Column("library_size", "Reads", Kind.COUNT, "Sum of its counts."),
    Column("detected_genes", "Genes", Kind.COUNT, "Genes with a read (with a value)."),
    Column("detected_transcripts", "Transcripts", Kind.COUNT, "Transcripts with a read."),
    Column("top50_share", "In top 50", Kind.SHARE, "Share of reads in its 50 largest genes."),
    Column("mitochondrial_share", "Mito.", Kind.SHARE, "Share in mitochondrial genes."),
    Column("size_factor", "Size factor", Kind.NUMBER, "Weighted median of ratios, as fits use it."),
    Column("median_r", "Median r", Kind.DECIMAL, "Median correlation with the other samples."),
    Column("connectivity_z", "Z.k", Kind.NUMBER, "Standardised connectivity (Oldham et al. 2012)."),
    Column("distance", "Distance", Kind.DECIMAL, "Median distance, natural log units a gene."),
    Column("xist", "XIST", Kind.NUMBER, "Log2 counts a million."),
    Column("y_genes", "Y genes", Kind.NUMBER, "Mean log2 counts a million."),
    Column("predicted_sex", "Sex by genes", Kind.TEXT),
    Column("declared_sex", "Sex declared", Kind.TEXT, "What the sample sheet says."),
)
_SIMILAR = (
    Column("sample_1", "Sample", Kind.ID),
    Column("sample_2", "Other sample", Kind.ID),
    Column("r", "r", Kind.FINE, "Correlation of log abundance."),
    Column("identical", "Same values", Kind.FLAG, "Whether every gene has the same value."),
)
_ASSOCIATIONS = (
    Column("component", "Component", Kind.TEXT),
    Column("column", "Sample column", Kind.TEXT),
    Column("role", "Role", Kind.TEXT, "What the study makes of it; measured: by this page."),
    Column("r2", "R²", Kind.DECIMAL, "Share of the component’s variance."),
    Column("pvalue", "p", Kind.PVALUE),
    Column("qvalue", "q", Kind.PVALUE, "p corrected for all rows (Benjamini–Hochberg)."),
    Column("n", "Samples", Kind.COUNT, "Samples with a value."),
    Column("test", "Test", Kind.TEXT, "Pearson: measured. Welch: two levels. ANOVA: more."),
)
_PAIRS = (
    Column("column_1", "Column", Kind.TEXT),
    Column("column_2", "Other column", Kind.TEXT),
    Column("strength", "Strength", Kind.DECIMAL, "0: nothing in common; 1: the same."),
    Column("measured_by", "Measure", Kind.TEXT, "By the kinds of the two columns."),
    Column("relation", "Determined", Kind.TEXT, "Whether one column follows from the other."),
    Column("pvalue", "p", Kind.PVALUE, "Fisher or χ², analysis of variance, or Pearson."),
    Column("qvalue", "q", Kind.PVALUE, "p corrected for all pairs (Benjamini–Hochberg)."),
    Column("n", "Samples", Kind.COUNT, "Samples with both values."),
    Column("warned", "Warned", Kind.FLAG, "Whether it is worth a look."),
)
_MEASURE_WORDS = {"cramers_v": "Cramér’s V", "eta": "η", "r": "|r|"}
_RELATION_WORDS = {
    "": None,
    "same": "each by the other",
    "second_determines_first": "first by second",
    "first_determines_second": "second by first",
}


def quality_tables(quality: Quality) -> list[Table]:
    """Flags, samples, near-identical pairs, components and columns, pairs of columns."""
    tables = [_flags(quality), _samples(quality)]
    frames = {name: table.to_pandas() for name, table in quality.tables.items()}
    if len(frames["similar_pairs"]):
        tables.append(
            make_table(
                frames["similar_pairs"],
                name="similar",
                title="Possibly one sample twice",
                columns=_SIMILAR,
                lead="Pairs that are more alike than samples of two persons or two libraries are.",
                order="closest pairs",
                file="similar_pairs.parquet",
            )
        )
    return [*tables, _associations(quality), _pairs(quality)]


def _flags(quality: Quality) -> Table:
    frame = quality.tables["flags"].to_pandas()
    return make_table(
        frame,
        name="flags",
        title="Flags",
        columns=_FLAGS,
        lead="One row a flag; a sample may have several. Nothing is dropped: whether a sample "
        "stays is for you to say.",
        file="flags.parquet",
        empty="No sample is flagged.",
    )


def _samples(quality: Quality) -> Table:
    frame = quality.samples
    # those that are flagged first
    order = np.argsort(frame["flags"].isna().to_numpy(), kind="stable")
    kept = [column for column in _SAMPLES if frame[column.key].notna().any()]
    return make_table(
        frame.iloc[order],
        name="samples",
        title="Samples",
        columns=kept,
        lead="Every sample, flagged ones first. What the data set cannot tell has no column.",
        order="first samples, flagged ones on top",
        file="sample_quality.parquet",
    )


def _associations(quality: Quality) -> Table:
    frame = quality.tables["component_associations"].to_pandas()
    return make_table(
        frame,
        name="associations",
        title="Components and sample columns",
        columns=_ASSOCIATIONS,
        lead="Principal components of log abundance against each sample column by itself, without "
        "covariates.",
        file="component_associations.parquet",
        empty="There are no components, or no column to compare them with.",
    )


def _pairs(quality: Quality) -> Table:
    frame = quality.tables["column_pairs"].to_pandas()
    frame["measured_by"] = frame["measure"].map(_MEASURE_WORDS)
    frame["relation"] = frame["relation"].map(_RELATION_WORDS)
    strength = frame["strength"].fillna(-1.0).to_numpy()
    order = np.lexsort((-strength, ~frame["warned"].to_numpy(dtype=bool)))
    return make_table(
        frame.iloc[order],
        name="pairs",
        title="Sample columns that go together",
        columns=_PAIRS,
        lead="Every pair of usable sample columns, the strongest first. Where a trait and a "
        "covariate go together, what belongs to one cannot be told from the other.",
        order="strongest pairs",
        file="column_pairs.parquet",
        empty="There are not two columns to compare.",
    )
