"""Options of `isograph import`, and of everything that imports first."""

from __future__ import annotations

import argparse
from pathlib import Path

FOLDERS = {
    "auto": "look what the folder or file holds",
    "salmon": "Salmon: SAMPLE/quant.sf",
    "kallisto": "kallisto: SAMPLE/abundance.tsv or .h5",
    "rsem": "RSEM: SAMPLE.isoforms.results",
    "ctab": "StringTie or Ballgown: SAMPLE/t_data.ctab",
    "prepde": "StringTie's prepDE: transcript_count_matrix.csv",
    "gct": "GCT of transcripts, as GTEx has it",
    "nfcore": "results folder of nf-core/rnaseq",
    "h5ad": "AnnData: samples in obs, transcripts in var",
}
"""Kinds of files, with what people call them."""

_COUNTS_FROM = ("no", "scaledTPM", "lengthScaledTPM", "dtuScaledTPM")


def add_import(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `isograph import` with a subcommand a kind of files."""
    importer = commands.add_parser("import", help="make a bundle from other tools' files")
    kinds = importer.add_subparsers(dest="kind", metavar="KIND", required=True)
    for kind, about in FOLDERS.items():
        one = kinds.add_parser(
            kind,
            help=about,
            description=f"{about}. Files may be gzipped. A sample is named by its folder or file.",
        )
        what = "the file" if kind == "h5ad" else "the folder that holds the samples"
        one.add_argument("source", type=Path, metavar="DIR", help=what)
        add_source_options(one, kind)
        _add_target(one)
        one.set_defaults(module="importing")
    table = kinds.add_parser(
        "table",
        help="plain tables: parquet, TSV or CSV, plain or gzip",
        description="Make a bundle from a count table, its genes (--transcripts, --tx2gene or "
        "--gtf) and a sample sheet; or, with --expression and --genes, from a ready-made log "
        "expression table.",
    )
    table.add_argument("--counts", type=Path, help="transcript_id, then one column a sample")
    table.add_argument(
        "--transcripts", type=Path, help="transcript_id, gene_id, …: ids as in counts"
    )
    table.add_argument("--expression", type=Path, help="gene_id, then one column a sample")
    table.add_argument("--genes", type=Path, help="gene_id, …")
    add_source_options(table, "table")
    _add_target(table)
    table.set_defaults(module="importing")


def add_source_options(parser: argparse.ArgumentParser, kind: str) -> None:
    """What there is to say about samples, genes and counts.

    Args:
        parser: gets the options.
        kind: of files; `auto` takes the options of all.
    """
    genes = parser.add_argument_group("genes")
    genes.add_argument("--tx2gene", type=Path, metavar="FILE", help="table of transcript and gene")
    genes.add_argument(
        "--gtf",
        type=Path,
        metavar="FILE",
        help="annotation: the genes where neither a table nor the files tell them, and names, "
        "lengths, places",
    )
    genes.add_argument(
        "--min-overlap",
        type=float,
        metavar="SHARE",
        help="least share of reads that must have a gene (default: 0.9)",
    )
    genes.add_argument(
        "--without-gene",
        choices=("keep", "drop"),
        help="transcripts without a gene: keep each as a gene of its own (default), or drop them",
    )
    samples = parser.add_argument_group("samples")
    samples.add_argument(
        "--samples",
        type=Path,
        metavar="SHEET",
        help="CSV, TSV, XLSX or parquet: traits, covariates",
    )
    samples.add_argument("--sample-column", metavar="NAME", help="the sheet's column of sample ids")
    samples.add_argument("--sheet", metavar="NAME", help="of an XLSX file (default: the first)")
    samples.add_argument(
        "--block", metavar="COLUMN", help="the donor, where a donor has several samples"
    )
    samples.add_argument(
        "--ordered",
        action="append",
        default=[],
        metavar="COLUMN=LOW,…,HIGH",
        help="levels of a column from low to high; may be repeated",
    )
    samples.add_argument(
        "--allow-missing",
        action="store_true",
        help="leave out samples that are quantified or in the sheet only",
    )
    counts = parser.add_argument_group("counts")
    if kind in ("auto", "salmon", "kallisto", "rsem", "nfcore"):
        counts.add_argument(
            "--counts-from-abundance",
            choices=_COUNTS_FROM,
            help="counts as they are (default: no), or made from TPM, as tximport has it",
        )
    if kind not in ("prepde", "gct", "h5ad", "table"):
        counts.add_argument(
            "--allow-union",
            action="store_true",
            help="samples may have different transcripts; what one lacks counts as 0",
        )
    if kind in ("auto", "ctab", "nfcore"):
        counts.add_argument(
            "--read-length", type=float, metavar="BASES", help="StringTie: of the sequencing"
        )
    if kind in ("auto", "nfcore"):
        counts.add_argument("--aligner", metavar="NAME", help="folder of an nf-core/rnaseq run")
    if kind in ("auto", "h5ad"):
        counts.add_argument(
            "--layer", metavar="NAME", help="of an AnnData file (default: counts or X)"
        )
        counts.add_argument("--gene-column", metavar="NAME", help="of an AnnData file's var")


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", "--output-dir", dest="out", type=Path, required=True, help="bundle folder to write"
    )
    parser.add_argument("--name", help="name of the data set (default: that of the folder)")
    parser.add_argument("--overwrite", action="store_true", help="replace a former bundle")
    parser.add_argument("--quiet", action="store_true", help="no progress, no table")
