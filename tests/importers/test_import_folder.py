"""Folders of quantified samples to bundles: genes, lengths, samples, reports, refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from isograph.bundle import load_bundle, save_bundle
from isograph.errors import ImportDataError
from isograph.explanation.usage import transcript_usage
from isograph.files import sha256_file
from isograph.importers.building.assemble import Imported
from isograph.importers.folders import import_folder
from isograph.importers.options import ImportOptions
from tests.importers.quantified_files import (
    COUNTS,
    GENE_OF,
    LENGTHS,
    SAMPLES,
    TRANSCRIPTS,
    write_gtf,
    write_map,
    write_salmon,
)
from tests.shared_data import shared_path


def imported(tmp_path: Path, **options: Any) -> Imported:
    """Three Salmon samples; one transcript of the four is not in the map."""
    folder = tmp_path / "quants"
    if not folder.exists():
        write_salmon(folder)
    named = {"tx2gene": write_map(tmp_path / "tx2gene.csv")} | options
    return import_folder(folder, kind="salmon", name="t", options=ImportOptions(**named))


def refusal(tmp_path: Path, **options: Any) -> str:
    with pytest.raises(ImportDataError) as caught:
        imported(tmp_path, **options)
    return str(caught.value)


def finding(made: Imported, kind: str) -> dict[str, Any]:
    [found] = [dict(one) for one in made.report.findings if one["kind"] == kind]
    return found


# ---- genes


def test_counts_are_kept_as_they_are(tmp_path: Path) -> None:
    made = imported(tmp_path)
    np.testing.assert_array_equal(made.bundle.matrices["transcript_counts"], COUNTS)
    assert made.bundle.sample_ids.tolist() == list(SAMPLES)
    assert made.report.totals == dict(zip(SAMPLES, COUNTS.sum(axis=0), strict=True))


def test_genes_come_from_the_map_whatever_the_versions(tmp_path: Path) -> None:
    bundle = imported(tmp_path).bundle
    genes = bundle.tables["transcript"].set_index("transcript_id")["gene_id"]
    assert genes.to_dict() == {"T1.2": "GA", "T2.1": "GA", "T3.1": "GB", "T4.1": "T4.1"}
    sums = pd.DataFrame(bundle.matrices["gene_counts"], index=bundle.tables["gene"]["gene_id"])
    np.testing.assert_array_equal(sums.loc["GA"], COUNTS[:2].sum(axis=0))


def test_a_transcript_without_a_gene_is_counted_and_named(tmp_path: Path) -> None:
    made = imported(tmp_path)
    found = finding(made, "without_gene")
    assert (found["n"], found["examples"]) == (1, ["T4.1"])
    assert found["share_of_reads"] == pytest.approx(3 / COUNTS.sum())
    assert "gene of its own" in found["action"]
    assert made.report.without_gene == ["T4.1"]


def test_transcripts_without_a_gene_can_be_dropped(tmp_path: Path) -> None:
    made = imported(tmp_path, without_gene="drop")
    assert made.bundle.tables["transcript"]["transcript_id"].tolist() == list(TRANSCRIPTS[:3])
    np.testing.assert_array_equal(made.bundle.matrices["transcript_counts"], COUNTS[:3])
    assert "left out" in finding(made, "without_gene")["action"]


def test_a_gene_of_its_own_never_joins_another(tmp_path: Path) -> None:
    genes = GENE_OF | {"T3": "T4.1"}
    made = imported(tmp_path, tx2gene=write_map(tmp_path / "odd.csv", genes))
    assert made.bundle.tables["transcript"]["gene_id"].tolist()[2:] == ["T4.1", "transcript:T4.1"]


def test_a_map_of_too_few_reads_is_refused_with_both_sides(tmp_path: Path) -> None:
    text = refusal(tmp_path, tx2gene=write_map(tmp_path / "few.csv", {"T2": "GA", "T3": "GB"}))
    assert "few.csv: gives 55.2% of reads a gene, 90.0% are needed" in text
    assert "quantified T1.2 (44.2% of reads) | nearest in the map T2" in text
    imported(tmp_path, tx2gene=tmp_path / "few.csv", min_overlap=0.5)


def test_without_any_map_the_way_out_is_named(tmp_path: Path) -> None:
    text = refusal(tmp_path, tx2gene=None)
    assert "no gene is known" in text
    assert "--tx2gene FILE" in text


def test_an_annotation_is_a_map_too(tmp_path: Path) -> None:
    made = imported(tmp_path, tx2gene=None, gtf=write_gtf(tmp_path / "a.gtf"))
    table = made.bundle.tables["transcript"].set_index("transcript_id")
    assert table["gene_name"].tolist() == ["name-of-GA", "name-of-GA", "name-of-GB", None]
    genes = made.bundle.tables["gene"].set_index("gene_id")
    assert genes.loc["GA", ["chrom", "start", "end"]].tolist() == ["chr7", 1, 1300]
    assert genes.loc["T4.1", "chrom"] is None


def test_an_annotation_beside_a_map_only_warns_of_what_it_lacks(tmp_path: Path) -> None:
    gtf = write_gtf(tmp_path / "a.gtf", {"T3": "elsewhere"})
    made = imported(tmp_path, gtf=gtf)
    found = finding(made, "not_in_annotation")
    assert (found["n"], found["examples"][0]) == (3, "T1.2")
    assert "is it the annotation" in found["action"]
    table = made.bundle.tables["transcript"].set_index("transcript_id")
    assert table["gene_id"]["T3.1"] == "GB"
    assert table["gene_name"]["T3.1"] == "name-of-elsewhere"


# ---- lengths


def test_usage_is_of_molecules_where_lengths_are_known(tmp_path: Path) -> None:
    made = imported(tmp_path)
    assert made.report.usage_from == "counts over effective length"
    effective = made.bundle.tables["transcript"]["effective_length"].to_numpy()
    np.testing.assert_allclose(effective, np.array(LENGTHS) - 200)
    usage = transcript_usage(made.bundle, sample_ids=np.array(SAMPLES), genes=np.array(["GA"]))
    assert usage is not None
    rates = COUNTS[:2] / (np.array(LENGTHS[:2]) - 200)[:, None]
    np.testing.assert_allclose(usage.share, rates / rates.sum(axis=0))


@pytest.mark.parametrize("how", ["scaledTPM", "lengthScaledTPM", "dtuScaledTPM"])
def test_counts_from_abundance_keep_totals_and_usage_is_that_of_tpm(
    tmp_path: Path, how: str
) -> None:
    rng = np.random.default_rng(3)
    effective = rng.uniform(100, 900, COUNTS.shape)
    write_salmon(tmp_path / "quants", effective=effective)
    made = imported(tmp_path, counts_from=how)
    counts = made.bundle.matrices["transcript_counts"]
    np.testing.assert_allclose(counts.sum(axis=0), COUNTS.sum(axis=0))
    usage = transcript_usage(made.bundle, sample_ids=np.array(SAMPLES), genes=np.array(["GA"]))
    assert usage is not None
    tpm = COUNTS[:2] / effective[:2]
    np.testing.assert_allclose(usage.share, tpm / tpm.sum(axis=0))


def test_length_scaled_counts_are_those_of_tximport(tmp_path: Path) -> None:
    effective = np.array([[800, 900, 700], [300, 250, 350], [600, 600, 600], [500, 500, 500.0]])
    write_salmon(tmp_path / "quants", effective=effective)
    made = imported(tmp_path, counts_from="lengthScaledTPM")
    tpm = COUNTS / effective / (COUNTS / effective).sum(axis=0) * 1e6
    new = tpm * effective.mean(axis=1, keepdims=True)
    expected = new * (COUNTS.sum(axis=0) / new.sum(axis=0))
    np.testing.assert_allclose(made.bundle.matrices["transcript_counts"], expected)


def test_a_transcript_that_no_fragment_fits_leaves_its_gene_to_counts(tmp_path: Path) -> None:
    effective = np.repeat(np.array([[800.0], [0.0], [600.0], [500.0]]), 3, axis=1)
    write_salmon(tmp_path / "quants", effective=effective)
    made = imported(tmp_path)
    assert finding(made, "no_effective_length")["examples"] == ["T2.1"]
    usage = transcript_usage(made.bundle, sample_ids=np.array(SAMPLES), genes=np.array(["GA"]))
    assert usage is not None
    np.testing.assert_allclose(usage.share, COUNTS[:2] / COUNTS[:2].sum(axis=0))


# ---- samples


def write_sheet(path: Path, ids: tuple[str, ...] = ("S3", "S1", "S2")) -> Path:
    rows = "".join(f"{name},{number},d{number % 2}\n" for number, name in enumerate(ids))
    path.write_text("Run,age,donor\n" + rows)
    return path


def test_the_sheet_follows_the_samples(tmp_path: Path) -> None:
    made = imported(tmp_path, samples=write_sheet(tmp_path / "s.csv"))
    assert made.bundle.samples["sample_id"].tolist() == list(SAMPLES)
    assert made.bundle.samples["age"].tolist() == [1, 2, 0]


def test_samples_of_one_place_are_listed_or_left_out(tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "s.csv", ("S1", "S2", "X9"))
    text = refusal(tmp_path, samples=sheet)
    assert "S3" in text
    assert "X9" in text
    made = imported(tmp_path, samples=sheet, allow_missing=True)
    assert made.bundle.sample_ids.tolist() == ["S1", "S2"]
    np.testing.assert_array_equal(made.bundle.matrices["transcript_counts"], COUNTS[:, :2])
    assert made.report.samples == {"n": 2, "only_in_files": ["S3"], "only_in_sheet": ["X9"]}


def test_donors_and_levels_go_into_the_bundle(tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "s.csv")
    levels = {"age": ("2", "0", "1")}
    made = imported(tmp_path, samples=sheet, block="donor", ordered=levels)
    assert made.bundle.provenance["block"] == "donor"
    assert json.loads(made.bundle.provenance["ordered_levels"]) == {"age": ["2", "0", "1"]}


def test_every_problem_of_sheet_and_map_is_told_before_the_files_are_read(tmp_path: Path) -> None:
    write_salmon(tmp_path / "quants")
    (tmp_path / "quants" / "S2" / "quant.sf").write_text("rubbish")
    text = refusal(
        tmp_path, samples=tmp_path / "none.csv", tx2gene=tmp_path / "no.csv", min_overlap=2
    )
    assert [name in text for name in ("none.csv", "no.csv", "--min-overlap")] == [True] * 3
    assert "rubbish" not in text


def test_options_about_a_sheet_need_one(tmp_path: Path) -> None:
    text = refusal(tmp_path, block="donor", sample_column="Run")
    assert "--block: is about a sample sheet" in text
    assert "--sample-column" in text


# ---- what is written


def test_the_report_lies_in_the_bundle(tmp_path: Path) -> None:
    made = imported(tmp_path, samples=write_sheet(tmp_path / "s.csv"))
    save_bundle(made.bundle, tmp_path / "b", files=made.files)
    report = json.loads((tmp_path / "b" / "import_report.json").read_text())
    assert report["kind"] == "salmon"
    assert report["transcripts_without_gene"] == ["T4.1"]
    hashes = {row["file"]: row["sha256"] for row in report["sources"]}
    assert hashes["S1/quant.sf"] == sha256_file(tmp_path / "quants" / "S1" / "quant.sf")
    assert hashes["s.csv"] == made.bundle.provenance["samples_sha256"]
    assert str(tmp_path) not in (tmp_path / "b" / "import_report.json").read_text()
    assert load_bundle(tmp_path / "b").content_hash == made.bundle.content_hash


def test_two_imports_write_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        made = imported(tmp_path)
        save_bundle(made.bundle, tmp_path / name, files=made.files)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


# ---- real folders


def real(tool: str, **options: Any) -> Imported:
    folder = shared_path("data", "quants", "geuvadis6")
    named = ImportOptions(tx2gene=folder / "tx2gene.csv.gz", samples=folder / "samples.txt")
    return import_folder(
        folder / tool, kind=tool, name=tool, options=replace(named, sample_column="run", **options)
    )


def test_salmon_and_kallisto_of_the_same_samples_agree() -> None:
    salmon, kallisto = (real(tool).bundle for tool in ("salmon", "kallisto"))
    assert salmon.sample_ids.tolist() == kallisto.sample_ids.tolist()
    assert salmon.tables["gene"]["gene_id"].tolist() == kallisto.tables["gene"]["gene_id"].tolist()
    for one, other in zip(
        salmon.matrices["gene_counts"].T, kallisto.matrices["gene_counts"].T, strict=True
    ):
        assert np.corrcoef(one, other)[0, 1] > 0.95
        assert np.corrcoef(np.log1p(one), np.log1p(other))[0, 1] > 0.95
        assert pd.Series(one).corr(pd.Series(other), method="spearman") > 0.99


@pytest.mark.parametrize(("tool", "column"), [("salmon", "NumReads"), ("kallisto", "est_counts")])
def test_sums_of_a_bundle_are_those_of_the_files(tool: str, column: str) -> None:
    made = real(tool)
    folder = shared_path("data", "quants", "geuvadis6", tool)
    for sample, total in made.report.totals.items():
        [path] = sorted((folder / sample).glob("*.gz"))
        assert total == pytest.approx(pd.read_csv(path, sep="\t")[column].sum(), rel=1e-12)
    assert finding(made, "without_gene")["examples"] == ["NR_001526", "NR_001526_1", "NR_001526_2"]


def test_the_genes_of_ballgown_are_in_its_files() -> None:
    folder = shared_path("data", "quants", "ballgown20")
    options = ImportOptions(read_length=75, gtf=folder / "hg19_genes_small.gtf.gz")
    made = import_folder(folder, kind="ctab", name="b", options=options)
    assert made.report.transcripts == {"n": 100, "with_gene": 100, "share_of_reads_with_gene": 1.0}
    assert finding(made, "not_in_annotation")["n"] == 100
    assert made.bundle.n_samples == 20


def test_a_cell_line_cohort_by_its_own_annotation() -> None:
    folder = shared_path("data", "quants", "isa_hesc6")
    options = ImportOptions(gtf=folder / "example.gtf.gz")
    made = import_folder(folder, kind="salmon", name="h", options=options)
    assert made.bundle.n_samples == 6
    assert finding(made, "duplicated_gene_names")["n"] == 7
