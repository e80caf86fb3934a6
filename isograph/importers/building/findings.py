"""What an import noticed about transcripts, map, sheet and samples, in one list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isograph.bundle.model import Bundle
from isograph.importers.building.report import about
from isograph.importers.building.transcript_table import TranscriptTable
from isograph.importers.mapping.gene_map import GeneMap
from isograph.importers.mapping.identifiers import Match
from isograph.importers.sheets.sample_alignment import Aligned

Finding = dict[str, Any]

_LEAST = 100
_MOST_A_GENE = 50
"""Transcripts a gene above which it is none: annotations have two to five."""


def findings(
    bundle: Bundle,
    match: Match,
    made: TranscriptTable,
    *,
    gene_map: GeneMap | None,
    aligned: Aligned | None,
    of_sheet: tuple[Finding, ...],
    of_samples: tuple[Finding, ...],
    without_gene: str,
) -> list[Finding]:
    """Everything that was noticed, as `import_report.json` lists it.

    Args:
        bundle: what came out.
        match: of transcripts and genes.
        made: the transcript table and what was noticed about it.
        gene_map: that was matched with.
        aligned: the sample sheet beside the samples.
        of_sheet: what was noticed while the sheet was read.
        of_samples: what was noticed while the samples were read.
        without_gene: `keep` or `drop`, what became of transcripts without a gene.
    """
    said = about("transcripts", [_with_action(one, without_gene) for one in match.findings])
    said += about("transcripts", made.findings)
    said += about("map", _of_map(match, gene_map))
    said += about("sample sheet", of_sheet)
    if aligned is not None:
        said += about("samples", aligned.findings)
    said += about("samples", of_samples)
    return said + about("genes", _odd_genes(match)) + about("samples", _empty(bundle))


def _odd_genes(match: Match) -> list[Finding]:
    """A gene column that is none: one transcript a gene, or nearly all of them in one."""
    n, n_genes = int((match.gene_of >= 0).sum()), len(match.gene_ids)
    if n < _LEAST:
        return []
    if n_genes == n:
        kind, action = "one_transcript_genes", "no switch can be found: are rows genes already?"
    elif n > _MOST_A_GENE * n_genes:
        kind, action = "few_genes", f"{n:,} transcripts in them: is that column the gene?"
    else:
        return []
    shown = match.gene_ids[:3].tolist()
    known = {"kind": kind, "n": n_genes, "share_of_reads": None}
    return [known | {"examples": shown, "action": action}]


def _empty(bundle: Bundle) -> list[Finding]:
    totals = bundle.matrices["transcript_counts"].sum(axis=0)
    empty = [str(one) for one in bundle.sample_ids[totals == 0]]
    if not empty:
        return []
    action = "kept, and refused by a fit: leave them out of the sheet"
    known = {"kind": "without_counts", "n": len(empty), "share_of_reads": 0.0}
    return [known | {"examples": empty[:3], "action": action}]


def _of_map(match: Match, gene_map: GeneMap | None) -> list[Mapping[str, Any]]:
    """What is odd about the map; transcripts that it has beyond those that were quantified."""
    if gene_map is None:
        return []
    found: list[Mapping[str, Any]] = list(gene_map.findings)
    unused = np.ones(len(gene_map), dtype=bool)
    unused[match.map_row[match.map_row >= 0]] = False
    if unused.any():
        found.append(
            {
                "kind": "not_quantified",
                "n": int(unused.sum()),
                "share_of_reads": None,
                "examples": gene_map.transcript_ids[unused][:3].tolist(),
                "action": "not in the bundle: were files filtered, or cut off?",
            }
        )
    return found


def _with_action(finding: Mapping[str, Any], without_gene: str) -> Finding:
    if finding["kind"] != "without_gene":
        return dict(finding)
    kept = without_gene == "keep"
    action = "each kept as a gene of its own" if kept else "left out, and their counts with them"
    return dict(finding) | {"action": action}
