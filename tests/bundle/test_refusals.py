"""Everything that loading must refuse: the file, how many, which, and what to do."""

from __future__ import annotations

import io
import json
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isograph.bundle import load_bundle, validate_bundle
from isograph.errors import BundleError
from tests.bundle.builder import GENES, GENES_OF, SAMPLES, TRANSCRIPTS, Folder, counts


def refusal(folder: Folder) -> str:
    """The lines of the error that loading raises, less its headline."""
    with pytest.raises(BundleError) as caught:
        load_bundle(folder.path)
    assert tuple(caught.value.problems) == validate_bundle(folder.path)
    headline, _, rest = str(caught.value).partition("\n")
    assert str(folder.path) in headline
    return rest


def only(folder: Folder) -> str:
    """The one line of the error, for input with one thing wrong."""
    lines = refusal(folder).splitlines()
    assert len(lines) == 1, lines
    return lines[0].removeprefix("  - ")


def test_a_good_folder_has_no_problem(folder: Folder) -> None:
    assert validate_bundle(folder.path) == ()


# ---- folder and manifest


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"nowhere: no such folder → give the folder"):
        load_bundle(tmp_path / "nowhere")


def test_file_instead_of_folder(tmp_path: Path) -> None:
    file = tmp_path / "bundle.zip"
    file.write_bytes(b"")
    with pytest.raises(BundleError, match=r"bundle\.zip: is a file; a bundle is a folder"):
        load_bundle(file)


def test_missing_manifest(folder: Folder) -> None:
    (folder.path / "manifest.json").unlink()
    assert only(folder).startswith("manifest.json: is missing →")


@pytest.mark.parametrize("text", ['{"dataset_name": "x"', "", "not json", "[" * 100_000])
def test_manifest_that_is_not_json(folder: Folder, text: str) -> None:
    (folder.path / "manifest.json").write_text(text)
    assert only(folder).startswith("manifest.json: is truncated or not JSON")


def test_manifest_that_is_not_utf8(folder: Folder) -> None:
    (folder.path / "manifest.json").write_bytes(b'{"dataset_name": "\xff"}')
    assert only(folder).startswith("manifest.json: is truncated or not JSON")


def test_manifest_that_is_no_object(folder: Folder) -> None:
    folder.write_manifest(["samples.parquet"])
    assert only(folder).startswith("manifest.json: holds no JSON object")


def test_unknown_manifest_keys_are_counted_and_named(folder: Folder) -> None:
    folder.edit(lambda m: m.update(schema_version="1", extra=1))
    folder.edit(lambda m: m["matrices"][0].update(dtype="int32"))
    line = only(folder)
    assert line.startswith("manifest.json: unknown keys (3): ")
    for key in ("schema_version", "extra", "matrices.0.dtype"):
        assert key in line
    assert "→ remove them" in line


def test_unknown_keys_do_not_hide_problems_of_files(folder: Folder) -> None:
    folder.edit(lambda m: m.update(extra=1))
    (folder.path / "psi.npz").unlink()
    text = refusal(folder)
    assert "unknown keys (1): extra" in text
    assert "psi.npz: is missing" in text


@pytest.mark.parametrize(
    "key",
    [
        "dataset_name",
        "suite_name",
        "description",
        "sample_table",
        "feature_tables",
        "matrices",
        "provenance",
    ],
)
def test_missing_manifest_key(folder: Folder, key: str) -> None:
    folder.edit(lambda m: m.pop(key))
    assert only(folder).startswith(f"manifest.json: {key}: key is missing")


def test_unknown_kind_of_table(folder: Folder) -> None:
    folder.edit(lambda m: m["feature_tables"][1].update(kind="exon"))
    line = only(folder)
    assert line.startswith("manifest.json: feature_tables.1.kind: unknown value 'exon'")
    assert "'junction'" in line


def test_unknown_encoding(folder: Folder) -> None:
    folder.edit(lambda m: m["matrices"][2].update(encoding="sparse_npz"))
    line = only(folder)
    assert line.startswith("manifest.json: matrices.2.encoding: unknown value 'sparse_npz'")
    assert "dense_npz" in line


