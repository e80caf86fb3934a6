"""The folder that quality control writes, and `isograph qc`."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from isograph.bundle import Bundle, save_bundle
from isograph.cli import main
from isograph.errors import OutputError
from isograph.quality import Quality, assess_quality, write_quality
from isograph.quality.tables import FLAGS, PAIRS, SAMPLES
from tests.quality.cohort import cohort, study, with_columns

FILES = {
    *("qc.html", "qc.json", "sample_quality.parquet", "flags.parquet", "similar_pairs.parquet"),
    *("sample_correlation.parquet", "components.parquet", "component_associations.parquet"),
    "column_pairs.parquet",
}


@pytest.fixture(scope="module")
def quality() -> Quality:
    return assess_quality(with_columns(cohort(1), dx=["a", "b"] * 20), study=study())


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_file_is_there_with_its_schema(quality: Quality, tmp_path: Path) -> None:
    page = write_quality(quality, tmp_path / "qc")
    assert page == tmp_path / "qc" / "qc.html"
    assert set(files_of(tmp_path / "qc")) == FILES
    for name, schema in (("sample_quality", SAMPLES), ("flags", FLAGS), ("column_pairs", PAIRS)):
        assert pq.read_schema(tmp_path / "qc" / f"{name}.parquet").equals(schema)
    r = pq.read_table(tmp_path / "qc" / "sample_correlation.parquet")
    assert r.column_names[1:] == r["sample_id"].to_pylist() == quality.samples["sample_id"].tolist()


def test_the_record_tells_thresholds_flags_and_what_was_not_told(
    quality: Quality, tmp_path: Path
) -> None:
    write_quality(quality, tmp_path / "qc")
    text = (tmp_path / "qc" / "qc.json").read_text(encoding="utf-8")
    record = json.loads(text)
    assert "NaN" not in text
    assert record["schema_version"] == "1"
    assert record["thresholds"]["robust_z"] == 3.5
    assert record["bundle"]["content_hash"] == quality.content_hash
    assert set(record["flag_counts"]) >= {"library_size", "sex", "duplicate"}
    assert "sex" in record["not_told"]
    assert record["content_hash"] == quality.result_hash


def test_the_same_cohort_gives_the_same_bytes(quality: Quality, tmp_path: Path) -> None:
    write_quality(quality, tmp_path / "one")
    again = assess_quality(with_columns(cohort(1), dx=["a", "b"] * 20), study=study())
    write_quality(again, tmp_path / "two")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_a_former_one_is_replaced_and_a_strangers_folder_is_not(
    quality: Quality, tmp_path: Path
) -> None:
    write_quality(quality, tmp_path / "qc")
    write_quality(quality, tmp_path / "qc")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match=r"thesis\.txt"):
        write_quality(quality, mine)
    assert (mine / "thesis.txt").exists()
    write_quality(quality, mine, overwrite=True)
    assert set(files_of(mine)) == FILES


def test_a_data_set_is_never_replaced(quality: Quality, tmp_path: Path) -> None:
    save_bundle(cohort(1), tmp_path / "bundle")
    with pytest.raises(OutputError, match="data set"):
        write_quality(quality, tmp_path / "bundle", overwrite=True)
    assert (tmp_path / "bundle" / "manifest.json").exists()


def test_the_command_writes_to_artifacts_and_tells_flags_and_warnings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    bundle = with_columns(cohort(1), dx=["a", "b"] * 20, batch=["x", "y"] * 20)
    bundle.matrices["gene_counts"][:, 3] //= 30
    save_bundle(bundle, Path("mine"))
    words = ["qc", "--dataset-path", "mine", "--traits", "dx", "--covariates", "~ batch"]
    assert main(words) == 0
    assert set(files_of(Path("artifacts/qc/mine"))) == FILES
    said = capsys.readouterr()
    assert "40 samples, 1 flagged (none dropped)" in said.out
    assert "small library" in said.out
    assert "dx cannot be told from batch" in said.out
    assert "artifacts/qc/mine/qc.html" in said.out
    assert "pictures and page" in said.err
    assert main([*words, "--quiet", "--out", "here"]) == 0
    assert capsys.readouterr() == ("", "")
    assert files_of(Path("here")) == files_of(Path("artifacts/qc/mine"))


def test_the_command_refuses_unknown_columns_before_it_writes(
    toy: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save_bundle(toy, Path("mine"))
    assert main(["qc", "--dataset-path", "mine", "--traits", "Nope"]) == 2
    assert "Nope" in capsys.readouterr().err
    assert not Path("artifacts").exists()
