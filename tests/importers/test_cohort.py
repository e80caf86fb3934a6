"""What a folder or file is taken for, and pipelines, AnnData and plain tables as cohorts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isograph.errors import ImportDataError
from isograph.importers.building.assemble import Imported
from isograph.importers.building.report import import_flags
from isograph.importers.cohort import import_cohort
from isograph.importers.look import look
from isograph.importers.options import ImportOptions
from tests.importers.quantified_files import (
    COUNTS,
    SAMPLES,
    TRANSCRIPTS,
    write_gtf,
    write_map,
    write_salmon,
)


def auto(source: Path, **options: Any) -> Imported:
    return import_cohort(source, kind="auto", name="t", options=ImportOptions(**options))


def refusal(source: Path) -> str:
    with pytest.raises(ImportDataError) as caught:
        look(source)
    return str(caught.value)


# ---- what it is


def test_one_set_of_samples_is_recognised(tmp_path: Path) -> None:
    found = look(write_salmon(tmp_path))
    assert (found.kind, found.source) == ("salmon", tmp_path)
    assert "3 samples with quant.sf" in found.evidence


def test_several_sets_are_named_with_the_commands_that_import_each(tmp_path: Path) -> None:
    write_salmon(tmp_path / "salmon")
    for sample in SAMPLES:
        (tmp_path / "other" / f"{sample}.isoforms.results").parent.mkdir(exist_ok=True)
        (tmp_path / "other" / f"{sample}.isoforms.results").touch()
    text = refusal(tmp_path)
    assert f"isograph import salmon {tmp_path}" in text
    assert f"isograph import rsem {tmp_path}" in text


@pytest.mark.parametrize("name", ["nothing", "notes.txt"])
def test_what_is_unknown_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert str(tmp_path / name) in refusal(tmp_path / name)


def test_what_lies_beside_the_samples_is_used(tmp_path: Path) -> None:
    write_map(write_salmon(tmp_path) / "tx2gene.csv")
    (tmp_path / "samples.csv").write_text("sample,Dx\nS1,a\nS2,b\nS3,a\n")
    made = auto(tmp_path)
    assert made.bundle.samples["Dx"].tolist() == ["a", "b", "a"]
    assert made.report.transcripts["with_gene"] == 3


def test_two_that_could_be_meant_are_not_chosen_between(tmp_path: Path) -> None:
    write_map(write_salmon(tmp_path) / "tx2gene.csv")
    for name in ("samples.csv", "metadata.csv"):
        (tmp_path / name).write_text("sample,Dx\nS1,a\nS2,b\nS3,a\n")
    assert auto(tmp_path).bundle.samples.columns.tolist() == ["sample_id"]


def test_what_is_named_comes_before_what_lies_there(tmp_path: Path) -> None:
    write_map(write_salmon(tmp_path / "q") / "tx2gene.csv", {"T1": "X", "T2": "Y", "T3": "Z"})
    made = auto(tmp_path / "q", tx2gene=write_map(tmp_path / "mine.csv"))
    assert made.bundle.tables["gene"]["gene_id"].tolist() == ["GA", "GB", "T4.1"]


# ---- nf-core/rnaseq


def pipeline_run(folder: Path) -> Path:
    """Results as nf-core/rnaseq 3 writes them: two ways to count, a map without a header."""
    for aligner in ("star_salmon", "salmon"):
        write_salmon(folder / aligner, COUNTS if aligner == "star_salmon" else COUNTS + 1)
        rows = "T1\tGA\tAlpha\nT2\tGA\tAlpha\nT3\tGB\tBeta\n"
        (folder / aligner / "tx2gene.tsv").write_text(rows)
    (folder / "pipeline_info").mkdir()
    return folder


def test_a_pipeline_run_brings_its_own_map(tmp_path: Path) -> None:
    made = auto(pipeline_run(tmp_path))
    assert made.report.kind == "nfcore"
    np.testing.assert_array_equal(made.bundle.matrices["transcript_counts"], COUNTS)
    assert made.bundle.tables["gene"]["gene_name"].tolist() == ["Alpha", "Beta", None]
    assert made.bundle.provenance["tx2gene_file"] == "tx2gene.tsv"


def test_another_aligner_can_be_named(tmp_path: Path) -> None:
    pipeline_run(tmp_path)
    made = import_cohort(tmp_path, kind="nfcore", name="t", aligner="salmon")
    np.testing.assert_array_equal(made.bundle.matrices["transcript_counts"], COUNTS + 1)
    with pytest.raises(ImportDataError, match="the run has no star_rsem → one of star_salmon"):
        import_cohort(tmp_path, kind="nfcore", name="t", aligner="star_rsem")


def test_a_folder_that_is_no_pipeline_run_is_refused_as_one(tmp_path: Path) -> None:
    with pytest.raises(ImportDataError, match="no quantified samples in any of star_salmon"):
        import_cohort(tmp_path, kind="nfcore", name="t")


def test_folders_called_like_aligners_are_no_pipeline_run(tmp_path: Path) -> None:
    write_salmon(tmp_path / "salmon")
    assert look(tmp_path).kind == "salmon"


# ---- AnnData


def write_h5ad(path: Path, **changes: Any) -> Path:
    anndata = pytest.importorskip("anndata")
    from scipy import sparse

    obs = pd.DataFrame(
        {
            "Dx": pd.Categorical(["a", None, "b"]),
            "stage": pd.Categorical(["low", "high", "low"], ["low", "high"], ordered=True),
        },
        index=list(SAMPLES),
    )
    var = pd.DataFrame(
        {"gene_id": ["GA", "GA", "GB", "GC"], "gene_name": ["Alpha", "Alpha", None, "Gamma"]},
        index=list(TRANSCRIPTS),
    )
    values = changes.pop("counts", COUNTS)
    data = anndata.AnnData(
        X=np.log1p(values.T), obs=obs, var=var, layers={"counts": sparse.csr_matrix(values.T)}
    )
    for key, value in changes.items():
        setattr(data, key, value)
    data.write_h5ad(path)
    return path


def test_anndata_gives_counts_genes_and_samples(tmp_path: Path) -> None:
    made = auto(write_h5ad(tmp_path / "x.h5ad"))
    np.testing.assert_array_equal(made.bundle.matrices["transcript_counts"], COUNTS)
    assert made.bundle.tables["gene"]["gene_id"].tolist() == ["GA", "GB", "GC"]
    assert made.bundle.tables["gene"]["gene_name"].tolist() == ["Alpha", None, "Gamma"]
    assert made.bundle.samples["Dx"].tolist() == ["a", None, "b"]
    assert made.bundle.provenance["ordered_levels"] == '{"stage": ["low", "high"]}'
    assert "counts from layer counts" in made.report.notes


def test_another_layer_or_x_can_be_named(tmp_path: Path) -> None:
    path = write_h5ad(tmp_path / "x.h5ad", layers={"mine": COUNTS.T * 2})
    doubled = import_cohort(path, kind="h5ad", name="t", layer="mine")
    np.testing.assert_array_equal(doubled.bundle.matrices["transcript_counts"], COUNTS * 2)
    plain = import_cohort(path, kind="h5ad", name="t")
    np.testing.assert_allclose(plain.bundle.matrices["transcript_counts"], np.log1p(COUNTS))
    with pytest.raises(ImportDataError, match=r"has no layer 'none'.*: mine"):
        import_cohort(path, kind="h5ad", name="t", layer="none")


def test_logarithms_below_zero_are_no_counts(tmp_path: Path) -> None:
    path = write_h5ad(tmp_path / "x.h5ad", layers={}, X=COUNTS.T - 40)
    with pytest.raises(ImportDataError, match=r"counts that are negative \(6\).*--layer"):
        auto(path)


def test_samples_of_anndata_are_looked_at_as_sheets_are(tmp_path: Path) -> None:
    obs = pd.DataFrame({"site": ["x", "NA", "n/a"], "dose": [1.0, np.inf, 2.0]})
    obs.index = list(SAMPLES)
    with pytest.raises(ImportDataError, match="infinite values of dose"):
        auto(write_h5ad(tmp_path / "x.h5ad", obs=obs))
    made = auto(write_h5ad(tmp_path / "y.h5ad", obs=obs[["site"]]))
    assert made.bundle.samples["site"].tolist() == ["x", None, None]


@pytest.mark.parametrize(
    ("kind", "options", "flag"),
    [
        ("h5ad", {"aligner": "star_salmon"}, "--aligner"),
        ("auto", {"options": ImportOptions(read_length=75)}, "--read-length"),
        ("auto", {"options": ImportOptions(counts_from="scaledTPM")}, "--counts-from-abundance"),
    ],
)
def test_what_a_kind_has_no_use_for_is_refused(
    tmp_path: Path, kind: str, options: dict[str, Any], flag: str
) -> None:
    path = write_h5ad(tmp_path / "x.h5ad")
    with pytest.raises(ImportDataError, match=f"{flag}: has no use for an AnnData file"):
        import_cohort(path, kind=kind, name="t", **options)


def test_an_unknown_kind_and_a_folder_without_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportDataError, match="no such kind of files → choose from salmon"):
        import_cohort(tmp_path, kind="table", name="t")
    for source in (tmp_path, tmp_path / "none"):
        with pytest.raises(ImportDataError, match="holds no tables under their usual names"):
            import_cohort(source, kind="tables", name="t")


def test_a_bundle_is_not_looked_at_as_samples(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ImportDataError, match="is a bundle already → isograph run"):
        auto(tmp_path)


def test_sheets_of_which_none_was_taken_stand_in_the_report(tmp_path: Path) -> None:
    write_salmon(tmp_path)
    write_map(tmp_path / "tx2gene.csv")
    for name in ("samples.csv", "metadata.csv"):
        (tmp_path / name).write_text("sample,site\nS1,x\nS2,y\nS3,y\n")
    made = auto(tmp_path)
    [found] = [one for one in made.report.findings if one["kind"] == "not_taken"]
    assert (found["n"], found["examples"]) == (2, ["metadata.csv, samples.csv"])
    assert any("sample sheet" in line for line in import_flags(made.report.as_record()))


def test_reads_on_transcripts_without_a_length_are_not_scaled_away(tmp_path: Path) -> None:
    effective = np.repeat(np.array([[800.0], [300.0], [600.0], [500.0]]), 3, axis=1)
    effective[0, 1] = 0
    write_salmon(tmp_path / "q", effective=effective)
    options = ImportOptions(
        tx2gene=write_map(tmp_path / "tx2gene.csv"), counts_from="lengthScaledTPM"
    )
    with pytest.raises(ImportDataError, match=r"whose effective length is 0 \(1\): S2"):
        import_cohort(tmp_path / "q", kind="salmon", name="t", options=options)


def test_tables_beside_samples_are_two_sets(tmp_path: Path) -> None:
    write_salmon(tmp_path)
    (tmp_path / "counts.csv").write_text("Geneid,S1\nG,1\n")
    with pytest.raises(ImportDataError, match=r"holds several sets.*counts\.csv.*Salmon"):
        auto(tmp_path)


def test_samples_of_a_matrix_that_the_sheet_lacks_are_listed(tmp_path: Path) -> None:
    rows = ["transcript_id\tgene_id\tS1\tS2\tS3", *(f"T{i}\tG\t{i}\t5\t7" for i in range(3))]
    (tmp_path / "x.gct").write_text("\n".join(["#1.2", "3\t3", *rows]) + "\n")
    sheet = tmp_path / "s.csv"
    sheet.write_text("sample,site\nS3,x\nS1,y\nS9,y\n")
    options = ImportOptions(samples=sheet, allow_missing=True)
    made = import_cohort(tmp_path / "x.gct", kind="gct", name="t", options=options)
    assert made.bundle.sample_ids.tolist() == ["S1", "S3"]
    assert made.report.samples["only_in_files"] == ["S2"]
    assert made.report.samples["only_in_sheet"] == ["S9"]
    said = {one["kind"]: one["examples"] for one in made.report.findings}
    assert said["only_in_files"] == ["S2"]


@pytest.mark.parametrize(
    ("genes", "kind"),
    [
        ([f"G{i}" for i in range(120)], "one_transcript_genes"),
        (["protein coding"] * 60 + ["lncRNA"] * 60, "few_genes"),
        ([f"G{i // 3}" for i in range(120)], None),
    ],
)
def test_a_column_that_is_no_gene_is_flagged(
    tmp_path: Path, genes: list[str], kind: str | None
) -> None:
    rows = [f"T{i}\t{gene}\t{i}\t5" for i, gene in enumerate(genes)]
    head = ["#1.2", "120\t2", "Name\tDescription\tS1\tS2"]
    (tmp_path / "x.gct").write_text("\n".join([*head, *rows]) + "\n")
    made = import_cohort(tmp_path / "x.gct", kind="gct", name="t")
    said = {one["kind"] for one in made.report.findings if one["about"] == "genes"}
    assert said == ({kind} if kind else set())
    assert bool(import_flags(made.report.as_record())) == bool(kind)


def test_a_sheet_can_stand_in_for_obs(tmp_path: Path) -> None:
    sheet = tmp_path / "s.csv"
    sheet.write_text("sample,site\nS3,x\nS1,y\nS2,y\n")
    made = auto(write_h5ad(tmp_path / "x.h5ad"), samples=sheet)
    assert made.bundle.samples.columns.tolist() == ["sample_id", "site"]


@pytest.mark.parametrize("content", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n" + b"\0" * 64])
def test_a_damaged_anndata_file_is_refused(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("anndata")
    (tmp_path / "x.h5ad").write_bytes(content)
    with pytest.raises(ImportDataError, match=r"x\.h5ad: cannot be read as AnnData"):
        auto(tmp_path / "x.h5ad")


# ---- plain tables


def counts_frame() -> pd.DataFrame:
    frame = pd.DataFrame(COUNTS, columns=list(SAMPLES))
    frame.insert(0, "transcript_id", list(TRANSCRIPTS))
    return frame


def test_a_folder_of_tables_is_a_cohort(tmp_path: Path) -> None:
    counts_frame().to_csv(tmp_path / "transcript_counts.tsv.gz", sep="\t", index=False)
    genes = pd.DataFrame({"transcript_id": list(TRANSCRIPTS), "gene_id": ["GA", "GA", "GB", "GB"]})
    genes.to_parquet(tmp_path / "transcripts.parquet")
    (tmp_path / "samples.csv").write_text("sample_id,Dx\nS1,a\nS2,b\nS3,a\n")
    made = auto(tmp_path)
    np.testing.assert_array_equal(made.bundle.matrices["transcript_counts"], COUNTS)
    assert made.report.genes == 2


def test_a_folder_of_expression_is_a_cohort(tmp_path: Path) -> None:
    frame = pd.DataFrame({"gene_id": ["GA", "GB"], "S1": [1.0, -2.0], "S2": [np.nan, 0.5]})
    frame.to_parquet(tmp_path / "gene_expression.parquet")
    pd.DataFrame({"gene_id": ["GA", "GB"]}).to_csv(tmp_path / "genes.csv", index=False)
    (tmp_path / "samples.tsv").write_text("sample_id\tage\nS1\t3\nS2\t4\n")
    assert list(auto(tmp_path).bundle.matrices) == ["gene_expression"]


def test_a_table_of_counts_takes_genes_from_an_annotation(tmp_path: Path) -> None:
    counts_frame().to_csv(tmp_path / "counts.csv", index=False)
    gtf = write_gtf(tmp_path / "a.gtf")
    made = auto(tmp_path, gtf=gtf)
    assert made.bundle.tables["gene"]["gene_name"].tolist()[:2] == ["name-of-GA", "name-of-GB"]
    assert made.report.usage_from == "counts over length"