def test_unknown_assay(folder: Folder) -> None:
    folder.edit(lambda m: m["matrices"][2].update(assay_name="tpm"))
    line = only(folder)
    assert line.startswith("manifest.json: matrices: unknown assays (1): 'tpm' → use one of")
    assert "transcript_counts" in line


@pytest.mark.parametrize("key", ["feature_tables", "matrices"])
def test_no_table_or_no_matrix(folder: Folder, key: str) -> None:
    folder.edit(lambda m: m.update({key: []}))
    assert only(folder).startswith(f"manifest.json: {key}: ")


@pytest.mark.parametrize("value", ["5", 5.5, -1, True, None])
def test_number_of_rows_that_is_no_count(folder: Folder, value: Any) -> None:
    folder.edit(lambda m: m["feature_tables"][0].update(n_rows=value))
    assert only(folder).startswith("manifest.json: feature_tables.0.n_rows: ")


def test_provenance_is_string_to_string(folder: Folder) -> None:
    folder.edit(lambda m: m["provenance"].update(seed=7))
    assert only(folder).startswith("manifest.json: provenance.seed: ")


def test_kind_listed_twice(folder: Folder) -> None:
    folder.add_table("gene", "more_genes.parquet", {"gene_id": GENES})
    line = only(folder)
    assert line.startswith("manifest.json: feature_tables: kinds listed more than once (1): gene")


def test_assay_listed_twice(folder: Folder) -> None:
    folder.matrix("again.npz", data=counts())
    folder.edit(lambda m: m["matrices"].append({**m["matrices"][0], "filename": "again.npz"}))
    line = only(folder)
    assert line.startswith("manifest.json: matrices: assays listed more than once (1): transc")


def test_one_file_for_two_things(folder: Folder) -> None:
    folder.edit(lambda m: m["feature_tables"][2].update(filename="./genes.parquet"))
    text = refusal(folder)
    assert "file names listed for more than one thing (1): genes.parquet" in text


def test_truth_table_without_kind(folder: Folder) -> None:
    folder.table("truth_modules.parquet", {"gene_id": GENES, "module_id": ["a", "a", "b"]})
    folder.edit(lambda m: m["truth_tables"].append("truth_modules.parquet"))
    line = only(folder)
    assert "feature_tables does not list as truth (1): truth_modules.parquet" in line
    assert "truth_module" in line.partition("→")[2]


def test_matrix_without_its_table(folder: Folder) -> None:
    folder.edit(lambda m: m["feature_tables"].pop(2))
    line = only(folder)
    assert line.startswith("manifest.json: matrices: matrix psi has no feature table of kind psi")


# ---- files


def test_missing_files(folder: Folder) -> None:
    (folder.path / "genes.parquet").unlink()
    (folder.path / "psi.npz").unlink()
    text = refusal(folder)
    assert "genes.parquet: is missing" in text
    assert "psi.npz: is missing" in text


def test_folder_in_place_of_a_file(folder: Folder) -> None:
    (folder.path / "psi.npz").unlink()
    (folder.path / "psi.npz").mkdir()
    assert only(folder).startswith("psi.npz: is not an ordinary file")


@pytest.mark.parametrize(
    "name", ["../genes.parquet", "sub/../../genes.parquet", "..\\genes.parquet"]
)
def test_file_name_that_climbs_out(folder: Folder, name: str) -> None:
    folder.path.joinpath("genes.parquet").rename(folder.path.parent / "genes.parquet")
    folder.edit(lambda m: m["feature_tables"][1].update(filename=name))
    line = only(folder)
    assert line.startswith("manifest.json: file name leaves the bundle folder (1): ")
    assert repr(name) in line


@pytest.mark.parametrize("windows", [False, True])
def test_absolute_file_name(folder: Folder, windows: bool) -> None:
    name = "C:\\genes.parquet" if windows else str(folder.path / "genes.parquet")
    folder.edit(lambda m: m["feature_tables"][1].update(filename=name))
    assert "file name leaves the bundle folder (1)" in only(folder)


def test_empty_file_name(folder: Folder) -> None:
    folder.edit(lambda m: m.update(sample_table=""))
    assert "file name leaves the bundle folder (1): ''" in only(folder)


