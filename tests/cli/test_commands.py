"""The command line as its users type it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pandas as pd
import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.cli import main
from isograph.simulation import SUITES


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def bundle(toy: Bundle, tmp_path: Path) -> Path:
    return isograph.save_bundle(toy, tmp_path / "toy")


def test_fit_writes_a_folder_and_ends_with_a_table(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", "--dataset-path", str(bundle), "--output-dir", "out"]) == 0
    out, err = capsys.readouterr()
    assert "2 modules with 40 of 40 genes" in out
    assert "M000" in out
    assert "traits: Dx (two-level), Age (continuous), Sex (two-level)" in err
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "axis_weights.parquet",
        "calibration.json",
        "edges.parquet",
        "eigengene_loadings.parquet",
        "eigengenes.parquet",
        "feature_scores.parquet",
        "fit_config.json",
        "gene_fates.parquet",
        "module_gene_roles.parquet",
        "module_overlaps.parquet",
        "module_summary.parquet",
        "modules.parquet",
        "programme_loadings.parquet",
        "programmes.parquet",
        "run.log",
        "traits.parquet",
    ]


def test_fit_equals_the_library(bundle: Path) -> None:
    main(["fit", "--dataset-path", str(bundle), "--quiet"])
    written = isograph.read_fit(Path("artifacts/fits/toy/calibrated"))
    assert written.content_hash == isograph.fit(isograph.load_bundle(bundle)).content_hash


def test_flags_reach_the_fit(bundle: Path) -> None:
    words = ["--covariates", "~ Age", "--traits", "Dx,Sex", "--seed", "4", "--set", "clip=2.5"]
    main(["fit", "--dataset-path", str(bundle), "--output-dir", "out", "--quiet", *words])
    config = json.loads(Path("out/fit_config.json").read_text())
    assert config["covariates"] == "~ Age"
    assert config["declared_traits"] == ["Dx", "Sex"]
    assert config["seed"] == 4
    assert config["settings"]["features"]["clip"] == 2.5


def test_a_study_file_and_flags_give_the_same_fit(bundle: Path) -> None:
    Path("adjusted.yaml").write_text(f"bundle: {bundle.name}\ncovariates: ~ Age\ntraits: [Dx]\n")
    main(["fit", "--study", "adjusted.yaml", "--quiet"])
    words = ["--covariates", "~ Age", "--traits", "Dx", "--output-dir", "flags", "--quiet"]
    main(["fit", "--dataset-path", str(bundle), *words])
    from_file = isograph.read_fit(Path("artifacts/fits/adjusted/calibrated"))
    assert from_file.content_hash == isograph.read_fit(Path("flags")).content_hash


def test_a_study_file_takes_no_second_opinion(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("s.yaml").write_text(f"bundle: {bundle.name}\n")
    assert main(["fit", "--study", "s.yaml", "--covariates", "~ Age", "--seed", "0"]) == 2
    assert "--covariates, --seed: not together with --study" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--set", "neighbors=3"], "did you mean backend.neighbours?"),
        (["--set", "clip"], "--set: is not KEY=VALUE (1): clip"),
        (["--backend", "calibratd"], "calibratd: no such backend → one of calibrated"),
        (["--traits", "Agee"], "did you mean Age?"),
        (["--covariates", "~ Agee"], "did you mean Age?"),
    ],
)
def test_a_refused_fit_says_why_and_writes_nothing(
    bundle: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["fit", "--dataset-path", str(bundle), "--output-dir", "out", *words]) == 2
    assert message in capsys.readouterr().err
    assert not Path("out").exists()


def test_an_occupied_folder_is_refused_before_any_work(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out").mkdir()
    Path("out/thesis.txt").write_text("mine")
    words = ["fit", "--dataset-path", str(bundle), "--output-dir", "out"]
    assert main(words) == 2
    err = capsys.readouterr().err
    assert "thesis.txt" in err
    assert "association" not in err
    assert main([*words, "--overwrite", "--quiet"]) == 0
    assert Path("out/modules.parquet").exists()


def test_a_bundle_is_never_replaced_by_a_fit(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in bundle.iterdir())
    for target in (bundle, bundle.parent / "cohorts"):
        if target != bundle:
            target.mkdir()
            bundle.rename(target / "toy")
        words = ["fit", "--dataset-path", str(bundle), "--output-dir", str(target), "--overwrite"]
        assert main(words) == 2
        assert "which a fit never replaces" in capsys.readouterr().err
    kept = bundle.parent / "cohorts" / "toy"
    assert sorted(path.name for path in kept.iterdir()) == before


def test_a_place_that_cannot_be_written_is_refused_before_any_work(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").write_text("")
    words = ["fit", "--dataset-path", str(bundle), "--output-dir", "file/below"]
    assert main(words) == 2
    err = capsys.readouterr().err
    assert "file: is a file" in err
    assert "association" not in err
    assert main(["export", "--dataset-path", str(bundle), "--output", "file/x.json"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_linked_output_folder_stays_a_link(bundle: Path) -> None:
    Path("disk").mkdir()
    Path("out").symlink_to("disk")
    main(["fit", "--dataset-path", str(bundle), "--output-dir", "out", "--quiet"])
    assert Path("out").is_symlink()
    assert Path("disk/modules.parquet").exists()
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["disk", "out", "toy"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seeds", "0"], "--seeds: is 0"),
        (["--stage", "../../up"], "--stage"),
        (["--seed-from", ""], "--seed-from: is empty"),
    ],
)
def test_benchmark_refuses_nonsense(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["benchmark", "--datasets", "toy_v1", *words]) == 2
    assert message in capsys.readouterr().err
    assert list(Path.cwd().iterdir()) == []


def test_a_missing_bundle_is_one_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--dataset-path", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_validate_lists_every_problem_and_fails(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(bundle)]) == 0
    (bundle / "samples.parquet").unlink()
    (bundle / "psi.npz").write_bytes(b"")
    assert main(["validate", str(bundle)]) == 1
    err = capsys.readouterr().err
    assert "samples.parquet" in err
    assert "psi.npz" in err


def test_export_summarises_a_bundle(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--dataset-path", str(bundle)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["n_samples"] == 64
    assert summary["n_genes"] == 40
    assert "transcript_counts" in summary["available_assays"]
    main(["export", "--dataset-path", str(bundle), "--output", "summary.json"])
    assert json.loads(Path("summary.json").read_text()) == summary


def test_simulate_makes_a_valid_bundle_and_lists_fixtures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["simulate"]) == 0
    assert "realistic_unequal_v1" in capsys.readouterr().out
    assert main(["simulate", "toy_v1", "--seed", "9", "--out", "toy_v1"]) == 0
    assert main(["validate", "toy_v1"]) == 0
    first = Path("toy_v1/transcript_counts.npz").read_bytes()
    main(["simulate", "toy_v1", "--seed", "9", "--out", "again"])
    assert Path("again/transcript_counts.npz").read_bytes() == first
    assert main(["simulate", "toy_v1", "--seed", "9", "--out", "again"]) == 2


def test_simulate_lists_a_sweep_in_one_line_with_its_points(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["simulate"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "cell_composition cv 0.00–0.30 4 400 160 8" in lines
    assert "scale_realistic fraction 0.15–0.25 2 16,000 300 8 large" in lines
    assert "no_harm rho0.50, trait1.0, nothing 3 400 160 8" in lines
    assert max(map(len, lines)) <= 120
    assert len(lines) < 75


def test_simulate_lists_every_data_set_of_a_suite(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--suite", "scenarios_v1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(SUITES["scenarios_v1"])
    assert main(["simulate", "--suite", "scenario_v1"]) == 2
    assert "did you mean scenarios_v1?" in capsys.readouterr().err


def test_import_table_makes_a_bundle(toy: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    counts = pd.DataFrame(toy.matrices["transcript_counts"] * 1.5, columns=toy.sample_ids)
    counts.insert(0, "transcript_id", toy.tables["transcript"]["transcript_id"])
    counts.to_csv("counts.tsv.gz", sep="\t", index=False)
    toy.tables["transcript"].to_csv("transcripts.csv", index=False)
    toy.samples.to_parquet("samples.parquet")
    words = ["--transcripts", "transcripts.csv", "--samples", "samples.parquet", "--out", "c"]
    assert main(["import", "table", "--counts", "counts.tsv.gz", *words]) == 0
    assert "isograph fit --dataset-path c" in capsys.readouterr().out
    assert isograph.load_bundle(Path("c")).matrices["transcript_counts"].sum() == pytest.approx(
        1.5 * toy.matrices["transcript_counts"].sum()
    )


def test_settings_lists_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    out = capsys.readouterr().out
    assert "features.clip" in out
    assert "backend.neighbours" in out


def test_benchmark_writes_reports_and_derives_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--datasets", "toy_multiplex_v1", "--seeds", "2", "--seed-from", "abc"]
    assert main(["benchmark", *words]) == 0
    out = capsys.readouterr().out
    assert "seeds from abc: 1597435854, 3218017180" in out
    report = json.loads(Path("artifacts/reports/selected-calibrated-benchmark.json").read_text())
    assert [row["seed"] for row in report["results"]] == [1597435854, 3218017180]
    assert report["summary"][0]["ari"] == 1.0
    runtime = Path("artifacts/reports/selected-calibrated-runtime-memory.json")
    cell = json.loads(runtime.read_text())["results"][0]
    assert cell["peak_memory_bytes"] > 2**20
    assert set(cell["steps"]) >= {"features", "association", "modules"}


def test_benchmark_names_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["benchmark", "--datasets", "toy_v2", "--suite", "core_v9"]) == 2
    err = capsys.readouterr().err
    assert "toy_v2" in err
    assert "core_v9" in err


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    start = time.perf_counter()
    assert main([]) == 0
    assert time.perf_counter() - start < 1
    assert "fit" in capsys.readouterr().out


def test_settings_of_a_backend_by_name_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "wgcna"]) == 0
    named = capsys.readouterr().out
    assert main(["settings", "--backend", "wgcna"]) == 0
    assert named == capsys.readouterr().out
    assert "backend.min_module_size" in named


@pytest.mark.parametrize("words", [["fit", "--colour", "red"], ["import", "table", "--nope"]])
def test_an_unknown_option_is_answered_with_the_usage_of_its_command(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(words)
    command = " ".join(word for word in words[:2] if not word.startswith("-"))
    assert f"usage: isograph {command}" in capsys.readouterr().err


def test_options_are_not_guessed_from_their_beginning() -> None:
    with pytest.raises(SystemExit):
        main(["simulate", "toy_v1", "--ou", "here"])


@pytest.mark.parametrize("flag", ["--out", "--output-dir"])
def test_folders_go_by_either_name(flag: str, tmp_path: Path) -> None:
    assert main(["simulate", "toy_v1", flag, str(tmp_path / "toy")]) == 0
    words = ["fit", "--dataset-path", str(tmp_path / "toy"), "--quiet"]
    assert main([*words, flag, str(tmp_path / "fit")]) == 0
    assert (tmp_path / "fit" / "modules.parquet").is_file()


def test_a_trait_that_the_covariates_explain_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["simulate", "toy_multiplex_v1", "--out", str(tmp_path / "toy")])
    words = ["fit", "--dataset-path", str(tmp_path / "toy"), "--out", str(tmp_path / "fit")]
    assert main([*words, "--covariates", "~ Dx", "--traits", "Dx,Age"]) == 0
    assert "not tested: Dx (the covariates explain it" in capsys.readouterr().out
