"""The transcript-to-gene map that quantified files hold themselves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from isograph.annotation.versions import numbers_isoforms
from isograph.bundle.missing import is_missing, is_missing_word
from isograph.importers.mapping.gene_map import GeneMap, Texts
from isograph.importers.mapping.match_notes import stemmed
from isograph.importers.quantifiers.model import Quantified


def own_map(quantified: Quantified, rest: GeneMap | None = None) -> GeneMap | None:
    """Genes as the files name them; another map for transcripts of which they name none.

    Args:
        quantified: with `gene_ids`.
        rest: of an annotation; None leaves such transcripts without a gene.

    Returns:
        None where neither tells any gene. Words and signs for a missing value are no gene, nor is
        a column that repeats the transcripts.
    """
    assert quantified.gene_ids is not None
    known = np.flatnonzero(_named(quantified))
    if not len(known):
        return rest
    ids = quantified.transcript_ids[known].astype(np.str_)
    order = np.argsort(ids, kind="stable")
    rows = known[order]
    names = quantified.gene_names
    own = GeneMap(
        transcript_ids=ids[order],
        gene_ids=quantified.gene_ids[rows].astype(np.str_),
        gene_names=None if names is None else names[rows],
        lengths=None,
        biotypes=None,
        source=quantified.sources[0][1],
        kind="table",
    )
    if rest is None or len(known) == len(quantified.transcript_ids):
        return own
    return _filled(own, rest)


def _named(quantified: Quantified) -> npt.NDArray[np.bool_]:
    """Transcripts of which the files name the gene, shape (n_transcripts,)."""
    genes = pd.Series(quantified.gene_ids, dtype=object)
    text = genes.where(genes.notna(), "").astype(str).str.strip()
    named = ~(is_missing(text) | is_missing_word(text))
    if (text[named] == quantified.transcript_ids[named].astype(str)).all():
        # a column that repeats the transcripts knows no gene
        named[:] = False
    return named.to_numpy(dtype=np.bool_)


def _filled(own: GeneMap, rest: GeneMap) -> GeneMap:
    """A map, and the rows of another one of transcripts that the first lacks."""
    sides = [(ids, stemmed(ids)) for ids in (own.transcript_ids, rest.transcript_ids)]
    new = ~np.isin(rest.transcript_ids, own.transcript_ids)
    if not any(numbers_isoforms(*side) for side in sides):
        # the same transcript under another version must not stand beside itself
        new &= ~np.isin(sides[1][1], sides[0][1])
    ids = np.concatenate([own.transcript_ids, rest.transcript_ids[new]])
    order = np.argsort(ids, kind="stable")
    names = None
    if own.gene_names is not None or rest.gene_names is not None:
        names = np.concatenate([_names(own), _names(rest)[new]])[order]
    return GeneMap(
        transcript_ids=ids[order],
        gene_ids=np.concatenate([own.gene_ids, rest.gene_ids[new]])[order],
        gene_names=names,
        lengths=None,
        biotypes=None,
        source=rest.source,
        kind="table",
    )


def _names(gene_map: GeneMap) -> Texts:
    if gene_map.gene_names is not None:
        return gene_map.gene_names
    return np.full(len(gene_map), None, dtype=object)
