"""`isograph explain-module`"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import isograph
from isograph.cli import main
from isograph.explanation.schema import DRIVERS, HIGH_LOW, POLARITY

FILES = {
    "gene_driver_table.parquet",
    "high_vs_low_table.parquet",
    "module.html",
    "module_explanation_manifest.json",
    "transcript_polarity_table.parquet",
}


@pytest.fixture(scope="module")
def fit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stored fit of a small fixture."""
    root = tmp_path_factory.mktemp("explain")
    return fitted(root / "toy", root / "fit")


def fitted(bundle: Path, fit: Path, *words: str) -> Path:
    """Save a small fixture as a bundle, and fit it from the command line."""
    isograph.save_bundle(isograph.simulate("toy_multiplex_v1", seed=3), bundle)
    assert main(["fit", "--dataset-path", str(bundle), "--out", str(fit), "--quiet", *words]) == 0
    return fit


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def explain(fit: Path, *words: str) -> int:
    return main(["explain-module", "--artifact-dir", str(fit), *words])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_all_files_are_written_where_they_are_looked_for(
    fit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(fit) == 0
    folder = Path("artifacts/explain/toy")
    assert names(folder) == {
        "M000",
        "M001",
        "index.html",
        "index.json",
        "switch_contrasts.parquet",
    }
    assert names(folder / "M000") == FILES
    for name, schema in (
        ("gene_driver_table", DRIVERS),
        ("transcript_polarity_table", POLARITY),
        ("high_vs_low_table", HIGH_LOW),
    ):
        assert pq.read_schema(folder / "M000" / f"{name}.parquet").equals(schema)
    out = capsys.readouterr().out
    assert "2 explanations" in out
    assert str(folder / "index.html") in out


def test_the_manifest_names_every_file_and_its_content(fit: Path) -> None:
    explain(fit, "--quiet")
    folder = Path("artifacts/explain/toy/M000")
    manifest = json.loads((folder / "module_explanation_manifest.json").read_text())
    told = {entry["file"] for entry in manifest["files"].values()} | {manifest["page"]}
    assert told | {"module_explanation_manifest.json"} == names(folder)
    assert manifest["fit_content_hash"] == isograph.read_fit(fit).content_hash
    drivers = manifest["files"]["gene_driver_table"]
    assert drivers["rows"] == pq.read_table(folder / drivers["file"]).num_rows
    assert manifest["not_available"] == {}


def test_pictures_come_in_the_formats_asked_for(fit: Path) -> None:
    assert explain(fit, "--top", "1", "--plot", "--output-format", "png", "pdf", "--quiet") == 0
    folder = Path("artifacts/explain/toy/M000")
    pictures = names(folder) - FILES
    assert {"drivers.png", "drivers.pdf", "usage.png", "network.pdf"} <= pictures
    manifest = json.loads((folder / "module_explanation_manifest.json").read_text())
    assert set(manifest["pictures"]) == pictures
    assert {"module_traits.png", "module_traits.pdf"} <= names(folder.parent)
    assert (folder / "drivers.png").read_bytes()[:4] == b"\x89PNG"
    assert (folder / "drivers.pdf").read_bytes()[:4] == b"%PDF"


def test_a_second_call_adds_to_the_first(fit: Path) -> None:
    explain(fit, "--module-ids", "M001", "--quiet")
    first = Path("artifacts/explain/toy/M001/gene_driver_table.parquet").read_bytes()
    explain(fit, "--module-ids", "M000", "--quiet")
    index = json.loads(Path("artifacts/explain/toy/index.json").read_text())
    assert [row["folder"] for row in index["modules"]] == ["M000", "M001"]
    assert Path("artifacts/explain/toy/M001/gene_driver_table.parquet").read_bytes() == first


def test_the_same_call_gives_the_same_bytes(fit: Path) -> None:
    words = ("--plot", "--output-format", "png", "pdf", "--quiet", "--output-dir")
    for name in ("one", "two"):
        assert explain(fit, *words, name) == 0
    ours = sorted(path.relative_to("one") for path in Path("one").rglob("*") if path.is_file())
    assert len(ours) > 20
    for path in ours:
        assert (Path("one") / path).read_bytes() == (Path("two") / path).read_bytes(), path


def test_explanations_of_a_former_fit_are_deleted(fit: Path, tmp_path: Path) -> None:
    explain(fit, "--quiet", "--plot", "--output-dir", "out")
    assert (Path("out") / "module_traits.png").exists()
    bundle = isograph.read_fit(fit).config["bundle"]["path"]
    words = ["fit", "--dataset-path", bundle, "--covariates", "~ Age", "--quiet"]
    assert main([*words, "--output-dir", "adjusted"]) == 0
    assert explain(Path("adjusted"), "--top", "1", "--quiet", "--output-dir", "out") == 0
    index = json.loads(Path("out/index.json").read_text())
    assert [row["folder"] for row in index["modules"] if row["folder"]] == ["M000"]
    assert not (Path("out") / "M001").exists()
    assert not (Path("out") / "module_traits.png").exists()


def test_another_fits_explanations_are_not_replaced(
    fit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    explain(fit, "--quiet", "--output-dir", "out")
    bundle = isograph.read_fit(fit).config["bundle"]["path"]
    main(["fit", "--dataset-path", bundle, "--backend", "baseline", "--quiet", "--out", "other"])
    assert explain(Path("other"), "--quiet", "--output-dir", "out") == 2
    assert "holds explanations of toy, calibrated" in capsys.readouterr().err
    assert explain(Path("other"), "--quiet") == 0
    assert Path("artifacts/explain/toy-baseline/index.html").exists()


def test_a_folder_of_something_else_is_left_alone(
    fit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out").mkdir()
    Path("out/thesis.tex").write_text("years")
    assert explain(fit, "--quiet", "--output-dir", "out") == 2
    assert "thesis.tex" in capsys.readouterr().err
    assert names(Path("out")) == {"thesis.tex"}
    assert explain(fit, "--quiet", "--output-dir", "out", "--overwrite") == 0
    assert Path("out/thesis.tex").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--module-ids", "M009"], "M009"),
        (["--top", "0"], "--top"),
        (["--output-format", "png"], "add --plot"),
        (["--baseline", "mean"], "--integrated-gradients"),
        (["--feature-table", "x.tsv"], "one is of no use without the other"),
        (["--gene-sets", "none.gmt"], "is not there"),
        (["--gtf", "none.gtf"], "is not there"),
        (["--annotation-table", "none.parquet"], "annotation table refused"),
        (["--vae-attribution"], "--backend vae"),
        (["--dataset-path", "nowhere"], "--dataset-path"),
    ],
)
def test_what_is_refused_writes_nothing(
    fit: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(fit, *words) == 2
    assert told in capsys.readouterr().err
    assert not Path("artifacts").exists()


def test_gene_sets_are_tested(fit: Path) -> None:
    genes = isograph.read_fit(fit).modules.query("module_id == 'M000'")["gene_id"].head(8)
    Path("sets.gmt").write_text("\t".join(["mine", "", *genes]) + "\n")
    assert explain(fit, "--gene-sets", "sets.gmt", "--quiet") == 0
    table = pd.read_parquet("artifacts/explain/toy/M000/gene_sets.parquet")
    assert table["set"].tolist() == ["mine"]
    assert table["pvalue"].iloc[0] < 0.01
    assert "mine" in Path("artifacts/explain/toy/M000/module.html").read_text()


def test_attributions_are_written_for_a_fit_with_a_model(tmp_path: Path) -> None:
    fitted(tmp_path / "toy", tmp_path / "fit", "--backend", "vae")
    words = ("--vae-attribution", "--integrated-gradients", "--baseline", "mean", "--quiet")
    assert explain(tmp_path / "fit", *words) == 0
    folder = Path("artifacts/explain/toy-vae/M000")
    assert {"vae_drivers.parquet", "vae_responses.parquet", "ig_attributions.parquet"} <= names(
        folder
    )
    record = json.loads((folder / "module_explanation_manifest.json").read_text())["records"]
    assert record["ig_attributions"]["completeness_error"] <= 0.01
    assert record["ig_attributions"]["baseline"] == "mean"


def test_files_of_ones_own_are_never_deleted(fit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explain(fit, "--quiet", "--output-dir", "out")
    Path("out/M000/mynotes.txt").write_text("hello")
    assert explain(fit, "--quiet", "--output-dir", "out", "--overwrite") == 2
    assert "mynotes.txt" in capsys.readouterr().err
    Path("other/M001").mkdir(parents=True)
    Path("other/M001/data.csv").write_text("precious")
    assert explain(fit, "--quiet", "--output-dir", "other", "--overwrite") == 2
    assert Path("other/M001/data.csv").read_text() == "precious"


def test_a_run_that_was_cut_off_can_be_run_again(fit: Path) -> None:
    explain(fit, "--quiet", "--top", "1", "--output-dir", "out")
    for name in ("index.json", "index.html"):
        (Path("out") / name).unlink()
    Path("out/.M001.abc.tmp").mkdir()
    assert explain(fit, "--quiet", "--output-dir", "out") == 0
    assert Path("out/index.json").exists()


def test_a_folder_that_cannot_be_one_is_said_before_any_work(
    fit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("afile").write_text("")
    Path("link").symlink_to("nowhere")
    for place, told in (("afile/x", "is a file"), ("link", "is a link to nowhere")):
        assert explain(fit, "--output-dir", place) == 2
        err = capsys.readouterr().err
        assert told in err
        assert "explanations   " not in err


def test_own_features_make_no_switch_of_transcripts(
    fit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = isograph.read_fit(fit).eigengenes.columns[2:]
    gene = isograph.read_fit(fit).modules.query("module_id == 'M000'")["gene_id"].iloc[0]
    rows = pd.DataFrame(
        [range(len(samples)), range(len(samples), 0, -1)], columns=samples, dtype=float
    )
    rows.insert(0, "feature_id", ["junc0", "junc1"])
    rows.to_csv("own.tsv", sep="\t", index=False)
    meta = pd.DataFrame({"feature_id": ["junc0", "junc1"], "gene_id": gene})
    meta.to_csv("meta.tsv", sep="\t", index=False)
    assert explain(fit, "--feature-table", "own.tsv", "--feature-meta", "meta.tsv") == 0
    assert "junc" not in capsys.readouterr().out