@pytest.mark.parametrize("filename", ["genes.parquet", "psi.npz", "manifest.json"])
def test_link_to_a_file_outside(folder: Folder, filename: str) -> None:
    outside = folder.path.parent / filename
    (folder.path / filename).rename(outside)
    (folder.path / filename).symlink_to(outside)
    line = only(folder)
    assert line.startswith("manifest.json: link leads out of the bundle folder (1): ")
    assert filename in line


def test_folder_that_links_outside(folder: Folder) -> None:
    outside = folder.path.parent / "outside"
    outside.mkdir()
    (folder.path / "psi.npz").rename(outside / "psi.npz")
    (folder.path / "sub").symlink_to(outside)
    folder.edit(lambda m: m["matrices"][2].update(filename="sub/psi.npz"))
    assert "link leads out of the bundle folder (1): 'sub/psi.npz'" in only(folder)


def test_link_that_goes_in_circles(folder: Folder) -> None:
    (folder.path / "psi.npz").unlink()
    (folder.path / "psi.npz").symlink_to("psi.npz")
    assert "psi.npz" in only(folder)


def test_truncated_parquet(folder: Folder) -> None:
    path = folder.path / "genes.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    assert only(folder).startswith("genes.parquet: is damaged or not parquet")


def test_parquet_with_text_that_is_not_utf8(folder: Folder) -> None:
    ids = pa.array([b"GB", b"\xff\xfe", b"GC"], pa.binary())
    broken = pa.Array.from_buffers(pa.string(), 3, ids.buffers())
    pq.write_table(pa.table({"gene_id": broken}), folder.path / "genes.parquet")
    assert only(folder).startswith("genes.parquet: is damaged or not parquet")


@pytest.mark.parametrize("content", [b"", b"gene_id\nGA\n"])
def test_file_that_is_not_parquet(folder: Folder, content: bytes) -> None:
    (folder.path / "samples.parquet").write_bytes(content)
    assert only(folder).startswith("samples.parquet: is damaged or not parquet")


def test_truncated_npz(folder: Folder) -> None:
    path = folder.path / "transcript_counts.npz"
    path.write_bytes(path.read_bytes()[:-30])
    assert only(folder).startswith("transcript_counts.npz: is truncated or not an npz archive")


def test_npz_with_a_flipped_byte(folder: Folder) -> None:
    path = folder.path / "transcript_counts.npz"
    damaged = bytearray(path.read_bytes())
    at = damaged.find(counts()[1].tobytes())
    damaged[at] ^= 1
    path.write_bytes(damaged)
    assert only(folder).startswith("transcript_counts.npz: is truncated or not an npz archive")


def test_plain_npy_in_place_of_npz(folder: Folder) -> None:
    with (folder.path / "psi.npz").open("wb") as handle:
        np.save(handle, np.full((3, 4), 0.25))
    assert only(folder).startswith("psi.npz: is truncated or not an npz archive")


def test_header_that_claims_more_than_is_stored(folder: Folder) -> None:
    # read_array would try to make an array of this size
    header = io.BytesIO()
    claim = {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**6)}
    np.lib.format.write_array_header_1_0(header, claim)
    with zipfile.ZipFile(folder.path / "psi.npz", "w") as archive:
        archive.writestr("data.npy", header.getvalue() + bytes(96))
    assert only(folder).startswith("psi.npz: array `data` is truncated or damaged")


def test_npz_without_the_key_data(folder: Folder) -> None:
    folder.matrix("psi.npz", psi=np.full((3, 4), 0.25))
    line = only(folder)
    assert line.startswith("psi.npz: holds no array `data`: psi →")


def test_pickled_array_is_never_loaded(folder: Folder, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "boom",))

    folder.matrix("psi.npz", data=np.array([[Bomb()] * 4] * 3, dtype=object))
    line = only(folder)
    assert line.startswith("psi.npz: array `data` is pickled and is never loaded →")
    assert not (tmp_path / "boom").exists()


def test_bare_pickle_is_never_loaded(folder: Folder, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "boom",))

    (folder.path / "psi.npz").write_bytes(pickle.dumps(Bomb()))
    assert only(folder).startswith("psi.npz: is truncated or not an npz archive")
    assert not (tmp_path / "boom").exists()


