"""Quantified transcripts to genes: exact ids, FASTA headers, versions, and what is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isograph.errors import ImportDataError, Problems
from isograph.importers.mapping.gene_map import GeneMap, read_gene_map
from isograph.importers.mapping.identifiers import Match, match_transcripts
from tests.shared_data import shared_path

HEADER = "ENST01.2|ENSG01.5|OTTHUMG1.2|OTTHUMT1.1|DDX-202|DDX|1657|lncRNA|"
OTHER_HEADER = "ENST02.1|ENSG02.1|-|-|ABC-201|ABC|900|protein_coding|"


def gene_map(genes: dict[str, str], names: dict[str, str] | None = None) -> GeneMap:
    """Gene by transcript; names by gene."""
    ids = sorted(genes)
    gene_ids = [genes[one] for one in ids]
    named = None if names is None else np.array([names.get(g) for g in gene_ids], dtype=object)
    return GeneMap(
        transcript_ids=np.array(ids, dtype=str),
        gene_ids=np.array(gene_ids, dtype=str),
        gene_names=named,
        lengths=np.arange(1.0, len(ids) + 1),
        biotypes=None,
        source=Path("tx2gene.csv"),
        kind="table",
    )


def match(reads: dict[str, float], genes: GeneMap | dict[str, str] | None) -> Match:
    """Reads by quantified id, matched."""
    known = gene_map(genes) if isinstance(genes, dict) else genes
    return match_transcripts(list(reads), list(reads.values()), known)


def genes_of(found: Match) -> list[str | None]:
    return [None if i < 0 else str(found.gene_ids[i]) for i in found.gene_of]


def of_kind(found: Match, kind: str) -> dict[str, Any] | None:
    hits = [one for one in found.findings if one["kind"] == kind]
    assert len(hits) <= 1
    return hits[0] if hits else None


# ---- which gene


def test_equal_ids_need_no_fix() -> None:
    found = match({"B.1": 3, "A.2": 1}, {"A.2": "G2", "B.1": "G1", "C": "G3"})
    assert genes_of(found) == ["G1", "G2"]
    assert found.gene_ids.tolist() == ["G1", "G2"]
    assert found.map_row.tolist() == [1, 0]
    assert found.lengths.tolist() == [2.0, 1.0]
    assert found.findings == ()
    assert found.share_of_reads == 1


def test_a_gencode_header_is_cut_to_its_transcript() -> None:
    found = match({HEADER: 8, OTHER_HEADER: 2}, {"ENST01.2": "ENSG01.5", "ENST02.1": "ENSG02.1"})
    assert found.transcript_ids.tolist() == ["ENST01.2", "ENST02.1"]
    assert genes_of(found) == ["ENSG01.5", "ENSG02.1"]
    assert of_kind(found, "fasta_header") == {
        "kind": "fasta_header",
        "n": 2,
        "share_of_reads": 1.0,
        "examples": [f"{HEADER} → ENST01.2", f"{OTHER_HEADER} → ENST02.1"],
        "action": "the part before the first | or blank is the id",
    }
    assert of_kind(found, "gene_from_header") is None


def test_an_ensembl_header_is_cut_at_the_blank() -> None:
    found = match({"ENST01.2 cdna chromosome:GRCh38 gene:ENSG01": 1}, {"ENST01.2": "G"})
    assert found.transcript_ids.tolist() == ["ENST01.2"]
    assert genes_of(found) == ["G"]


def test_headers_that_share_their_first_part_stay_whole() -> None:
    found = match({"gi|1|ref|NM_1": 1, "gi|2|ref|NM_2": 2}, {"gi": "G"})
    assert found.transcript_ids.tolist() == ["gi|1|ref|NM_1", "gi|2|ref|NM_2"]
    assert genes_of(found) == [None, None]
    shared = of_kind(found, "fasta_header_shared")
    assert shared is not None
    assert shared["n"] == 2


def test_a_map_made_of_headers_meets_plain_ids() -> None:
    assert genes_of(match({"ENST01.2": 1}, {HEADER: "ENSG01.5"})) == ["ENSG01.5"]


def test_what_the_map_lacks_comes_from_its_own_header() -> None:
    found = match({HEADER: 1, OTHER_HEADER: 3}, {"ENST01.2": "ENSG01.5"})
    assert genes_of(found) == ["ENSG01.5", "ENSG02.1"]
    assert found.gene_names.tolist() == [None, "ABC"]
    assert found.biotypes.tolist() == [None, "protein_coding"]
    told = of_kind(found, "gene_from_header")
    assert told is not None
    assert (told["n"], told["share_of_reads"], told["examples"]) == (1, 0.75, ["ENST02.1"])


def test_headers_alone_will_do() -> None:
    found = match({HEADER: 1, OTHER_HEADER: 3}, None)
    assert genes_of(found) == ["ENSG01.5", "ENSG02.1"]
    assert found.gene_names.tolist() == ["DDX", "ABC"]
    assert found.share_of_reads == 1


def test_a_gene_of_a_header_takes_the_version_that_the_map_has() -> None:
    found = match({HEADER: 1, "ENST09": 1}, {"ENST09": "ENSG01"})
    assert genes_of(found) == ["ENSG01", "ENSG01"]
    assert of_kind(found, "gene_versions") is None


@pytest.mark.parametrize(
    ("mine", "theirs", "kind"),
    [
        ("ENST01.2", "ENST01", "version_of_quantified"),
        ("ENST01", "ENST01.2", "version_of_map"),
        ("ENST01.2", "ENST01.7", "versions_differ"),
        ("ENST01.2_PAR_Y", "ENST01_PAR_Y", "version_of_quantified"),
        (HEADER, "ENST01.9", "versions_differ"),
    ],
)
def test_versions_are_not_compared_where_nothing_else_fits(
    mine: str, theirs: str, kind: str
) -> None:
    found = match({mine: 4}, {theirs: "G"})
    assert genes_of(found) == ["G"]
    noted = of_kind(found, kind)
    assert noted is not None
    assert noted["n"] == 1
    assert noted["examples"] == [f"{found.transcript_ids[0]} → {theirs}"]


def test_the_fix_of_most_reads_is_taken_and_no_other() -> None:
    genes = {"A": "GA", "B": "GB", "C.1": "GC"}
    found = match({"A.1": 50, "B.1": 40, "C": 10}, genes)
    assert genes_of(found) == ["GA", "GB", "GC"]
    assert of_kind(found, "versions_differ") is not None
    # here the map names both A and A.9, so only one of the fixes meets A.1
    found = match({"A.1": 50, "B.1": 40, "C": 10}, genes | {"A.9": "GX"})
    assert genes_of(found) == ["GA", "GB", None]
    assert of_kind(found, "version_of_quantified") is not None


def test_reads_decide_not_numbers_of_ids() -> None:
    genes = {"A": "GA", "A.9": "GX", "C.1": "GC", "D.1": "GD"}
    assert genes_of(match({"A.1": 90, "C": 1, "D": 1}, genes)) == ["GA", None, None]
    assert genes_of(match({"A.1": 1, "C": 90, "D": 1}, genes)) == [None, "GC", "GD"]


def test_an_exact_id_wins_over_a_version() -> None:
    found = match({"A.1": 1, "B.1": 1}, {"A.1": "G1", "A": "G2", "B": "G3"})
    assert genes_of(found) == ["G1", "G3"]


def test_two_quantified_ids_that_fall_together_are_left_and_named() -> None:
    many = {f"X{i}.1": 1.0 for i in range(60)}
    genes = {f"X{i}": f"G{i}" for i in range(60)} | {"A": "GA"}
    found = match({"A.1": 5, "A.2": 7} | many, genes)
    assert genes_of(found)[:2] == [None, None]
    assert genes_of(found)[2:] == [f"G{i}" for i in range(60)]
    unsafe = of_kind(found, "version_unsafe")
    assert unsafe is not None
    assert unsafe["n"] == 2
    assert unsafe["examples"] == ["A.2", "A.1"]
    assert unsafe["share_of_reads"] == pytest.approx(12 / 72)


def test_two_ids_of_the_map_that_fall_together_are_not_used() -> None:
    many = {f"X{i}.1": 1.0 for i in range(60)}
    genes = {f"X{i}.2": f"G{i}" for i in range(60)} | {"A.3": "GA", "A.4": "GB"}
    assert genes_of(match({"A.1": 5} | many, genes))[0] is None


def test_no_row_of_the_map_is_used_twice() -> None:
    found = match({"A.1": 5, "A": 7, "B": 1}, {"A.1": "GA", "B.1": "GB"})
    assert genes_of(found) == ["GA", None, "GB"]
    assert sorted(found.map_row.tolist()) == [-1, 0, 1]


def test_numbers_of_isoforms_are_no_versions() -> None:
    reads = {"AT1.1": 3.0, "AT1.2": 4.0, "AT2.1": 3.0, "AT3.4": 1.0}
    found = match(reads, {"AT1.1": "AT1", "AT1.2": "AT1", "AT2.1": "AT2", "AT3.1": "AT3"})
    assert genes_of(found) == ["AT1", "AT1", "AT2", None]
    assert of_kind(found, "version_unsafe") is not None


def test_copies_on_the_y_chromosome_stay_apart() -> None:
    reads = {"ENST01.5": 9.0, "ENST01.5_PAR_Y": 1.0}
    found = match(reads, {"ENST01": "G", "ENST01_PAR_Y": "G_PAR_Y"})
    assert genes_of(found) == ["G", "G_PAR_Y"]
    assert genes_of(match(reads, {"ENST01.6": "G"})) == ["G", None]


# ---- what is told


def test_transcripts_without_a_gene_are_named_by_reads() -> None:
    found = match({"a": 1, "b": 5, "c": 3, "d": 3, "e": 88}, {"e": "G"})
    assert of_kind(found, "without_gene") == {
        "kind": "without_gene",
        "n": 4,
        "share_of_reads": 0.12,
        "examples": ["b", "c", "d"],
        "action": "left out: no gene is known",
    }
    assert found.share_of_reads == 0.88


def test_without_reads_transcripts_count() -> None:
    assert match({"a": 0, "b": 0, "c": 0, "d": 0}, {"a": "G"}).share_of_reads == 0.25


def test_names_of_several_genes_are_told() -> None:
    known = gene_map(
        {"a": "G1", "b": "G2", "c": "G3", "d": "G4"}, {"G1": "Y_RNA", "G2": "Y_RNA", "G3": "one"}
    )
    found = match({"a": 1, "b": 2, "c": 1, "d": 1}, known)
    assert found.gene_names.tolist() == ["Y_RNA", "Y_RNA", "one", None]
    noted = of_kind(found, "duplicated_gene_names")
    assert noted is not None
    assert (noted["n"], noted["examples"]) == (1, ["Y_RNA (G1, G2)"])
    assert noted["share_of_reads"] == pytest.approx(0.6)


def test_a_gene_of_two_names_has_none() -> None:
    known = gene_map({"a": "G1", "b": "G1"})
    known = GeneMap(
        known.transcript_ids,
        known.gene_ids,
        np.array(["x", "y"], dtype=object),
        None,
        None,
        known.source,
        "table",
    )
    found = match({"a": 1, "b": 2}, known)
    assert found.gene_names.tolist() == [None]
    noted = of_kind(found, "gene_names_disagree")
    assert noted is not None
    assert noted["examples"] == ["G1 (x, y)"]
    assert np.isnan(found.lengths).all()


def test_genes_that_differ_by_version_only_are_told() -> None:
    found = match({"a": 1, "b": 2, "c": 3}, {"a": "G1.1", "b": "G1.2", "c": "G2.1"})
    noted = of_kind(found, "gene_versions")
    assert noted is not None
    assert noted["examples"] == ["G1 (G1.1, G1.2)"]
    assert found.gene_ids.tolist() == ["G1.1", "G1.2", "G2.1"]


@pytest.mark.parametrize("counts", [[1.0, np.nan], [1.0, -1.0], [1.0], [np.inf, 1.0]])
def test_counts_that_no_quantifier_writes_are_refused(counts: list[float]) -> None:
    with pytest.raises(ImportDataError, match="counts"):
        match_transcripts(["a", "b"], counts, gene_map({"a": "G"}))


def test_a_transcript_that_stands_twice_is_refused() -> None:
    with pytest.raises(ImportDataError, match=r"stand twice \(1\): a"):
        match_transcripts(["a", "a", "b"], [1, 1, 1], gene_map({"a": "G"}))


# ---- what must not matter

IDS = ["A", "A.1", "A.2", "B.1", "B.2|GB|x|x|x|nb|1|t|", "C.1", "C", "D.1_PAR_Y", "D.1", "E x"]
REF = ["A", "A.3", "B.4", "C.2", "D", "D_PAR_Y", "E", "F.1"]


@settings(max_examples=150, deadline=None)
@given(
    ids=st.lists(st.sampled_from(IDS), unique=True, min_size=1),
    ref=st.lists(st.sampled_from(REF), unique=True, min_size=1),
    data=st.data(),
)
def test_order_of_either_side_does_not_matter(
    ids: list[str], ref: list[str], data: st.DataObject
) -> None:
    values = st.sampled_from([0.0, 0.1, 0.2, 0.3, 1e9, 7.0])
    reads = {one: data.draw(values) for one in ids}
    known = {one: data.draw(st.sampled_from(["G1.1", "G1.2", "G2"])) for one in ref}
    names = {"G1.1": "n", "G1.2": "n", "G2": "m"}
    rows = data.draw(st.permutations(sorted(known)))
    first, straight = match(reads, gene_map(known, names)), gene_map(known, names)
    place = [straight.transcript_ids.tolist().index(one) for one in rows]
    assert straight.gene_names is not None
    assert straight.lengths is not None
    mixed = GeneMap(
        straight.transcript_ids[place],
        straight.gene_ids[place],
        straight.gene_names[place],
        straight.lengths[place],
        None,
        straight.source,
        "table",
    )
    order = data.draw(st.permutations(ids))
    other = match({one: reads[one] for one in order}, mixed)
    assert first.findings == other.findings
    assert first.share_of_reads == other.share_of_reads
    assert first.gene_ids.tolist() == other.gene_ids.tolist()
    assert first.gene_names.tolist() == other.gene_names.tolist()
    back = [order.index(one) for one in ids]
    assert first.gene_of.tolist() == other.gene_of[back].tolist()
    assert first.transcript_ids.tolist() == other.transcript_ids[back].tolist()
    rows_used = first.map_row[first.map_row >= 0]
    assert len(set(rows_used.tolist())) == len(rows_used)
    assert len(set(first.transcript_ids.tolist())) == len(ids)


# ---- real files


def counts_of(folder: Path) -> pd.Series[float]:
    """Reads by transcript, summed over Salmon samples."""
    files = sorted(folder.glob("*/quant.sf.gz"))
    assert len(files) == 6
    tables = [pd.read_csv(path, sep="\t", dtype={"Name": str}) for path in files]
    assert all((table["Name"] == tables[0]["Name"]).all() for table in tables)
    total = np.sum([table["NumReads"].to_numpy() for table in tables], axis=0)
    return pd.Series(total, index=tables[0]["Name"])


def matched(counts: pd.Series[float], path: Path) -> tuple[Match, GeneMap]:
    problems = Problems()
    known = read_gene_map(path, problems)
    assert known is not None
    assert not problems
    return match_transcripts(counts.index.to_numpy(), counts.to_numpy(), known), known


def test_geuvadis_transcripts_without_a_gene_are_counted() -> None:
    folder = shared_path("data", "quants", "geuvadis6")
    counts = counts_of(folder / "salmon")
    found, known = matched(counts, folder / "tx2gene.csv.gz")
    absent = ~counts.index.isin(known.transcript_ids)
    noted = of_kind(found, "without_gene")
    assert noted is not None
    assert noted["n"] == absent.sum() > 0
    assert noted["share_of_reads"] == pytest.approx(counts[absent].sum() / counts.sum())
    # CAND1 and CAND1.11 are two symbols of the map
    assert {one["kind"] for one in found.findings} == {"without_gene", "gene_versions"}
    top = counts[absent].sort_values(ascending=False).index[:3]
    assert noted["examples"] == list(top)


def test_the_annotation_of_hesc_covers_a_part_only() -> None:
    folder = shared_path("data", "quants", "isa_hesc6")
    counts = counts_of(folder)
    found, known = matched(counts, folder / "example.gtf.gz")
    covered = counts.index.isin(known.transcript_ids)
    assert (found.gene_of >= 0).tolist() == covered.tolist()
    assert found.share_of_reads == pytest.approx(counts[covered].sum() / counts.sum())


def test_genes_that_stand_first_in_headers_name_no_transcript() -> None:
    ids = ["ENSG1|ENST1", "ENSG1|ENST2", "ENSG2|ENST3", "ENSG2|ENST4", "ENSG3|ENST5"]
    found = match_transcripts(ids, np.ones(5), None)
    assert found.transcript_ids.tolist() == ids


def test_ids_that_the_map_has_whole_stay_whole(tmp_path: Path) -> None:
    ids = ["ENST1|a", "ENST2|b"]
    path = tmp_path / "t.csv"
    path.write_text("transcript_id,gene_id\nENST1|a,G1\nENST2|b,G2\n")
    gene_map = read_gene_map(path, Problems())
    found = match_transcripts(ids, np.ones(2), gene_map)
    assert found.transcript_ids.tolist() == ids
    assert found.share_of_reads == 1
