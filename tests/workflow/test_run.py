"""`isograph run`: from files to the page, and on again after a stop or a change."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import isograph
from isograph.cli import main
from isograph.errors import IsographError, OutputError, StudyError
from isograph.exporters.salmon import write_salmon
from isograph.importers.options import ImportOptions
from isograph.progress import Steps
from isograph.simulation import simulate
from isograph.workflow import cohort as workflow
from isograph.workflow.cohort import STAGES, run_cohort
from isograph.workflow.ledger import Ledger, print_of_folder
from isograph.workflow.model import Plan


@pytest.fixture(scope="module")
def quants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated cohort as Salmon folders, with a gene map and a sample sheet beside them."""
    folder = tmp_path_factory.mktemp("data") / "cohort"
    return write_salmon(simulate("toy_multiplex_v1", seed=5), folder)


def plan(quants: Path, out: Path, **changes: object) -> Plan:
    return Plan(source=quants, out=out, name="cohort", top=1, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def first(quants: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("runs") / "first"
    result = run_cohort(plan(quants, out))
    assert result.kept == ()
    return out


def test_a_folder_of_samples_becomes_a_page(quants: Path, first: Path) -> None:
    page = (first / "index.html").read_text()
    for link in re.findall(r'href="([^"#]+)"', page):
        assert link.startswith("data:") or (first / link).exists(), link
    assert "explain/M000/module.html" in page
    fit = isograph.read_fit(first / "fit")
    assert f"<strong>{len(fit.summary)}</strong>" in page
    made = isograph.load_bundle(first / "bundle")
    whole = simulate("toy_multiplex_v1", seed=5)
    order = [list(whole.sample_ids).index(name) for name in made.sample_ids]
    np.testing.assert_array_equal(
        made.matrices["transcript_counts"], whole.matrices["transcript_counts"][:, order]
    )


def test_modules_are_those_of_a_fit_of_the_bundle(first: Path) -> None:
    mine = isograph.fit(
        isograph.load_bundle(first / "bundle"),
        study=isograph.make_study(bundle=first / "bundle", name="cohort"),
    )
    assert isograph.read_fit(first / "fit").content_hash == mine.content_hash


def test_what_has_not_changed_is_kept(quants: Path, first: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in first.glob("*/*")}
    result = run_cohort(plan(quants, first))
    assert result.kept == STAGES[:-1]
    assert {path: path.stat().st_mtime_ns for path in first.glob("*/*")} == before


def test_a_stop_loses_only_the_stage_that_ran(
    quants: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(workflow, "explain", stop)
        with pytest.raises(KeyboardInterrupt):
            run_cohort(plan(quants, tmp_path / "run"))
    result = run_cohort(plan(quants, tmp_path / "run"))
    assert result.kept == ("import", "quality", "fit")
    assert result.page.is_file()


def test_another_study_keeps_the_import_only(quants: Path, first: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run_cohort(plan(quants, out))
    traits = isograph.read_fit(out / "fit").config["traits"]
    chosen = {"traits": (traits[0]["name"],)}
    result = run_cohort(plan(quants, out, study=chosen))
    assert result.kept == ("import",)
    assert set(result.fit.traits["trait"]) == {traits[0]["name"]}


def test_a_changed_file_is_imported_again(quants: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(quants, copy)
    run_cohort(plan(copy, tmp_path / "run"))
    sheet = (copy / "samples.tsv").read_text()
    (copy / "samples.tsv").write_text(sheet.replace("Age", "Years"))
    result = run_cohort(plan(copy, tmp_path / "run"))
    assert "import" not in result.kept
    assert "Years" in isograph.load_bundle(tmp_path / "run" / "bundle").samples


def test_names_of_genes_that_change_are_explained_anew(quants: Path, tmp_path: Path) -> None:
    copy, out = tmp_path / "copy", tmp_path / "run"
    shutil.copytree(quants, copy)
    run_cohort(plan(copy, out))
    genes = pd.read_csv(copy / "tx2gene.tsv", sep="\t")
    genes["gene_name"] = "name-of-" + genes["gene_id"]
    genes.to_csv(copy / "tx2gene.tsv", sep="\t", index=False)
    result = run_cohort(plan(copy, out))
    assert "explanation" not in result.kept
    assert "name-of-" in (out / "explain" / "index.html").read_text()


def test_a_run_below_its_samples_is_kept_too(quants: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(quants, copy)
    run_cohort(plan(copy, copy / "artifacts" / "run"))
    assert run_cohort(plan(copy, copy / "artifacts" / "run")).kept == STAGES[:-1]


def test_a_bundle_is_not_imported(first: Path, tmp_path: Path) -> None:
    run_cohort(plan(first / "bundle", tmp_path / "run"))
    assert not (tmp_path / "run" / "bundle").exists()
    assert (tmp_path / "run" / "index.html").is_file()


def test_a_folder_of_other_files_is_not_written_to(quants: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(OutputError, match=r"holds files that no run wrote.*mine\.txt"):
        run_cohort(plan(quants, tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_refused_leaves_nothing_behind(quants: Path, tmp_path: Path) -> None:
    with pytest.raises(IsographError):
        run_cohort(plan(quants, tmp_path / "run", kind="kallisto"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("damage", ["", "[]", '{"stages": 3, "isograph_version": "x"}', "{"])
def test_a_damaged_record_costs_time_only(tmp_path: Path, damage: str) -> None:
    (tmp_path / "run.json").write_text(damage)
    assert Ledger.open(tmp_path).stages == {}


def test_a_stage_that_fails_is_not_written_down(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "run")
    with ledger.stage("fit", {"a": 1}):
        pass
    assert Ledger.open(tmp_path / "run").is_done("fit", {"a": 1})
    with pytest.raises(ValueError, match="no"), ledger.stage("fit", {"a": 1}):
        raise ValueError("no")
    assert not Ledger.open(tmp_path / "run").is_done("fit", {"a": 1})


def test_a_folder_is_told_apart_by_names_sizes_and_times(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    before = print_of_folder(tmp_path, depth=1)
    assert print_of_folder(tmp_path, depth=0) != before
    (tmp_path / "a" / "x").write_text("22")
    assert print_of_folder(tmp_path, depth=1) != before


def test_the_command_says_where_the_page_is(
    quants: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["run", str(quants), "--out", str(out), "--top", "1"]) == 0
    told = capsys.readouterr()
    assert f"open {out / 'index.html'}" in told.out
    assert "tx2gene.tsv beside the samples is taken as the transcript-to-gene map" in told.err
    assert "[5/5] report" in told.err
    record = json.loads((out / "run.json").read_text())
    assert set(record["stages"]) == set(STAGES[:-1])


def test_a_bundle_refuses_what_it_would_not_read(
    first: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", str(first / "bundle"), "--out", str(tmp_path / "run")]
    assert main([*words, "--samples", "none.csv", "--tx2gene", "none.tsv"]) == 2
    told = capsys.readouterr().err
    assert "--samples: is for an import" in told
    assert "--tx2gene: is for an import" in told
    assert not (tmp_path / "run").exists()


def test_a_rerun_that_stops_leaves_no_page_of_former_results(
    quants: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    run_cohort(plan(quants, tmp_path / "run"))
    monkeypatch.setattr(workflow, "fit", stop)
    with pytest.raises(KeyboardInterrupt):
        run_cohort(plan(quants, tmp_path / "run", study={"covariates": "~ Age"}))
    assert not (tmp_path / "run" / "index.html").exists()


@pytest.mark.parametrize(
    ("study", "told"),
    [
        ({"covariates": "~ Agee"}, "did you mean Age?"),
        ({"traits": ("Nope", "Agee")}, "no such sample column"),
    ],
)
def test_what_a_study_cannot_have_is_refused_before_the_import(
    quants: Path, tmp_path: Path, study: dict[str, object], told: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(StudyError, match=re.escape(told)):
        run_cohort(plan(quants, tmp_path / "new", study=study), steps=Steps.to_stderr())
    assert "import" not in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_sheet_on_its_side_is_told_before_the_import(quants: Path, tmp_path: Path) -> None:
    sheet = pd.read_csv(quants / "samples.tsv", sep="\t").set_index("sample_id").T
    sheet.rename_axis("sample").to_csv(tmp_path / "turned.csv")
    asked = plan(
        quants,
        tmp_path / "run",
        imports=ImportOptions(samples=tmp_path / "turned.csv"),
        study={"traits": ("Age",)},
    )
    with pytest.raises(StudyError, match=r"lies on its side.*Age.*turn it"):
        run_cohort(asked)


def test_a_refused_study_leaves_a_former_run_as_it_was(first: Path, quants: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in first.rglob("*") if path.is_file()}
    with pytest.raises(StudyError):
        run_cohort(plan(quants, first, study={"covariates": "~ Nope"}))
    after = {path: path.stat().st_mtime_ns for path in first.rglob("*") if path.is_file()}
    assert {path.name for path in before if before[path] != after[path]} <= {".lock"}


def test_another_cohort_does_not_go_into_the_same_folder(quants: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "run", tmp_path / "other"
    run_cohort(plan(quants, out))
    shutil.copytree(quants, other)
    with pytest.raises(OutputError, match=r"holds the run of cohort.*--overwrite"):
        run_cohort(plan(other, out))
    result = run_cohort(plan(other, out, overwrite=True))
    assert result.kept == ()
    assert run_cohort(plan(other, out)).kept == STAGES[:-1]


def test_nothing_of_another_cohort_stays_where_its_run_is_replaced(
    quants: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    out, other = tmp_path / "run", tmp_path / "other"
    run_cohort(plan(quants, out))
    shutil.copytree(quants, other)
    # what is refused costs nothing of the former run
    with pytest.raises(IsographError):
        run_cohort(plan(other, out, overwrite=True, kind="kallisto"))
    assert (out / "fit").is_dir()
    monkeypatch.setattr(workflow, "fit", stop)
    with pytest.raises(KeyboardInterrupt):
        run_cohort(plan(other, out, overwrite=True))
    assert not (out / "fit").exists()
    assert not (out / "explain").exists()


def test_two_runs_do_not_write_into_one_folder(quants: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with Ledger.open(out).held(), pytest.raises(OutputError, match="another run is writing there"):
        run_cohort(plan(quants, out))
    assert not out.exists()


def test_what_to_look_at_first_and_names_of_genes_stand_on_the_terminal(
    quants: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(quants, tmp_path / "q")
    lines = (tmp_path / "q" / "samples.tsv").read_text().splitlines()
    cells = [[*line.split("\t"), "twin"] for line in lines]
    genes = pd.read_csv(tmp_path / "q" / "tx2gene.tsv", sep="\t")
    genes["gene_name"] = "name-of-" + genes["gene_id"]
    genes.to_csv(tmp_path / "q" / "tx2gene.tsv", sep="\t", index=False)
    age = cells[0].index("Age")
    for row in cells:
        row[-1] = row[age] + "1" if row is not cells[0] else "Twin"
    (tmp_path / "q" / "samples.tsv").write_text("".join("\t".join(row) + "\n" for row in cells))
    out = tmp_path / "run"
    words = ["run", str(tmp_path / "q"), "--out", str(out), "--top", "1", "--traits", "Age"]
    assert main([*words, "--covariates", "~ Twin"]) == 0
    told = capsys.readouterr().out
    record = json.loads((out / "run.json").read_text())
    flags = record["stages"]["quality"]["result"]["flags"]
    assert any("Twin" in flag for flag in flags)
    assert "look at first" in told
    assert all(flag in told for flag in flags[:3])
    top = isograph.read_fit(out / "fit").summary["top_genes"].iloc[0].split(", ")[0]
    assert f"  name-of-{top}," in told


def test_a_sample_that_was_not_quantified_and_odd_cells_are_flagged(
    quants: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(quants, tmp_path / "q")
    lines = (tmp_path / "q" / "samples.tsv").read_text().splitlines()
    gone = lines.pop().split("\t")[0]
    (tmp_path / "q" / gone / "quant.sf").unlink()
    cells = lines[1].split("\t")
    cells[lines[0].split("\t").index("Age")] = "n.d."
    lines[1] = "\t".join(cells)
    (tmp_path / "q" / "samples.tsv").write_text("\n".join(lines) + "\n")
    out = tmp_path / "run"
    assert main(["run", str(tmp_path / "q"), "--out", str(out), "--top", "1"]) == 0
    told, page = capsys.readouterr().out, (out / "index.html").read_text()
    for text in (told, page):
        assert gone in text
        assert "n.d." in text