def test_pickled_ids(folder: Folder) -> None:
    ids = np.array(["P1", "P2", "P3"], dtype=object)
    folder.matrix("psi.npz", data=np.full((3, 4), 0.25), feature_ids=ids)
    assert only(folder).startswith("psi.npz: array `feature_ids` is pickled")


# ---- shapes


@pytest.mark.parametrize("shape", [(12,), (3, 4, 1), ()])
def test_array_that_is_not_2d(folder: Folder, shape: tuple[int, ...]) -> None:
    folder.matrix("psi.npz", data=np.full(shape, 0.25))
    line = only(folder)
    assert line.startswith(f"psi.npz: array `data` is not 2-D (shape {shape})")


@pytest.mark.parametrize("dtype", [bool, complex, "<U3", "S3", "datetime64[s]"])
def test_array_that_is_not_numeric(folder: Folder, dtype: Any) -> None:
    folder.matrix("psi.npz", data=np.zeros((3, 4), dtype=dtype))
    assert only(folder).startswith("psi.npz: array `data` is not numeric (dtype ")


def test_structured_array(folder: Folder) -> None:
    folder.matrix("psi.npz", data=np.zeros((3, 4), dtype=[("a", "f8")]))
    assert only(folder).startswith("psi.npz: array `data` is not numeric")


def test_rows_that_disagree_with_the_manifest(folder: Folder) -> None:
    folder.edit(lambda m: m["feature_tables"][1].update(n_rows=4))
    assert only(folder).startswith("genes.parquet: has 3 rows, manifest.json says 4")


def test_shape_that_disagrees_with_the_manifest(folder: Folder) -> None:
    folder.edit(lambda m: m["matrices"][0].update(n_features=4))
    line = only(folder)
    assert line.startswith("transcript_counts.npz: has shape (5, 4), manifest.json says (4, 4)")


def test_rows_that_disagree_with_the_table(folder: Folder) -> None:
    folder.matrix("transcript_counts.npz", data=counts()[:4])
    folder.edit(lambda m: m["matrices"][0].update(n_features=4))
    line = only(folder)
    assert line.startswith("transcript_counts.npz: has 4 rows, transcripts.parquet has 5 rows")


def test_columns_that_disagree_with_the_samples(folder: Folder) -> None:
    folder.matrix("transcript_counts.npz", data=counts()[:, :3])
    folder.edit(lambda m: m["matrices"][0].update(n_samples=3))
    line = only(folder)
    assert line.startswith("transcript_counts.npz: has 3 columns, samples.parquet has 4 rows")


def test_transposed_matrix_names_both_sides(folder: Folder) -> None:
    folder.matrix("transcript_counts.npz", data=counts().T)
    text = refusal(folder)
    assert "has 4 rows, transcripts.parquet has 5 rows" in text
    assert "has 5 columns, samples.parquet has 4 rows" in text


def test_no_samples(folder: Folder) -> None:
    folder.table("samples.parquet", {"sample_id": pd.Series([], dtype=object)})
    assert "samples.parquet: holds no samples" in refusal(folder)


# ---- ids


@pytest.mark.parametrize(
    ("filename", "column", "values"),
    [
        ("samples.parquet", "sample_id", ["S1", "S2", "S1", "S2"]),
        ("transcripts.parquet", "transcript_id", ["T1", "T1", "T2", "T2", "T2"]),
        ("genes.parquet", "gene_id", ["GA", "GA", "GB"]),
        ("psi.parquet", "psi_uid", ["P", "P", "P"]),
    ],
)
def test_duplicate_ids(folder: Folder, filename: str, column: str, values: list[str]) -> None:
    frame = pd.read_parquet(folder.path / filename).assign(**{column: values})
    frame.to_parquet(folder.path / filename)
    repeated = sorted({v for v in values if values.count(v) > 1})
    expected = f"{filename}: duplicate {column} ({len(repeated)}): {', '.join(repeated)} →"
    assert expected in refusal(folder)


