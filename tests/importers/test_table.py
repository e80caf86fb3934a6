"""Tables of counts or expression to bundles."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isograph.bundle import Bundle, load_bundle, save_bundle
from isograph.errors import ImportDataError
from isograph.files import sha256_file
from isograph.importers.options import ImportOptions
from isograph.importers.tables.table import import_table
from tests.shared_data import shared_path

KINDS = ["parquet", "tsv", "csv", "txt", "tsv.gz", "csv.gz"]


def write(frame: pd.DataFrame, path: Path) -> Path:
    """Write a table as its file name says."""
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, sep="," if ".csv" in path.name else "\t", index=False)
    return path


def tables() -> dict[str, pd.DataFrame]:
    """Counts, transcripts and samples; the last two in another order than the first."""
    counts = pd.DataFrame(
        {
            "transcript_id": ["T3", "T1", "T2", "T4"],
            "S2": [0.1, 1.25, 3.0, 0.0],
            "S1": [2.0, 0.3, 1e-7, 12345678.875],
            "S3": [5.0, 6.0, 7.0, 8.0],
        }
    )
    transcripts = pd.DataFrame(
        {
            "transcript_id": ["T1", "T2", "T3", "T4", "T9"],
            "gene_id": ["GB", "GA", "GB", "GA", "GZ"],
            "gene_name": ["beta", "alpha", "beta", None, None],
            "length": [100, 200, 300, 400, 500],
        }
    )
    samples = pd.DataFrame(
        {
            "sample_id": ["S1", "S2", "S3"],
            "Dx": ["case", None, "control"],
            "Age": [40.5, 50.25, np.nan],
            "batch": [1, 2, 2],
            "smoker": [True, False, True],
        }
    )
    return {"counts": counts, "transcripts": transcripts, "samples": samples}


Imported = Callable[..., Bundle]


def plain_bundle(*, name: str, samples: Path | str, **tables: Any) -> Bundle:
    """The bundle of plain tables."""
    return import_table(name=name, options=ImportOptions(samples=Path(samples)), **tables).bundle


@pytest.fixture
def imported(tmp_path: Path) -> Imported:
    """Write the tables, some replaced by the test, and import them."""

    def run(kind: str = "tsv", **changes: pd.DataFrame) -> Bundle:
        paths = {
            role: write(frame, tmp_path / f"{role}.{kind}")
            for role, frame in {**tables(), **changes}.items()
        }
        return plain_bundle(name="test", **paths)

    return run


def write_text(folder: Path, role: str, text: str) -> dict[str, Path]:
    """The three files, one of them with this text."""
    paths = {name: write(frame, folder / f"{name}.csv") for name, frame in tables().items()}
    paths[role].write_text(text, encoding="utf-8")
    return paths


def refusal(run: Callable[[], object]) -> str:
    """The lines of the error that an import raises, less its headline."""
    with pytest.raises(ImportDataError) as caught:
        run()
    return str(caught.value).partition("\n")[2]


# ---- what is read


@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_read_exactly(imported: Imported, kind: str) -> None:
    bundle = imported(kind)
    expected = tables()["counts"].iloc[:, 1:].to_numpy()
    np.testing.assert_array_equal(bundle.matrices["transcript_counts"], expected)
    assert bundle.sample_ids.tolist() == ["S2", "S1", "S3"]
    assert bundle.tables["transcript"]["transcript_id"].tolist() == ["T3", "T1", "T2", "T4"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_the_same_bundle(imported: Imported, kind: str) -> None:
    assert imported(kind).content_hash == imported("parquet").content_hash


def test_tables_are_aligned_to_the_counts(imported: Imported) -> None:
    bundle = imported()
    transcripts = bundle.tables["transcript"]
    assert transcripts["gene_id"].tolist() == ["GB", "GB", "GA", "GA"]
    assert transcripts["length"].tolist() == [300, 100, 200, 400]
    assert bundle.samples["batch"].tolist() == [2, 1, 2]


def test_lengths_of_a_table_are_what_usage_divides_by(imported: Imported) -> None:
    assert imported().tables["transcript"]["effective_length"].tolist() == [300, 100, 200, 400]
    known = tables()["transcripts"].assign(effective_length=7.0)
    assert set(imported(transcripts=known).tables["transcript"]["effective_length"]) == {7}
    none = tables()["transcripts"].drop(columns="length")
    assert "effective_length" not in imported(transcripts=none).tables["transcript"]


def test_genes_are_derived_and_summed(imported: Imported) -> None:
    bundle = imported()
    counts = bundle.matrices["transcript_counts"]
    assert bundle.tables["gene"]["gene_id"].tolist() == ["GA", "GB"]
    expected = np.array([counts[2] + counts[3], counts[0] + counts[1]])
    np.testing.assert_allclose(bundle.matrices["gene_counts"], expected, rtol=1e-15)


def test_a_gene_name_is_taken_where_transcripts_agree(imported: Imported) -> None:
    transcripts = tables()["transcripts"]
    assert imported().tables["gene"]["gene_name"].tolist() == ["alpha", "beta"]
    transcripts["gene_name"] = ["beta", "alpha", "BETA", "alpha", "zeta"]
    assert imported(transcripts=transcripts).tables["gene"]["gene_name"].tolist() == ["alpha", None]


@pytest.mark.parametrize("kind", KINDS)
def test_sample_columns_keep_their_types(imported: Imported, kind: str) -> None:
    samples = imported(kind).samples
    assert samples["Dx"].tolist() == [None, "case", "control"]
    assert samples["Age"].dtype == np.float64
    assert samples["batch"].dtype == np.int64
    assert samples["smoker"].dtype == np.bool_


@pytest.mark.parametrize("kind", ["csv", "tsv"])
def test_ids_with_leading_zeros_stay_text(imported: Imported, kind: str) -> None:
    ids = ["007", "08", "1e5", "12"]
    counts = (
        tables()["counts"]
        .assign(transcript_id=ids)
        .set_axis(["transcript_id", "01", "1.0", "1"], axis=1)
    )
    transcripts = tables()["transcripts"].assign(
        transcript_id=[*ids, "9"], gene_id=["0010", "0010", "0100", "0100", "0"]
    )
    samples = tables()["samples"].assign(sample_id=["1", "1.0", "01"], donor=["001", "002", "010"])
    bundle = imported(kind, counts=counts, transcripts=transcripts, samples=samples)
    assert bundle.sample_ids.tolist() == ["01", "1.0", "1"]
    assert bundle.tables["transcript"]["transcript_id"].tolist() == ids
    assert bundle.tables["gene"]["gene_id"].tolist() == ["0010", "0100"]
    assert bundle.samples["donor"].tolist() == ["010", "002", "001"]


def test_none_is_a_level_and_na_is_missing(imported: Imported) -> None:
    samples = tables()["samples"].assign(drug=["None", "NA", "aspirin"])
    assert imported(samples=samples).samples["drug"].tolist() == [None, "None", "aspirin"]


def test_whole_numbers_with_gaps_stay_whole(imported: Imported) -> None:
    samples = tables()["samples"].assign(visit=["3", "", "4"])
    visit = imported(samples=samples).samples["visit"]
    assert visit.dtype == pd.Int64Dtype()
    assert visit.isna().tolist() == [True, False, False]


def test_other_columns_of_transcripts_are_kept(imported: Imported) -> None:
    transcripts = tables()["transcripts"].assign(is_reference=[True, False, False, True, True])
    kept = imported(transcripts=transcripts).tables["transcript"]["is_reference"]
    assert kept.tolist() == [False, True, False, True]


def test_transcripts_in_the_table_only_are_ignored_and_counted(imported: Imported) -> None:
    bundle = imported()
    assert bundle.provenance["transcripts_ignored"] == "1"
    assert "GZ" not in bundle.tables["gene"]["gene_id"].tolist()


def test_ignored_rows_may_hold_anything(imported: Imported) -> None:
    extra = pd.DataFrame({"transcript_id": ["T8", "T8", None], "gene_id": [None, "G", "G"]})
    transcripts = pd.concat([tables()["transcripts"], extra], ignore_index=True)
    assert imported(transcripts=transcripts).provenance["transcripts_ignored"] == "4"


def test_provenance_names_the_sources_without_their_folders(
    imported: Imported, tmp_path: Path
) -> None:
    provenance = imported().provenance
    assert provenance["importer"] == "isograph.importers.tables.table"
    assert provenance["importer_version"]
    for role in ("counts", "transcripts", "samples"):
        assert provenance[f"{role}_file"] == f"{role}.tsv"
        assert provenance[f"{role}_sha256"] == sha256_file(tmp_path / f"{role}.tsv")
    assert not any(str(tmp_path) in value for value in provenance.values())


def test_an_import_can_be_saved_and_loaded(imported: Imported, tmp_path: Path) -> None:
    bundle = imported()
    assert load_bundle(save_bundle(bundle, tmp_path / "b")).content_hash == bundle.content_hash


def test_windows_line_ends_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    paths = write_text(tmp_path, "samples", "")
    text = "sample_id,Dx\r\nS1,a\r\nS2,b\r\nS3,\r\n"
    paths["samples"].write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert plain_bundle(name="t", **paths).samples["Dx"].tolist() == ["b", "a", None]


def test_paths_may_be_text(tmp_path: Path) -> None:
    paths = {role: str(write(f, tmp_path / f"{role}.csv")) for role, f in tables().items()}
    assert plain_bundle(name="t", **paths).n_samples == 3


# ---- gene-level expression


def expression_files(folder: Path, kind: str = "csv", **changes: pd.DataFrame) -> dict[str, Path]:
    frames = {
        "expression": pd.DataFrame(
            {"gene_id": ["G2", "G1"], "S3": [-1.5, np.nan], "S1": [0.0, 2.5], "S2": [1.0, 1.0]}
        ),
        "genes": pd.DataFrame({"gene_id": ["G1", "G2", "G3"], "gene_name": ["one", "two", "NA"]}),
        "samples": tables()["samples"],
    } | changes
    return {role: write(frame, folder / f"{role}.{kind}") for role, frame in frames.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_expression_alone_makes_a_bundle(tmp_path: Path, kind: str) -> None:
    bundle = plain_bundle(name="chip", **expression_files(tmp_path, kind))
    assert list(bundle.tables) == ["gene"]
    assert list(bundle.matrices) == ["gene_expression"]
    assert bundle.tables["gene"]["gene_name"].tolist() == ["two", "one"]
    np.testing.assert_array_equal(
        bundle.matrices["gene_expression"], [[-1.5, 0.0, 1.0], [np.nan, 2.5, 1.0]]
    )
    assert bundle.provenance["genes_ignored"] == "1"


def test_infinite_expression_is_refused(tmp_path: Path) -> None:
    expression = pd.DataFrame({"gene_id": ["G1"], "S1": [np.inf], "S2": [1.0], "S3": [1.0]})
    paths = expression_files(tmp_path, expression=expression)
    text = refusal(lambda: plain_bundle(name="t", **paths))
    assert "expression.csv: infinite values (1): G1 in S1 = inf" in text


@pytest.mark.parametrize(
    "roles", [(), ("counts",), ("counts", "genes"), ("counts", "transcripts", "expression")]
)
def test_either_pair_must_be_given(tmp_path: Path, roles: tuple[str, ...]) -> None:
    given = {role: tmp_path / f"{role}.csv" for role in roles}
    with pytest.raises(ImportDataError, match="either counts and transcripts, or expression and"):
        plain_bundle(name="t", samples=tmp_path / "samples.csv", **given)


# ---- refusals


def test_samples_in_one_place_only_are_listed_both_ways(imported: Imported) -> None:
    samples = tables()["samples"].assign(sample_id=["S1", "X2", "X3"])
    with pytest.raises(ImportDataError) as caught:
        imported(samples=samples)
    assert [set(problem.examples) for problem in caught.value.problems] == [
        {"S2", "S3"},
        {"X2", "X3"},
    ]
    assert "samples.tsv: lacks quantified samples (2): S" in str(caught.value)
    assert "--allow-missing" in str(caught.value)


def test_samples_in_one_place_only_may_be_left_out(tmp_path: Path) -> None:
    paths = {role: write(f, tmp_path / f"{role}.csv") for role, f in tables().items()}
    write(tables()["samples"].assign(sample_id=["S1", "S2", "X3"]), paths["samples"])
    options = ImportOptions(samples=paths.pop("samples"), allow_missing=True)
    made = import_table(name="t", options=options, **paths)
    assert set(made.bundle.samples["sample_id"]) == {"S1", "S2"}
    counts = tables()["counts"].set_index("transcript_id")
    np.testing.assert_array_equal(
        made.bundle.matrices["transcript_counts"], counts[list(made.bundle.samples["sample_id"])]
    )
    assert made.report.samples["only_in_files"] == ["S3"]
    assert made.report.samples["only_in_sheet"] == ["X3"]


def test_sample_names_that_r_changed_are_explained(imported: Imported) -> None:
    counts = tables()["counts"].set_axis(["transcript_id", "X1.a", "X2.b", "S3"], axis=1)
    samples = tables()["samples"].assign(sample_id=["1-a", "2-b", "S3"])
    assert "check.names = FALSE" in refusal(lambda: imported(counts=counts, samples=samples))


def test_transcripts_without_an_entry_are_counted_and_named(imported: Imported) -> None:
    transcripts = tables()["transcripts"].iloc[[0, 4]]
    text = refusal(lambda: imported(transcripts=transcripts))
    assert "counts.tsv: transcripts that transcripts.tsv lacks (3): T3, T2, T4 →" in text


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_duplicate_ids_are_refused(imported: Imported, kind: str) -> None:
    counts = tables()["counts"].assign(transcript_id=["T1", "T1", "T2", "T2"])
    transcripts = tables()["transcripts"].assign(transcript_id=["T1", "T2", "T2", "T4", "T5"])
    samples = tables()["samples"].assign(sample_id=["S1", "S1", "S2"])
    text = refusal(lambda: imported(kind, counts=counts, transcripts=transcripts, samples=samples))
    assert f"counts.{kind}: duplicate transcript_id (2): T1, T2 →" in text
    assert f"transcripts.{kind}: duplicate transcript_id (1): T2 →" in text
    assert f"samples.{kind}: samples that stand twice (1): S1 →" in text


def test_duplicate_sample_columns_are_refused(tmp_path: Path) -> None:
    text = "transcript_id,S1,S2,S2,S3\nT1,1,2,3,4\n"
    paths = write_text(tmp_path, "counts", text)
    expected = "counts.csv: columns with the same name (1): S2 →"
    assert expected in refusal(lambda: plain_bundle(name="t", **paths))


def test_missing_ids_are_refused(imported: Imported) -> None:
    counts = tables()["counts"].assign(transcript_id=["T1", "NA", "", "T2"])
    transcripts = tables()["transcripts"].assign(gene_id=["GA", None, "GB", "GA", "GA"])
    samples = tables()["samples"].assign(sample_id=["S1", None, "S3"])
    text = refusal(lambda: imported(counts=counts, transcripts=transcripts, samples=samples))
    assert "counts.tsv: null or empty transcript_id (2): row 2, row 3 →" in text
    assert "transcripts.tsv: null or empty gene_id (1): row 2 →" in text
    assert "samples.tsv: samples without an id (1): row 2 →" in text


@pytest.mark.parametrize("kind", ["csv", "tsv.gz", "parquet"])
def test_cells_that_are_not_numbers_are_refused(imported: Imported, kind: str) -> None:
    counts = tables()["counts"]
    counts["S1"] = ["2", "low", "1,5", "3"]
    counts["S3"] = ["1", "2", "-", "4"]
    text = refusal(lambda: imported(kind, counts=counts))
    assert text.count("\n") == 0
    assert (
        f"counts.{kind}: cells that are not numbers (3): "
        "T1 in S1 = 'low', T2 in S1 = '1,5', T2 in S3 = '-' →"
    ) in text


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_flags_are_not_counts(imported: Imported, kind: str) -> None:
    counts = tables()["counts"].assign(S1=[True, False, True, True])
    assert "cells that are not numbers (4): T3 in S1 = 'True'" in refusal(
        lambda: imported(kind, counts=counts)
    )


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_missing_negative_and_infinite_counts_are_refused(imported: Imported, kind: str) -> None:
    counts = tables()["counts"].assign(
        S1=[np.nan, 1, 2, 3], S2=[1, -1.5, 2, 3], S3=[1, 2, np.inf, 3]
    )
    text = refusal(lambda: imported(kind, counts=counts))
    assert f"counts.{kind}: missing values (NaN) (1): T3 in S1" in text
    assert f"counts.{kind}: negative values (1): T1 in S2 = -1.5" in text
    assert f"counts.{kind}: infinite values (1): T2 in S3 = inf" in text


def test_a_short_row_counts_as_missing(tmp_path: Path) -> None:
    paths = write_text(tmp_path, "counts", "transcript_id,S1,S2,S3\nT1,1,2,3\nT2,1,2\n")
    expected = "counts.csv: missing values (NaN) (1): T2 in S3"
    assert expected in refusal(lambda: plain_bundle(name="t", **paths))


@pytest.mark.parametrize("header", ["Name", "", "Transcript_ID"])
def test_first_column_must_be_the_id(tmp_path: Path, header: str) -> None:
    paths = write_text(tmp_path, "counts", f"{header},S1,S2,S3\nT1,1,2,3\n")
    text = refusal(lambda: plain_bundle(name="t", **paths))
    assert f"counts.csv: first column is {header!r} → make transcript_id the first column" in text


def test_row_names_of_r_are_explained(tmp_path: Path) -> None:
    paths = write_text(tmp_path, "counts", "S1,S2,S3\nT1,1,2,3\nT2,1,2,3\n")
    text = refusal(lambda: plain_bundle(name="t", **paths))
    assert "counts.csv: header has 3 names, rows have 4 cells" in text
    assert "row.names = FALSE" in text


@pytest.mark.parametrize(
    ("role", "column"),
    [("transcripts", "transcript_id"), ("transcripts", "gene_id")],
)
def test_missing_columns_are_named(imported: Imported, role: str, column: str) -> None:
    frame = tables()[role].rename(columns={column: "name"})
    text = refusal(lambda: imported(**{role: frame}))
    assert f"{role}.tsv: required columns are missing (1): {column} →" in text


def test_a_sheet_without_a_column_of_ids_is_refused(imported: Imported) -> None:
    frame = tables()["samples"].rename(columns={"sample_id": "who"})
    assert "--sample-column" in refusal(lambda: imported(samples=frame))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    paths = write_text(tmp_path, "counts", "")
    paths["counts"].unlink()
    text = refusal(lambda: plain_bundle(name="t", **paths))
    assert f"{paths['counts']}: no such file" in text


def test_an_unknown_kind_of_file_is_named(tmp_path: Path) -> None:
    paths = write_text(tmp_path, "counts", "")
    paths["counts"] = paths["counts"].rename(tmp_path / "counts.xlsx")
    text = refusal(lambda: plain_bundle(name="t", **paths))
    assert "counts.xlsx: unknown kind of file → use .parquet, .csv" in text


@pytest.mark.parametrize("text", ["", "transcript_id,S1,S2,S3\n", "\n\n"])
def test_an_empty_table_is_refused(tmp_path: Path, text: str) -> None:
    paths = write_text(tmp_path, "counts", text)
    assert "counts.csv: holds no rows" in refusal(lambda: plain_bundle(name="t", **paths))


def test_counts_without_samples_are_refused(tmp_path: Path) -> None:
    paths = write_text(tmp_path, "counts", "transcript_id\nT1\n")
    assert "counts.csv: has 1 rows and 0 samples" in refusal(
        lambda: plain_bundle(name="t", **paths)
    )


def test_ragged_rows_are_refused(tmp_path: Path) -> None:
    paths = write_text(tmp_path, "samples", "sample_id,Dx\nS1,a\nS2,b,c\nS3,d\n")
    text = refusal(lambda: plain_bundle(name="t", **paths))
    assert "samples.csv: rows without 2 cells, as the header has (1): row 2 has 3 →" in text


@pytest.mark.parametrize("kind", ["csv.gz", "parquet"])
def test_a_truncated_file_is_refused(tmp_path: Path, kind: str) -> None:
    paths = {role: write(f, tmp_path / f"{role}.{kind}") for role, f in tables().items()}
    whole = paths["counts"].read_bytes()
    paths["counts"].write_bytes(whole[: len(whole) // 2])
    text = refusal(lambda: plain_bundle(name="t", **paths))
    assert f"counts.{kind}: " in text


def test_a_file_that_is_not_gzipped_is_refused(tmp_path: Path) -> None:
    paths = {role: write(f, tmp_path / f"{role}.csv.gz") for role, f in tables().items()}
    paths["counts"].write_bytes(gzip.decompress(paths["counts"].read_bytes()))
    assert "counts.csv.gz: cannot be read" in refusal(lambda: plain_bundle(name="t", **paths))


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    paths = write_text(tmp_path, "samples", "")
    paths["samples"].write_bytes("sample_id,Dx\nS1,Übergang\n".encode("latin-1"))
    assert "samples.csv: cannot be read" in refusal(lambda: plain_bundle(name="t", **paths))


def test_every_problem_of_every_file_is_listed_at_once(imported: Imported) -> None:
    counts = tables()["counts"].assign(S1=[-1.0, 1, 2, 3])
    transcripts = tables()["transcripts"].iloc[1:].assign(length="long")
    samples = tables()["samples"].assign(sample_id=["S1", "S2", "S2"])
    with pytest.raises(ImportDataError) as caught:
        imported(counts=counts, transcripts=transcripts, samples=samples)
    assert [(problem.where, problem.count) for problem in caught.value.problems] == [
        ("counts.tsv", 1),  # negative
        ("counts.tsv", 1),  # T1 has no entry
        ("transcripts.tsv", None),  # length
        ("samples.tsv", 1),  # S2 twice
    ]


# ---- real cohorts


def real(cohort: str, **roles: str) -> dict[str, Any]:
    return {
        role: shared_path("data", "real", cohort, f"{name}.parquet") for role, name in roles.items()
    }


def import_real(cohort: str) -> Bundle:
    paths = real(cohort, counts="transcript_counts", transcripts="transcripts", samples="samples")
    return plain_bundle(name=cohort, **paths)


@pytest.mark.parametrize(
    ("cohort", "n_transcripts", "n_genes", "n_samples"),
    [("geuvadis_chr19_ceu91", 5408, 1939, 91), ("macrophage24", 204_748, 58_003, 24)],
)
def test_real_counts_are_imported_whole(
    cohort: str, n_transcripts: int, n_genes: int, n_samples: int
) -> None:
    bundle = import_real(cohort)
    given = pd.read_parquet(shared_path("data", "real", cohort, "transcript_counts.parquet"))
    genes = pd.read_parquet(shared_path("data", "real", cohort, "gene_counts.parquet"))
    counts = bundle.matrices["transcript_counts"]
    assert counts.shape == (n_transcripts, n_samples)
    assert bundle.matrices["gene_counts"].shape == (n_genes, n_samples)
    np.testing.assert_array_equal(counts, given.iloc[:, 1:].to_numpy())
    np.testing.assert_allclose(bundle.matrices["gene_counts"].sum(0), counts.sum(0), rtol=1e-12)
    assert bundle.tables["gene"]["gene_id"].tolist() == genes["gene_id"].tolist()
    np.testing.assert_allclose(
        bundle.matrices["gene_counts"], genes.iloc[:, 1:].to_numpy(), rtol=1e-12, atol=1e-9
    )


def test_a_real_cohort_is_the_same_as_text(tmp_path: Path) -> None:
    paths = real(
        "geuvadis_chr19_ceu91",
        counts="transcript_counts",
        transcripts="transcripts",
        samples="samples",
    )
    text = {
        role: write(pd.read_parquet(path), tmp_path / f"{role}.tsv") for role, path in paths.items()
    }
    bundle, again = plain_bundle(name="g", **paths), plain_bundle(name="g", **text)
    for assay, data in bundle.matrices.items():
        np.testing.assert_array_equal(again.matrices[assay], data)
    assert again.samples["sex"].isna().sum() == 2
    assert again.samples["lab"].dtype == np.int64


def test_a_real_microarray_is_imported_whole(tmp_path: Path) -> None:
    paths = real("liver_f2_female", expression="gene_expression", genes="genes", samples="samples")
    bundle = load_bundle(save_bundle(plain_bundle(name="liver", **paths), tmp_path / "liver"))
    values = bundle.matrices["gene_expression"]
    assert values.shape == (3600, 135)
    assert int(np.isnan(values).sum()) == 2460
    assert list(bundle.matrices) == ["gene_expression"]
    assert bundle.samples["weight_g"].isna().sum() == 3
