"""Writing bundles: nothing lost, the same bytes every time, and whole or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import textwrap
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isograph.bundle import Bundle, load_bundle, save_bundle
from isograph.bundle import save as save_module
from isograph.errors import BundleError, OutputError
from isograph.files import SCHEMA_VERSION
from tests.bundle.builder import SAMPLES, counts, files_of, small_bundle

# ---- nothing lost


def test_a_bundle_survives_a_round_trip(tmp_path: Path) -> None:
    bundle = small_bundle()
    loaded = load_bundle(save_bundle(bundle, tmp_path / "b"))
    assert loaded.content_hash == bundle.content_hash
    assert (loaded.name, loaded.suite, loaded.description) == (
        bundle.name,
        bundle.suite,
        bundle.description,
    )
    for kind, frame in bundle.tables.items():
        pd.testing.assert_frame_equal(loaded.tables[kind], frame)
    for assay, data in bundle.matrices.items():
        np.testing.assert_array_equal(loaded.matrices[assay], data)


def test_sample_columns_keep_their_types(tmp_path: Path) -> None:
    samples = load_bundle(save_bundle(small_bundle(), tmp_path / "b")).samples
    pd.testing.assert_frame_equal(samples, small_bundle().samples)


def test_schema_version_is_added_to_the_provenance(tmp_path: Path) -> None:
    loaded = load_bundle(save_bundle(small_bundle(), tmp_path / "b"))
    assert loaded.provenance == {
        "generator": "tests",
        "seed": "1",
        "schema_version": SCHEMA_VERSION,
    }


def test_manifest_has_the_keys_of_the_format_and_no_other(tmp_path: Path) -> None:
    save_bundle(small_bundle(), tmp_path / "b")
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text(encoding="utf-8"))
    assert list(manifest) == [
        "dataset_name",
        "suite_name",
        "description",
        "sample_table",
        "feature_tables",
        "matrices",
        "provenance",
        "truth_tables",
    ]
    assert manifest["description"] == "five transcripts — four samples"
    assert [entry["kind"] for entry in manifest["feature_tables"]] == ["gene", "transcript"]
    assert [entry["filename"] for entry in manifest["matrices"]] == [
        "transcript_counts.npz",
        "gene_counts.npz",
    ]


def test_tables_have_plain_types_and_no_pandas_metadata(tmp_path: Path) -> None:
    save_bundle(small_bundle(), tmp_path / "b")
    schema = pq.read_schema(tmp_path / "b" / "samples.parquet")
    assert schema.metadata is None
    assert [str(t) for t in schema.types] == [
        "string",
        "string",
        "double",
        "int64",
        "int64",
        "bool",
    ]
    assert pq.read_table(tmp_path / "b" / "samples.parquet")["Age"].null_count == 1


def test_matrices_record_their_ids_and_are_not_compressed(tmp_path: Path) -> None:
    save_bundle(small_bundle(), tmp_path / "b")
    path = tmp_path / "b" / "transcript_counts.npz"
    with np.load(path) as stored:
        assert sorted(stored.files) == ["data", "feature_ids", "sample_ids"]
        assert stored["feature_ids"].tolist() == ["T1", "T2", "T3", "T4", "T5"]
        assert stored["sample_ids"].tolist() == SAMPLES
    assert path.stat().st_size > counts().nbytes


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (np.full((5, 4), 3.0), np.int32),
        (np.full((5, 4), 2**31 - 1, dtype=np.int64), np.int32),
        (np.full((5, 4), 2**31, dtype=np.int64), np.float64),
        (np.full((5, 4), 0.5, dtype=np.float32), np.float64),
        (np.full((5, 4), 7, dtype=np.uint8), np.int32),
    ],
)
def test_whole_counts_are_stored_as_int32_where_they_fit(
    tmp_path: Path, data: Any, dtype: Any
) -> None:
    bundle = small_bundle(matrices={"transcript_counts": data})
    loaded = load_bundle(save_bundle(bundle, tmp_path / "b")).matrices["transcript_counts"]
    assert loaded.dtype == dtype
    np.testing.assert_array_equal(loaded, data)


def test_whole_psi_and_expression_stay_floats(tmp_path: Path) -> None:
    matrices = {"transcript_counts": counts(), "gene_expression": np.array([[1, 2, 3, 4]] * 3)}
    loaded = load_bundle(save_bundle(small_bundle(matrices=matrices), tmp_path / "b"))
    assert loaded.matrices["gene_expression"].dtype == np.float64


_TEXT = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\0")))
_NUMBER = st.one_of(st.just(np.nan), st.floats(allow_nan=False))
_WHOLE = st.integers(-(2**53), 2**53)


@settings(max_examples=30, deadline=None)
@given(
    text=st.lists(_TEXT, min_size=4, max_size=4),
    number=st.lists(_NUMBER, min_size=4, max_size=4),
    whole=st.lists(st.one_of(st.none(), _WHOLE), min_size=4, max_size=4),
    flag=st.lists(st.one_of(st.none(), st.booleans()), min_size=4, max_size=4),
)
def test_any_sample_column_survives(
    text: list[Any], number: list[float], whole: list[Any], flag: list[Any]
) -> None:
    samples = pd.DataFrame(
        {
            "sample_id": SAMPLES,
            "text": pd.Series(text, dtype=object),
            "number": number,
            "whole": pd.array(whole, dtype="Int64"),
            "flag": pd.array(flag, dtype="boolean"),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        loaded = load_bundle(save_bundle(small_bundle(samples=samples), Path(folder) / "b"))
    assert loaded.samples["text"].tolist() == text
    np.testing.assert_array_equal(loaded.samples["number"], number)
    assert loaded.samples["whole"].astype("Int64").equals(samples["whole"])
    assert loaded.samples["flag"].astype("boolean").equals(samples["flag"])


# ---- the same bytes


def test_the_same_bundle_gives_the_same_bytes(tmp_path: Path) -> None:
    first = files_of(save_bundle(small_bundle(), tmp_path / "first"))
    assert files_of(save_bundle(small_bundle(), tmp_path / "second")) == first


def test_archives_carry_no_time_of_writing(tmp_path: Path) -> None:
    save_bundle(small_bundle(), tmp_path / "b")
    with zipfile.ZipFile(tmp_path / "b" / "transcript_counts.npz") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_loaded_bundle_is_written_as_it_was(tmp_path: Path) -> None:
    first = save_bundle(small_bundle(), tmp_path / "first")
    second = save_bundle(load_bundle(first), tmp_path / "second")
    assert files_of(second) == files_of(first)


def test_bytes_do_not_depend_on_dtypes_or_on_the_order_of_parts(tmp_path: Path) -> None:
    whole = np.rint(counts())
    bundle = small_bundle(matrices={"transcript_counts": whole, "gene_counts": np.ones((3, 4))})
    other = small_bundle(
        tables={kind: bundle.tables[kind] for kind in reversed(list(bundle.tables))},
        matrices={
            "gene_counts": np.ones((3, 4), dtype=np.float32),
            "transcript_counts": np.asfortranarray(whole.astype(np.int64)),
        },
        provenance=dict(reversed(bundle.provenance.items())),
    )
    first = save_bundle(bundle, tmp_path / "first")
    assert files_of(save_bundle(other, tmp_path / "second")) == files_of(first)


# ---- whole or not at all


def test_parents_are_made(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "c"
    assert save_bundle(small_bundle(), target) == target
    assert load_bundle(target).name == "small"


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    save_bundle(small_bundle(), tmp_path / "b")
    assert load_bundle(tmp_path / "b").name == "small"


def test_an_existing_bundle_is_kept_unless_told(tmp_path: Path) -> None:
    save_bundle(small_bundle(), tmp_path / "b")
    before = files_of(tmp_path / "b")
    with pytest.raises(OutputError, match=r"b: exists and is not empty → .*overwrite"):
        save_bundle(small_bundle(name="other"), tmp_path / "b")
    assert files_of(tmp_path / "b") == before


def test_overwrite_replaces_the_whole_bundle(tmp_path: Path) -> None:
    save_bundle(small_bundle(), tmp_path / "b")
    tables = {"transcript": small_bundle().tables["transcript"]}
    matrices = {"transcript_counts": counts()}
    save_bundle(small_bundle(tables=tables, matrices=matrices), tmp_path / "b", overwrite=True)
    assert sorted(files_of(tmp_path / "b")) == [
        "manifest.json",
        "samples.parquet",
        "transcript_counts.npz",
        "transcripts.parquet",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize(
    ("filename", "text"), [("notes.txt", "mine"), ("manifest.json", '{"name": "a snapshot"}')]
)
def test_overwrite_spares_what_is_no_bundle(tmp_path: Path, filename: str, text: str) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / filename).write_text(text)
    with pytest.raises(OutputError, match="holds something that is no bundle"):
        save_bundle(small_bundle(), tmp_path / "b", overwrite=True)
    assert (tmp_path / "b" / filename).read_text() == text


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(OutputError, match="b: is not a folder"):
        save_bundle(small_bundle(), tmp_path / "b", overwrite=True)
    assert (tmp_path / "b").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        save_bundle(small_bundle(), tmp_path / "file" / "b")


def test_a_link_keeps_pointing_at_the_replaced_folder(tmp_path: Path) -> None:
    save_bundle(small_bundle(), tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    save_bundle(small_bundle(name="new"), tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert load_bundle(tmp_path / "real").name == "new"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, MemoryError])
def test_a_writer_that_fails_leaves_the_old_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    save_bundle(small_bundle(), tmp_path / "b")
    before = files_of(tmp_path / "b")

    def fail(*_: object) -> None:
        raise error("stop")

    monkeypatch.setattr(save_module, "write_matrix", fail)
    with pytest.raises((error, OutputError)):
        save_bundle(small_bundle(name="new"), tmp_path / "b", overwrite=True)
    assert files_of(tmp_path / "b") == before
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_killed_writer_leaves_the_old_bundle(tmp_path: Path) -> None:
    save_bundle(small_bundle(), tmp_path / "b")
    before = files_of(tmp_path / "b")
    script = """
        import os, sys
        from isograph.bundle import save
        from tests.bundle.builder import small_bundle
        save.write_matrix = lambda *_: os._exit(9)
        save.save_bundle(small_bundle(name="new"), sys.argv[1], overwrite=True)
    """
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "b")]
    assert subprocess.run(command, cwd=root, check=False).returncode == 9
    assert files_of(tmp_path / "b") == before
    assert load_bundle(tmp_path / "b").name == "small"


# ---- refused before anything is written


def refusal(bundle: Bundle, tmp_path: Path) -> str:
    with pytest.raises(BundleError) as caught:
        save_bundle(bundle, tmp_path / "b")
    assert list(tmp_path.iterdir()) == []
    return str(caught.value)


def test_a_bundle_in_memory_is_checked_like_one_on_disk(tmp_path: Path) -> None:
    tables = {
        "transcript": pd.DataFrame({"transcript_id": ["T1", "T1"], "gene_id": ["GA", "GX"]}),
        "gene": pd.DataFrame({"gene_id": ["GA"]}),
    }
    data = np.array([[1.0, np.nan, 2.0, 3.0], [1.0, 1.0, 1.0, -4.0]])
    text = refusal(small_bundle(tables=tables, matrices={"transcript_counts": data}), tmp_path)
    assert "transcripts.parquet: duplicate transcript_id (1): T1" in text
    assert "gene is missing from genes.parquet (1): T1 (gene GX)" in text
    assert "transcript_counts.npz: missing values (NaN) (1): T1 in S2" in text
    assert "transcript_counts.npz: negative values (1): T1 in S4 = -4.0" in text
    assert "nothing written" in text


def test_an_existing_bundle_survives_a_refused_one(tmp_path: Path) -> None:
    save_bundle(small_bundle(), tmp_path / "b")
    before = files_of(tmp_path / "b")
    bad = small_bundle(matrices={"transcript_counts": -counts()})
    with pytest.raises(BundleError):
        save_bundle(bad, tmp_path / "b", overwrite=True)
    assert files_of(tmp_path / "b") == before


@pytest.mark.parametrize(
    ("matrices", "message"),
    [
        ({"transcript_counts": np.ones(5)}, "is not 2-D (shape (5,))"),
        ({"transcript_counts": np.ones((5, 3))}, "has 3 columns, samples.parquet has 4 rows"),
        ({"transcript_counts": np.ones((5, 4), dtype=bool)}, "not numeric (dtype bool)"),
        ({"transcript_counts": np.full((5, 4), "1")}, "not numeric (dtype <U1)"),
        ({"transcript_counts": np.full((5, 4), None)}, "not numeric (dtype object)"),
        ({"tpm": np.ones((5, 4))}, "unknown assays (1): 'tpm'"),
        ({"psi": np.ones((5, 4))}, "matrix psi has no feature table of kind psi"),
        ({}, "matrices"),
    ],
)
def test_matrices_that_fit_nothing(tmp_path: Path, matrices: dict[str, Any], message: str) -> None:
    assert message in refusal(small_bundle(matrices=matrices), tmp_path)


def test_unknown_kind_of_table(tmp_path: Path) -> None:
    tables = {**small_bundle().tables, "exon": pd.DataFrame({"exon_id": ["E1"]})}
    assert "unknown value 'exon'" in refusal(small_bundle(tables=tables), tmp_path)


def test_columns_that_mix_types(tmp_path: Path) -> None:
    samples = small_bundle().samples.assign(Dx=["a", 1, True, None])
    text = refusal(small_bundle(samples=samples), tmp_path)
    assert "samples.parquet: columns that mix types (1): Dx" in text


def test_provenance_that_is_no_text(tmp_path: Path) -> None:
    assert "provenance.seed" in refusal(small_bundle(provenance={"seed": 7}), tmp_path)


# ---- speed


def test_a_large_bundle_loads_quickly(tmp_path: Path) -> None:
    n_transcripts, n_samples = 30_000, 240
    rng = np.random.default_rng(3)
    number = np.arange(n_transcripts)
    genes = pd.Series(number // 3).map("ENSG{:011d}".format)
    bundle = Bundle(
        name="large",
        suite="tests",
        description="",
        samples=pd.DataFrame({"sample_id": [f"S{i}" for i in range(n_samples)]}),
        tables={
            "transcript": pd.DataFrame(
                {"transcript_id": pd.Series(number).map("ENST{:011d}".format), "gene_id": genes}
            ),
            "gene": pd.DataFrame({"gene_id": genes.unique()}),
        },
        matrices={"transcript_counts": rng.random((n_transcripts, n_samples))},
    )
    save_bundle(bundle, tmp_path / "b")
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        load_bundle(tmp_path / "b")
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.8
