"""Options of `isograph annotate-structure`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_annotate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`isograph annotate-structure`."""
    annotate = commands.add_parser(
        "annotate-structure",
        help="what changes in a transcript's structure when a gene switches",
        description="Compare the two transcripts of each switch by their annotation: exons, "
        "splicing events, coding sequence, decay. Pairs come from explained modules or a table.",
    )
    annotate.add_argument(
        "--gtf",
        type=Path,
        required=True,
        metavar="FILE",
        help="annotation of GENCODE, Ensembl, RefSeq or StringTie, plain or gzip",
    )
    source = annotate.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--explain-dir",
        type=Path,
        metavar="DIR",
        help="what `isograph explain-module` wrote: the pair of each gene of its modules",
    )
    source.add_argument(
        "--pairs",
        type=Path,
        metavar="TABLE",
        help="gene_id, transcript_id_1, transcript_id_2 as TSV, CSV or parquet",
    )
    annotate.add_argument(
        "--top", type=int, metavar="N", help="with --explain-dir, so many drivers a module"
    )
    fasta = annotate.add_mutually_exclusive_group()
    fasta.add_argument(
        "--transcript-fasta",
        type=Path,
        metavar="FILE",
        help="write the pairs' sequences too, from a FASTA of transcripts",
    )
    fasta.add_argument(
        "--genome-fasta", type=Path, metavar="FILE", help="the same, spliced from a genome"
    )
    annotate.add_argument(
        "--output",
        "--out",
        type=Path,
        metavar="FILE",
        help="parquet file to write (default: structure.parquet in the explain folder, or beside "
        "the table)",
    )
    annotate.add_argument(
        "--cache-dir",
        type=Path,
        metavar="DIR",
        help="where readings of annotations are kept (default: the user's cache folder)",
    )
    annotate.add_argument("--quiet", action="store_true", help="no progress, no table")
    annotate.set_defaults(module="annotate")