@pytest.mark.parametrize("missing", [None, ""])
@pytest.mark.parametrize(
    ("filename", "column"),
    [
        ("samples.parquet", "sample_id"),
        ("transcripts.parquet", "transcript_id"),
        ("transcripts.parquet", "gene_id"),
        ("genes.parquet", "gene_id"),
        ("psi.parquet", "psi_uid"),
    ],
)
def test_null_ids(folder: Folder, filename: str, column: str, missing: str | None) -> None:
    frame = pd.read_parquet(folder.path / filename)
    frame.loc[1:2, column] = missing
    frame.to_parquet(folder.path / filename)
    assert f"{filename}: null or empty {column} (2): row 2, row 3 →" in refusal(folder)


@pytest.mark.parametrize(
    ("filename", "column"),
    [
        ("samples.parquet", "sample_id"),
        ("transcripts.parquet", "gene_id"),
        ("genes.parquet", "gene_id"),
    ],
)
def test_missing_columns(folder: Folder, filename: str, column: str) -> None:
    frame = pd.read_parquet(folder.path / filename).rename(columns={column: "name"})
    frame.to_parquet(folder.path / filename)
    line = only(folder)
    assert line.startswith(f"{filename}: required columns are missing (1): {column} →")
    assert "name" in line.partition("→")[2]


def test_transcripts_whose_gene_is_unknown(folder: Folder) -> None:
    folder.table(
        "transcripts.parquet",
        {"transcript_id": TRANSCRIPTS, "gene_id": ["GB", "GX", "GY", "GX", "GX"]},
    )
    line = only(folder)
    assert line.startswith(
        "transcripts.parquet: transcripts whose gene is missing from genes.parquet (4): "
        "T2 (gene GX), T3 (gene GY), T4 (gene GX), …"
    )


def test_recorded_feature_ids_that_disagree(folder: Folder) -> None:
    other = np.array(["T1", "T2", "X3", "T4", "X5"])
    folder.matrix("transcript_counts.npz", data=counts(), feature_ids=other)
    line = only(folder)
    assert line.startswith(
        "transcript_counts.npz: recorded feature_ids disagree with transcripts.parquet (2): "
        "row 3 is X3 here, T3 there, row 5 is X5 here, T5 there"
    )


def test_recorded_sample_ids_in_another_order(folder: Folder) -> None:
    folder.matrix("transcript_counts.npz", data=counts(), sample_ids=np.array(SAMPLES[::-1]))
    line = only(folder)
    assert "recorded sample_ids disagree with samples.parquet (4)" in line
    assert "→ bring samples.parquet into the order of the matrix" in line


def test_recorded_ids_of_another_number(folder: Folder) -> None:
    folder.matrix("transcript_counts.npz", data=counts(), feature_ids=np.array(["T1", "T2"]))
    assert only(folder).startswith(
        "transcript_counts.npz: records 2 feature_ids, transcripts.parquet has 5"
    )


def test_recorded_ids_that_are_no_text(folder: Folder) -> None:
    folder.matrix("transcript_counts.npz", data=counts(), feature_ids=np.arange(5))
    assert only(folder).startswith("transcript_counts.npz: array `feature_ids` is not a list of")


# ---- values


def test_missing_counts(folder: Folder) -> None:
    data = counts()
    data[0, :2] = np.nan
    data[4] = np.nan
    folder.matrix("transcript_counts.npz", data=data)
    assert only(folder).startswith(
        "transcript_counts.npz: missing values (NaN) (6): "
        "T1 in S1 = nan, T1 in S2 = nan, T5 in S1 = nan, … →"
    )


def test_infinite_counts(folder: Folder) -> None:
    data = counts()
    data[1, 1] = np.inf
    data[2, 2] = -np.inf
    folder.matrix("transcript_counts.npz", data=data)
    assert only(folder).startswith(
        "transcript_counts.npz: infinite values (2): T2 in S2 = inf, T3 in S3 = -inf →"
    )


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_negative_counts(folder: Folder, dtype: Any) -> None:
    data = np.ones((5, 4), dtype=dtype)
    data[3, 1] = -2
    folder.matrix("transcript_counts.npz", data=data)
    line = only(folder)
    assert re.match(r"transcript_counts\.npz: negative values \(1\): T4 in S2 = -2(\.0)? →", line)


