"""Names and ids of genes that need a word: used twice, disagreeing, or of two versions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from isograph.importers.mapping.match_notes import SHOWN, MatchNotes, stems

Ids = npt.NDArray[np.str_]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]


def gene_names(names: pd.Series[Any], gene_of: Ints, gene_ids: Ids, notes: MatchNotes) -> Texts:
    """Name of each gene where its transcripts agree; names of several genes are noted.

    Args:
        names: of each transcript's gene, missing where not known, shape (n_transcripts,).
        gene_of: index into `gene_ids`, −1 where a transcript has none, shape (n_transcripts,).
        gene_ids: shape (n_genes,).
        notes: collects disagreements and names of several genes.

    Returns:
        None where not known, shape (n_genes,).
    """
    pairs = pd.DataFrame({"gene": gene_of, "item": names})
    pairs = pairs[(gene_of >= 0) & names.notna().to_numpy()].drop_duplicates()
    several = pairs["gene"].duplicated(keep=False)
    disagree = pairs[several].assign(label=lambda rows: gene_ids[rows["gene"]].astype(object))
    action = "left without a name: their transcripts name them differently"
    _noted("gene_names_disagree", disagree, action, gene_of, notes)
    agreed = pairs[~several]
    out: Texts = np.full(len(gene_ids), None, dtype=object)
    out[agreed["gene"].to_numpy(dtype=np.int64)] = agreed["item"].to_numpy(dtype=object)
    shared = agreed[agreed["item"].duplicated(keep=False)].rename(columns={"item": "label"})
    shared = shared.assign(item=lambda rows: gene_ids[rows["gene"]].astype(object))
    _noted("duplicated_gene_names", shared, "kept apart by id", gene_of, notes)
    return out


def note_gene_versions(gene_ids: Ids, gene_of: Ints, notes: MatchNotes) -> None:
    """Note genes that differ by version only."""
    ids = pa.array(gene_ids.astype(object), type=pa.string())
    groups = pd.DataFrame({"item": ids.to_pandas(), "label": stems(ids).to_pandas()})
    groups["gene"] = np.arange(len(ids))
    groups = groups[groups["label"].duplicated(keep=False)]
    action = "kept apart: is the map made of two annotations?"
    _noted("gene_versions", groups, action, gene_of, notes)


def _noted(kind: str, groups: pd.DataFrame, action: str, gene_of: Ints, notes: MatchNotes) -> None:
    """Note groups of genes, those of most reads first; columns `label`, `gene`, `item`."""
    if groups.empty:
        return
    which = np.isin(gene_of, groups["gene"].unique())
    rows = pd.DataFrame({"gene": gene_of, "reads": notes.reads})[which]
    # in order of value, so that rounding does not depend on the order of transcripts
    of_gene = rows.sort_values("reads").groupby("gene")["reads"].sum()
    once = groups.drop_duplicates(["label", "gene"]).sort_values(["label", "gene"])
    of_label = once["gene"].map(of_gene).groupby(once["label"]).sum()
    order = of_label.rename_axis("label").reset_index(name="reads")
    top = order.sort_values(["reads", "label"], ascending=[False, True])["label"].iloc[:SHOWN]
    shown = [
        f"{label} ({', '.join(sorted(groups['item'][groups['label'] == label])[:SHOWN])})"
        for label in top
    ]
    notes.say(kind, len(of_label), notes.share(which), shown, action)
