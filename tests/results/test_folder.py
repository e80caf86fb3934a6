"""A fit folder: written whole or not at all, read back as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import isograph
from isograph.errors import OutputError
from isograph.files import hash_parts, hash_table
from isograph.results import TABLES
from isograph.results.model import Fit


def test_a_fit_comes_back_as_it_was(realistic_fit: Fit, tmp_path: Path) -> None:
    isograph.write_fit(realistic_fit, tmp_path / "fit")
    back = isograph.read_fit(tmp_path / "fit")
    assert back.content_hash == realistic_fit.content_hash
    assert all(back.tables[name].equals(realistic_fit.tables[name]) for name in TABLES)
    assert back.calibration == json.loads(json.dumps(realistic_fit.calibration))
    assert back.config["study"] == realistic_fit.config["study"]


def test_the_same_fit_gives_the_same_bytes(realistic_fit: Fit, tmp_path: Path) -> None:
    for name in ("a", "b"):
        isograph.write_fit(realistic_fit, tmp_path / name)
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_the_folder_records_hashes_of_its_tables(realistic_fit: Fit, tmp_path: Path) -> None:
    folder = isograph.write_fit(realistic_fit, tmp_path / "fit")
    config = json.loads((folder / "fit_config.json").read_text())
    assert config["content_hash"] == hash_parts(config["tables"])
    assert config["tables"]["edges"] == hash_table(realistic_fit.tables["edges"])


def test_a_former_fit_is_replaced(realistic_fit: Fit, tmp_path: Path) -> None:
    folder = isograph.write_fit(realistic_fit, tmp_path / "fit")
    (folder / "run.log").write_text("old")
    isograph.write_fit(realistic_fit, folder)
    assert (folder / "run.log").read_text() != "old"


def test_a_folder_with_other_files_is_refused_and_kept(realistic_fit: Fit, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(OutputError, match=r"holds files that no fit wrote \(1\): thesis.docx"):
        isograph.write_fit(realistic_fit, tmp_path)
    assert (tmp_path / "thesis.docx").read_text() == "years of work"


def test_notes_beside_a_former_fit_are_not_lost(realistic_fit: Fit, tmp_path: Path) -> None:
    folder = isograph.write_fit(realistic_fit, tmp_path / "fit")
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"notes\.txt"):
        isograph.write_fit(realistic_fit, folder)
    isograph.write_fit(realistic_fit, folder, overwrite=True)
    assert not (folder / "notes.txt").exists()


def test_the_current_folder_is_never_replaced(
    realistic_fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    with pytest.raises(OutputError, match="holds the current folder"):
        isograph.write_fit(realistic_fit, tmp_path, overwrite=True)


def test_a_failing_writer_leaves_the_old_fit(
    realistic_fit: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = isograph.write_fit(realistic_fit, tmp_path / "fit")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("isograph.results.folder.write_json", broken)
    with pytest.raises(OSError, match="disk full"):
        isograph.write_fit(realistic_fit, folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["fit"]


def test_reading_names_every_missing_or_broken_file(realistic_fit: Fit, tmp_path: Path) -> None:
    folder = isograph.write_fit(realistic_fit, tmp_path / "fit")
    (folder / "edges.parquet").unlink()
    (folder / "traits.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(OutputError, match=r"(?s)edges.parquet: is missing.*traits.parquet"):
        isograph.read_fit(folder)