def test_psi_outside_its_range(folder: Folder) -> None:
    data = np.full((3, 4), 0.5)
    data[0, 0], data[1, 2] = -0.1, 75.0
    folder.matrix("psi.npz", data=data)
    text = refusal(folder)
    assert "psi.npz: negative values (1): P1 in S1 = -0.1 →" in text
    assert "psi.npz: values above 1 (1): P2 in S3 = 75.0 → give shares" in text


def test_missing_psi(folder: Folder) -> None:
    data = np.full((3, 4), 0.5)
    data[2, 3] = np.nan
    folder.matrix("psi.npz", data=data)
    assert only(folder).startswith("psi.npz: missing values (NaN) (1): P3 in S4 = nan")


def test_infinite_expression(folder: Folder) -> None:
    data = np.full((3, 4), -2.5)
    data[0, 0], data[1, 1] = np.nan, np.inf
    folder.matrix("gene_counts.npz", data=data)
    folder.edit(lambda m: m["matrices"][1].update(assay_name="gene_expression"))
    assert only(folder).startswith("gene_counts.npz: infinite values (1): GA in S2 = inf")


def test_unknown_truth_role(folder: Folder) -> None:
    columns = {
        "gene_id": GENES,
        "module_id": ["1", None, "1"],
        "truth_role": ["both", "background", None],
    }
    folder.add_table("truth_channel_role", "truth_channel_role.parquet", columns, truth=True)
    line = only(folder)
    assert line.startswith("truth_channel_role.parquet: unknown truth_role (2): 'both', None →")


def test_truth_module_without_module(folder: Folder) -> None:
    columns = {"gene_id": GENES, "module_id": ["1", None, "1"]}
    folder.add_table("truth_module", "truth_modules.parquet", columns, truth=True)
    line = only(folder)
    assert line.startswith("truth_modules.parquet: null or empty module_id (1): row 2")


def test_length_that_is_text(folder: Folder) -> None:
    columns = {"transcript_id": TRANSCRIPTS, "gene_id": GENES_OF, "length": ["1 kb"] * 5}
    folder.table("transcripts.parquet", columns)
    assert only(folder).startswith("transcripts.parquet: column length is not numeric")


@pytest.mark.parametrize("values", [["yes"] * 5, [0, 1, 2, 0, 1]])
def test_reference_flag_that_is_no_flag(folder: Folder, values: list[Any]) -> None:
    columns = {"transcript_id": TRANSCRIPTS, "gene_id": GENES_OF, "is_reference": values}
    folder.table("transcripts.parquet", columns)
    assert only(folder).startswith("transcripts.parquet: column is_reference is neither")


def test_nested_and_binary_columns(folder: Folder) -> None:
    folder.table("genes.parquet", {"gene_id": GENES, "exons": [[1]] * 3, "raw": [b"x"] * 3})
    line = only(folder)
    assert line.startswith("genes.parquet: columns that are neither numbers, flags nor text (2): ")
    assert "exons (list<" in line
    assert "raw (binary)" in line


def test_columns_with_one_name(folder: Folder) -> None:
    ids = pa.array(GENES)
    pq.write_table(pa.table([ids, ids], names=["gene_id"] * 2), folder.path / "genes.parquet")
    assert only(folder).startswith("genes.parquet: columns with the same name (1): gene_id")


def test_every_problem_is_listed_at_once(folder: Folder) -> None:
    folder.edit(lambda m: m.update(extra=1))
    folder.table("samples.parquet", {"sample_id": ["S1", "S1", None, "S4"]})
    folder.matrix("transcript_counts.npz", data=-counts()[:4])
    (folder.path / "psi.parquet").write_bytes(b"PAR1")
    (folder.path / "genes.parquet").unlink()
    problems = validate_bundle(folder.path)
    assert {problem.where for problem in problems} == {
        "manifest.json",
        "samples.parquet",
        "transcript_counts.npz",
        "psi.parquet",
        "genes.parquet",
    }
    assert len(problems) == 8
    assert all(problem.fix or problem.count for problem in problems)


def test_messages_survive_json_round_trip_of_odd_names(folder: Folder) -> None:
    folder.edit(lambda m: m["feature_tables"][1].update(filename="gènes\n.parquet"))
    manifest = json.loads((folder.path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["feature_tables"][1]["filename"] in refusal(folder)
