"""Where samples are looked for, and which kinds a folder holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from isograph.errors import Problems
from isograph.importers.quantifiers import (
    QUANTIFIERS,
    Detected,
    detect,
    find_samples,
    read_quantified,
)
from tests.importers.quantifiers.made import (
    FILES,
    SAMPLE_KINDS,
    as_text,
    path_of,
    read,
    refusal,
    rows_of,
    told,
    write,
)
from tests.shared_data import shared_path


def find(folder: Path, kind: str) -> dict[str, Path]:
    problems = Problems()
    found = find_samples(folder, QUANTIFIERS[kind], problems)
    assert not problems, told(problems)
    return found


def not_found(folder: Path, kind: str) -> str:
    problems = Problems()
    find_samples(folder, QUANTIFIERS[kind], problems)
    assert problems
    return told(problems)


def detected(folder: Path) -> list[Detected]:
    problems = Problems()
    found = detect(folder, problems=problems)
    assert not problems, told(problems)
    return found


@pytest.mark.parametrize("kind", SAMPLE_KINDS)
@pytest.mark.parametrize("above", ["", "batch1", "results/batch1"])
def test_samples_are_found_by_name_down_to_three_folders(
    tmp_path: Path, kind: str, above: str
) -> None:
    for sample in ("S2", "S1", "S10"):
        write(tmp_path / above, kind, sample)

    found = find(tmp_path, kind)

    expected = {one: path_of(tmp_path / above, kind, one) for one in ("S1", "S10", "S2")}
    assert found == expected
    assert list(found) == list(expected)


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("salmon", ".quant.sf"),
        ("salmon", "_quant.sf.gz"),
        ("salmon", ".sf"),
        ("kallisto", ".abundance.tsv"),
        ("kallisto", "_abundance.tsv.gz"),
    ],
)
def test_files_in_one_folder_may_be_named_for_their_samples(
    tmp_path: Path, kind: str, end: str
) -> None:
    (tmp_path / "notes").mkdir()
    for sample in ("GSM1_b", "GSM2_a"):
        (tmp_path / f"{sample}{end}").write_text("")
    found = find(tmp_path, kind)
    assert {sample: path.name for sample, path in found.items()} == {
        sample: f"{sample}{end}" for sample in ("GSM1_b", "GSM2_a")
    }
    assert [(one.kind, one.n_files) for one in detected(tmp_path)] == [(kind, 2)]


def test_gene_sums_beside_a_sample_are_no_sample(tmp_path: Path) -> None:
    write(tmp_path, "salmon", "S1")
    (tmp_path / "S1" / "quant.genes.sf").write_text("")
    assert list(find(tmp_path, "salmon")) == ["S1"]


def test_folders_beside_files_that_bear_the_samples_names_are_no_failed_samples(
    tmp_path: Path,
) -> None:
    write(tmp_path / "plain", "salmon", "S1")
    text = (tmp_path / "plain" / "S1" / "quant.sf").read_text()
    flat = tmp_path / "flat"
    (flat / "logs").mkdir(parents=True)
    for sample in ("S1", "S2"):
        (flat / f"{sample}.quant.sf").write_text(text)
    found = read(flat, "salmon")
    assert found.sample_ids.tolist() == ["S1", "S2"]
    assert not any("logs" in note for note in found.notes)


def test_deeper_folders_are_not_searched(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "c", "salmon", "S1")

    assert "no sample found" in not_found(tmp_path, "salmon")


@pytest.mark.parametrize("kind", SAMPLE_KINDS)
def test_hidden_folders_and_files_are_skipped(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, "S1")
    write(tmp_path / ".cache", kind, "S2")
    write(tmp_path, kind, ".S3")

    assert list(find(tmp_path, kind)) == ["S1"]


def test_the_folder_of_one_sample_is_that_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "salmon", "S1")

    assert list(find(tmp_path / "S1", "salmon")) == ["S1"]
    monkeypatch.chdir(tmp_path / "S1")
    assert list(find(Path(), "salmon")) == ["S1"]


def test_batches_are_one_set_of_samples(tmp_path: Path) -> None:
    write(tmp_path / "batch1", "salmon", "S1")
    write(tmp_path / "batch2", "salmon", "S2")

    assert list(find(tmp_path, "salmon")) == ["S1", "S2"]


@pytest.mark.parametrize("kind", SAMPLE_KINDS)
def test_a_sample_in_two_folders_is_refused_with_both(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "batch1", kind, "S1")
    write(tmp_path / "batch2", kind, "S1")

    message = not_found(tmp_path, kind)

    assert "samples with two files (1)" in message
    assert "batch1" in message
    assert "batch2" in message
    assert "import one of these folders" in message


@pytest.mark.parametrize("kind", SAMPLE_KINDS)
def test_a_plain_and_a_packed_file_of_one_sample_are_refused(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, "S1")
    path.with_name(path.name + ".gz").write_bytes(b"")

    message = not_found(tmp_path, kind)

    assert "samples with two files" in message
    assert "keep one file a sample" in message


def test_no_folder_a_file_and_an_empty_folder_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")

    assert "no such folder" in not_found(tmp_path / "absent", "salmon")
    assert "is a file, not a folder" in not_found(tmp_path / "file", "salmon")
    message = not_found(tmp_path / "empty", "salmon")
    assert "looked for SAMPLE/quant.sf" in message
    assert "holds nothing" in message


def test_what_a_wrong_folder_holds_is_told(tmp_path: Path) -> None:
    write(tmp_path, "kallisto", "S1")

    assert "the folder holds S1/" in not_found(tmp_path, "salmon")


def test_a_folder_beside_the_samples_without_a_file_is_noted(tmp_path: Path) -> None:
    write(tmp_path, "salmon", "S1")
    (tmp_path / "S2").mkdir()
    (tmp_path / "S3" / "aux_info").mkdir(parents=True)
    (tmp_path / "S4").symlink_to(tmp_path / "cleaned away")
    (tmp_path / "multiqc").mkdir()
    (tmp_path / "multiqc" / "report.html").write_text("")

    [found] = read(tmp_path, "salmon").findings

    assert (found["kind"], found["examples"]) == ("folders_without_file", ["S2", "S3", "S4"])


def test_a_folder_called_like_its_tool_is_no_sample(tmp_path: Path) -> None:
    for sample in ("S1", "S2"):
        write(tmp_path / "bcbio" / sample, "salmon", "salmon")
    write(tmp_path / "rsem" / "S1", "rsem", "rsem")
    assert list(find(tmp_path / "bcbio", "salmon")) == ["S1", "S2"]
    assert list(find(tmp_path / "rsem", "rsem")) == ["S1"]
    assert [(one.kind, one.n_files) for one in detected(tmp_path / "bcbio")] == [("salmon", 2)]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    write(tmp_path, "salmon", "S1")
    write(tmp_path, "salmon", "S2")
    (tmp_path / "S2").chmod(0)
    try:
        assert "folders that cannot be read" in not_found(tmp_path, "salmon")
    finally:
        (tmp_path / "S2").chmod(0o700)


def test_an_unknown_kind_names_the_known(tmp_path: Path) -> None:
    problems = Problems()

    assert read_quantified(tmp_path, kind="tophat", problems=problems) is None
    assert "salmon, kallisto, rsem, ctab, prepde, gct" in told(problems)


# ---- detection


@pytest.mark.parametrize("kind", SAMPLE_KINDS)
def test_a_kind_is_told_by_its_files(tmp_path: Path, kind: str) -> None:
    write(tmp_path, kind, "S1")
    write(tmp_path, kind, "S2")

    (found,) = detected(tmp_path)

    assert (found.kind, found.folder, found.n_files) == (kind, tmp_path, 2)
    assert "S1, S2" in found.evidence
    assert FILES[kind].format("S1") in found.evidence


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("prepde", "transcript_count_matrix.csv"),
        ("prepde", "x_transcript_count_matrix.csv.gz"),
        ("gct", "a.gct"),
        ("gct", "a.gct.gz"),
    ],
)
def test_a_matrix_is_told_by_its_name(tmp_path: Path, kind: str, name: str) -> None:
    (tmp_path / name).write_text("")

    (found,) = detected(tmp_path)

    assert (found.kind, found.n_files) == (kind, 1)


def test_the_kind_with_most_samples_comes_first(tmp_path: Path) -> None:
    write(tmp_path / "k", "kallisto", "S1")
    for sample in ("S1", "S2"):
        write(tmp_path / "s", "salmon", sample)

    assert [one.kind for one in detected(tmp_path)] == ["salmon", "kallisto"]


def test_two_runs_of_the_same_samples_are_two_sets(tmp_path: Path) -> None:
    for run in ("salmon", "star_salmon"):
        for sample in ("S1", "S2"):
            write(tmp_path / run, "salmon", sample)

    found = detected(tmp_path)

    assert [one.folder for one in found] == [tmp_path / "salmon", tmp_path / "star_salmon"]
    assert [one.n_files for one in found] == [2, 2]


def test_kallistos_two_files_are_one_sample(tmp_path: Path) -> None:
    write(tmp_path, "kallisto", "S1")
    (tmp_path / "S1" / "abundance.h5").write_bytes(b"")

    (found,) = detected(tmp_path)

    assert found.n_files == 1
    assert list(find(tmp_path, "kallisto").values()) == [tmp_path / "S1" / "abundance.tsv"]


def test_a_folder_of_nothing_known_is_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    problems = Problems()

    assert detect(tmp_path, problems=problems) == []

    message = told(problems)
    for name in ("quant.sf", "abundance.tsv", "isoforms.results", "t_data.ctab", ".gct"):
        assert name in message
    assert "notes.txt" in message


def test_real_folders_are_told_for_what_they_are() -> None:
    root = shared_path("data", "quants")

    kinds = {
        name: [(one.kind, one.n_files) for one in detected(root / name)]
        for name in ("geuvadis6", "isa_hesc6", "ballgown20")
    }

    assert kinds == {
        "geuvadis6": [("kallisto", 6), ("salmon", 6)],
        "isa_hesc6": [("salmon", 6)],
        "ballgown20": [("ctab", 20), ("rsem", 1)],
    }


def test_the_order_of_samples_is_the_same_whatever_the_order_of_files(tmp_path: Path) -> None:
    for number in (3, 1, 2):
        write(tmp_path, "salmon", f"S{number}", as_text(rows_of("salmon", counts=[number] * 4)))

    found = read(tmp_path, "salmon")

    assert list(found.sample_ids) == ["S1", "S2", "S3"]
    assert found.counts[0].tolist() == [1, 2, 3]


def test_nothing_of_the_samples_asked_for_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "salmon", "S1")

    assert "none of the samples asked for (1): S1" in refusal(tmp_path, "salmon", only=["S9"])
