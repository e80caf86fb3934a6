"""`isograph annotate-structure`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from isograph.annotation.cache import read_annotation
from isograph.annotation.places import default_cache
from isograph.cli.text import counted, table
from isograph.errors import Problems, StudyError
from isograph.explanation.structure.files import read_pairs, write_sequences
from isograph.explanation.structure.labels import (
    Missed,
    Structure,
    refuse_other_annotation,
    structural_labels,
)
from isograph.explanation.structure.schema import EVENTS
from isograph.explanation.switches import pairs_of_folder
from isograph.files import SCHEMA_VERSION, write_json, write_table
from isograph.progress import Steps

_FLAGS = (
    "first_exon_changed",
    "last_exon_changed",
    "cds_changed",
    "utr_changed",
    "biotype_switch",
    "coding_status_change",
    "nmd_1",
    "nmd_2",
)


def run(options: argparse.Namespace) -> int:
    """Label the switch pairs of a folder or table."""
    _check(options)
    steps = Steps(stream=None if options.quiet else sys.stderr)
    with steps.step("switch pairs") as note:
        if options.explain_dir is not None:
            pairs = pairs_of_folder(options.explain_dir, top=options.top)
        else:
            pairs = read_pairs(options.pairs)
        note.result = counted(len(pairs), "pair")
    annotation = read_annotation(
        options.gtf, cache_dir=options.cache_dir or default_cache(), steps=steps
    )
    refuse_other_annotation(annotation, pairs[["transcript_id_1", "transcript_id_2"]].to_numpy())
    with steps.step("structure") as note:
        found = structural_labels(annotation, pairs)
        note.result = f"{found.record['n_compared']:,} of {len(pairs):,} pairs compared"
    target = _target(options)
    missed = list(found.missed)
    if options.transcript_fasta is not None or options.genome_fasta is not None:
        with steps.step("sequences") as note:
            fasta = target.with_suffix(".fa")
            without = write_sequences(
                fasta,
                pairs,
                annotation=annotation,
                transcripts=options.transcript_fasta,
                genome=options.genome_fasta,
            )
            note.result = str(fasta)
        missed += [without] if without.names else []
    write_table(target, found.table)
    write_json(target.with_suffix(".json"), _record(found, missed))
    if not options.quiet:
        print(_report(found, missed, target))
    return 0


def _check(options: argparse.Namespace) -> None:
    problems = Problems()
    if options.top is not None and options.explain_dir is None:
        problems.add("--top", "is of no use without --explain-dir")
    elif options.top is not None and options.top < 1:
        problems.add("--top", f"{options.top} drivers", fix="give 1 or more")
    if options.output is not None and options.output.is_dir():
        problems.add("--output", f"{options.output} is a folder", fix="name a file")
    problems.raise_if_any(StudyError, "options refused")


def _target(options: argparse.Namespace) -> Path:
    if options.output is not None:
        return Path(options.output)
    folder = options.explain_dir if options.explain_dir is not None else options.pairs.parent
    return Path(folder) / "structure.parquet"


def _record(found: Structure, missed: list[Missed]) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        **found.record,
        "missed": {one.what: list(one.names) for one in missed},
    }


def _report(found: Structure, missed: list[Missed], target: Path) -> str:
    labels: pd.DataFrame = found.table.to_pandas()
    rows = [
        (name.replace("_", " "), int((labels[name] == True).sum()), int(labels[name].notna().sum()))  # noqa: E712
        for name in _FLAGS
    ]
    events = labels["event_types"].dropna().str.split(",").explode()
    rows += [
        (name.replace("_", " "), int((events == name).sum()), found.record["n_compared"])
        for name in EVENTS
    ]
    lines = ["", table(rows, ("label", "pairs", "of")), ""]
    lines += [f"  {one}" for one in missed]
    return "\n".join([*lines, f"\nwritten to {target}"])
