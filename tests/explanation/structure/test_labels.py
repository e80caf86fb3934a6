"""Each label and event by hand on both strands, and what must not change them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isograph.annotation.gtf import read_gtf
from isograph.errors import OutputError
from isograph.explanation.structure.labels import (
    Structure,
    refuse_other_annotation,
    structural_labels,
)
from isograph.explanation.structure.schema import STRUCTURE
from tests.annotation.making import Parts, saved, transcript
from tests.shared_data import shared_path

BASE = [(1, 100), (201, 300), (401, 500), (601, 700)]
STRANDS = pytest.mark.parametrize("strand", ["+", "-"])
PAIR = pd.DataFrame({"gene_id": ["G"], "transcript_id_1": ["A"], "transcript_id_2": ["B"]})
EVENT_CASES: dict[str, tuple[Parts, str]] = {
    "same": (BASE, ""),
    "later start of the same exon": ([(20, 100), *BASE[1:]], ""),
    "other first exon": ([(120, 150), *BASE[1:]], "alternative_first_exon"),
    "other last exon": ([*BASE[:3], (801, 900)], "alternative_last_exon"),
    "skipped exon": ([BASE[0], *BASE[2:]], "exon_skipping"),
    "exchanged exon": ([BASE[0], (320, 350), *BASE[2:]], "mutually_exclusive_exons"),
    "kept intron": ([(1, 300), *BASE[2:]], "intron_retention"),
    "other donor": ([BASE[0], (201, 280), *BASE[2:]], "alternative_5p_site"),
    "other acceptor": ([BASE[0], (220, 300), *BASE[2:]], "alternative_3p_site"),
}


def labelled(folder: Path, text: str, pairs: pd.DataFrame = PAIR) -> Structure:
    """Labels of pairs of a small annotation."""
    return structural_labels(read_gtf(saved(folder, text)), pairs)


def only(found: Structure) -> dict[str, Any]:
    """The one row."""
    row: dict[str, Any] = found.table.to_pylist()[0]
    return row


@STRANDS
@pytest.mark.parametrize("case", EVENT_CASES)
def test_event(tmp_path: Path, case: str, strand: str) -> None:
    exons, expected = EVENT_CASES[case]
    text = transcript("A", BASE, strand=strand) + transcript("B", exons, strand=strand)
    assert only(labelled(tmp_path, text))["event_types"] == expected


@STRANDS
def test_exon_labels_and_lengths(tmp_path: Path, strand: str) -> None:
    other = [(20, 100), *BASE[2:]]
    text = transcript("A", BASE, strand=strand) + transcript("B", other, strand=strand)
    row = only(labelled(tmp_path, text))
    assert row["first_exon_changed"]
    assert not row["last_exon_changed"]
    assert row["internal_exon_diff"] == 1
    assert row["tx_length_delta"] == 281 - 400
    assert row["shared_exon_fraction"] == pytest.approx(2 / 5)


@STRANDS
@pytest.mark.parametrize(("stop_end", "decays"), [(450, False), (449, True)])
def test_fifty_nucleotides_before_the_last_junction(
    tmp_path: Path, strand: str, stop_end: int, decays: bool
) -> None:
    early = [(50, 100), (201, 300), (401, stop_end - 3)]
    text = transcript("A", BASE, early, stop=(stop_end - 2, stop_end), strand=strand)
    text += transcript("B", BASE, [(50, 100), (201, 240)], strand=strand, more=' tag "cds_end_NF";')
    row = only(labelled(tmp_path, text))
    assert row["nmd_1"] is decays
    assert row["nmd_2"] is None


@STRANDS
def test_coding_labels(tmp_path: Path, strand: str) -> None:
    coding = [(50, 100), (201, 300), (401, 440)]
    text = transcript("A", BASE, coding, strand=strand)
    text += transcript("B", BASE, coding[:2], strand=strand)
    text += transcript("C", BASE, strand=strand, biotype="retained_intron")
    pairs = PAIR.loc[[0, 0]].assign(transcript_id_2=["B", "C"])
    shorter, silent = labelled(tmp_path, text, pairs).table.to_pylist()
    assert shorter["cds_changed"]
    assert shorter["utr_changed"]
    assert shorter["cds_length_delta"] == -40
    assert not shorter["biotype_switch"]
    assert not shorter["coding_status_change"]
    assert silent["biotype_switch"]
    assert silent["coding_status_change"]
    assert silent["cds_changed"]
    assert silent["nmd_2"] is None
    assert silent["utr_changed"] is None


@STRANDS
def test_other_leader_changes_the_utr_only(tmp_path: Path, strand: str) -> None:
    text = transcript("A", BASE, [(50, 100)], strand=strand)
    text += transcript("B", [(20, 100), *BASE[1:]], [(50, 100)], strand=strand)
    row = only(labelled(tmp_path, text))
    assert row["utr_changed"]
    assert not row["cds_changed"]
    assert row["cds_length_delta"] == 0


def test_absent_transcripts_keep_their_row_and_are_named(tmp_path: Path) -> None:
    pairs = PAIR.assign(transcript_id_2="X.1")
    found = labelled(tmp_path, transcript("A", BASE), pairs)
    row = only(found)
    assert row["transcript_id_2"] == "X.1"
    assert row["event_types"] is None
    assert row["first_exon_changed"] is None
    assert row["shared_exon_fraction"] is None
    assert any("does not have: X.1" in str(one) for one in found.missed)


def test_transcripts_on_two_strands_are_not_compared(tmp_path: Path) -> None:
    found = labelled(tmp_path, transcript("A", BASE) + transcript("B", BASE, strand="-"))
    assert only(found)["tx_length_delta"] is None
    assert any("different chromosomes or strands: G" in str(one) for one in found.missed)


def test_an_assembly_without_coding_sequence_says_nothing_about_coding(tmp_path: Path) -> None:
    text = transcript("A", BASE) + transcript("B", BASE[1:])
    row = only(labelled(tmp_path, text))
    assert row["first_exon_changed"]
    for name in ("cds_changed", "utr_changed", "coding_status_change", "nmd_1", "nmd_2"):
        assert row[name] is None, name


def test_an_annotation_of_something_else_is_refused(tmp_path: Path) -> None:
    annotation = read_gtf(saved(tmp_path, transcript("Z", BASE)))
    with pytest.raises(OutputError, match=r"has none of the transcripts; it has Z \(2\): A, B"):
        refuse_other_annotation(annotation, np.array([["A", "B"]]))
    refuse_other_annotation(annotation, np.array(["A", "Z"]))


def test_pairs_that_an_annotation_lacks_stay_with_null_labels(tmp_path: Path) -> None:
    found = labelled(tmp_path, transcript("Z", BASE))
    assert only(found)["event_types"] is None
    assert found.missed[0].names == ("A", "B")


def _random(seed: int, strand: str) -> tuple[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    text, names = "", [f"T{k}" for k in range(40)]
    for name in names:
        cuts = np.sort(rng.choice(np.arange(1, 60), 2 * rng.integers(1, 7), replace=False)) * 50
        exons = [(int(a), int(b)) for a, b in cuts.reshape(-1, 2)]
        coding = exons[: rng.integers(0, len(exons) + 1)]
        text += transcript(name, exons, coding, strand=strand)
    first, second = rng.permuted(np.tile(names, (20, 1)), axis=1)[:, :2].T
    return text, pd.DataFrame({"gene_id": "G", "transcript_id_1": first, "transcript_id_2": second})


@pytest.mark.parametrize("seed", range(5))
def test_mirroring_to_the_other_strand_changes_nothing(tmp_path: Path, seed: int) -> None:
    tables = [labelled(tmp_path, *_random(seed, strand)).table for strand in "+-"]
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize("seed", range(5))
def test_exchanging_the_pair_negates_lengths_and_swaps_decay(tmp_path: Path, seed: int) -> None:
    text, pairs = _random(seed, "+")
    swapped = pairs.rename(
        columns={"transcript_id_1": "transcript_id_2", "transcript_id_2": "transcript_id_1"}
    )
    one, other = (labelled(tmp_path, text, p).table.to_pandas() for p in (pairs, swapped))
    for name in STRUCTURE.names[3:]:
        if name.endswith("_delta"):
            assert (one[name] == -other[name]).all()
        elif name not in ("nmd_1", "nmd_2", "module_id"):
            assert one[name].equals(other[name]), name
    assert one["nmd_1"].equals(other["nmd_2"].rename("nmd_1"))


def test_real_chromosome_agrees_with_sets_of_exons() -> None:
    annotation = read_gtf(shared_path("data", "real", "geuvadis_chr19_ceu91", "annotation.gtf.gz"))
    table = annotation.transcripts.sort_values("gene_id", kind="stable")
    genes, names = table["gene_id"].to_numpy(), table["transcript_id"].to_numpy()
    same = np.flatnonzero(genes[1:] == genes[:-1])
    first, second = names[same], names[same + 1]
    pairs = pd.DataFrame(
        {"gene_id": genes[same], "transcript_id_1": first, "transcript_id_2": second}
    )
    labels = structural_labels(annotation, pairs).table.to_pandas()
    assert len(labels) > 1000
    rows = [annotation.rows_of(side).tolist() for side in (first, second)]
    for label, one, other in zip(labels.itertuples(), *rows, strict=True):
        exons = [{tuple(exon) for exon in annotation.exons(row).tolist()} for row in (one, other)]
        shared = len(exons[0] & exons[1]) / len(exons[0] | exons[1])
        assert label.shared_exon_fraction == pytest.approx(shared)
        lengths = [sum(end - start + 1 for start, end in part) for part in exons]
        assert label.tx_length_delta == lengths[1] - lengths[0]


def test_decay_agrees_with_the_biotypes_of_the_annotators() -> None:
    path = shared_path("data", "real", "geuvadis_chr19_ceu91", "annotation.gtf.gz")
    annotation = read_gtf(path)
    ids = annotation.transcripts["transcript_id"]
    # each transcript beside itself: only its own label is asked for
    pairs = pd.DataFrame({"gene_id": "", "transcript_id_1": ids, "transcript_id_2": ids})
    told = structural_labels(annotation, pairs).table.to_pandas()["nmd_1"]
    known = told.notna().to_numpy()
    decays = pd.Series(told[known].astype(bool).to_numpy())
    share = decays.groupby(annotation.transcripts["biotype"].to_numpy()[known]).mean()
    assert share["nonsense_mediated_decay"] > 0.99
    assert share["protein_coding"] < 0.02
