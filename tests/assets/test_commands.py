"""The commands that start things: the demo, the home folder, the shell scripts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml

from isograph_assets import home
from isograph_assets.assets import bundles
from isograph_assets.demo import main, run_demo
from isograph_assets.measure import Cost
from isograph_assets.resources import artifacts_folder, studies_folder
from tests.assets.conftest import Pipeline

PROJECT = Path(__file__).resolve().parents[2]
SCRIPTS = ("env.sh", "demo.sh", "test.sh", "ui.sh")


def test_the_demo_tells_what_was_found_and_where_it_lies(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    fixture = "toy_multiplex_v1"
    assert run_demo([fixture], definitions=pipeline.defs, instance=pipeline.instance) == 0
    told = capsys.readouterr().out
    (row,) = [line.split() for line in told.splitlines() if line.startswith(f"  {fixture}  ")]
    assert row[1:6] == ["2", "2", "1.000", "1.000", "1.000"]
    assert str(pipeline.artifacts.fit(fixture, "calibrated")) in told
    assert "scripts/ui.sh" in told
    page = pipeline.artifacts.explanation(fixture, "calibrated") / "index.html"
    assert str(page) in told
    assert page.exists()
    assert len(told.splitlines()) < 25


def test_the_demo_keeps_its_runs_in_the_instance(pipeline: Pipeline) -> None:
    run_demo(["toy_v1"], definitions=pipeline.defs, instance=pipeline.instance)
    assert pipeline.instance.get_runs_count() == 4
    records = pipeline.instance.fetch_materializations(dg.AssetKey("fixture_fit"), limit=5).records
    assert [record.partition_key for record in records] == ["calibrated|toy_v1"]


def test_the_demo_says_why_it_failed(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> None:
        raise RuntimeError("no space left")

    monkeypatch.setattr(bundles, "simulate", broken)
    assert run_demo(["toy_v1"], definitions=pipeline.defs, instance=pipeline.instance) == 1
    assert "no space left" in capsys.readouterr().err


def test_the_demo_refuses_an_unknown_fixture(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["toy_v7"])
    assert "no such fixture: toy_v7" in capsys.readouterr().err


def test_the_home_is_sized_to_the_machine_and_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "machine_cores", lambda: 3)
    folder = home.prepare_home(tmp_path / "home")
    written = yaml.safe_load((folder / "dagster.yaml").read_text())
    assert written["telemetry"] == {"enabled": False}
    assert written["nux"] == {"enabled": False}
    assert 1 <= written["concurrency"]["runs"]["max_concurrent_runs"] <= 3
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    with dg.DagsterInstance.get() as instance:
        assert not instance.telemetry_enabled


def test_a_home_that_somebody_wrote_is_kept(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    home.prepare_home(tmp_path)
    assert (tmp_path / "dagster.yaml").read_text() == "telemetry:\n  enabled: false\n"


def test_threads_of_all_runs_together_do_not_exceed_the_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(home, "machine_cores", lambda: 8)
    monkeypatch.setattr(home, "runs_at_once", lambda: 4)
    environment = home.instance_environment(Path("/home/d"), {"MKL_NUM_THREADS": "7"})
    assert environment["OMP_NUM_THREADS"] == environment["ISOGRAPH_THREADS"] == "2"
    assert environment["MKL_NUM_THREADS"] == "7"
    assert environment["DAGSTER_HOME"] == "/home/d"


def test_folders_come_from_the_environment_or_lie_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOGRAPH_ARTIFACTS", str(tmp_path / "a"))
    monkeypatch.setenv("ISOGRAPH_STUDIES", str(tmp_path / "s"))
    assert (artifacts_folder(), studies_folder()) == (tmp_path / "a", tmp_path / "s")
    monkeypatch.delenv("ISOGRAPH_ARTIFACTS")
    monkeypatch.delenv("ISOGRAPH_STUDIES")
    assert (artifacts_folder(), studies_folder()) == (PROJECT / "artifacts", PROJECT / "studies")


def test_the_cost_of_a_block_is_its_own() -> None:
    with Cost() as large:
        held = bytearray(80 * 2**20)
        held[::4096] = b"x" * len(held[::4096])
    del held
    with Cost() as small:
        pass
    assert large.peak_mib > 80
    assert 0 <= small.seconds < large.seconds + 1
    if not small.whole_process:
        assert small.peak_mib < large.peak_mib - 40


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_sound_bash(name: str) -> None:
    done = subprocess.run(["bash", "-n", str(PROJECT / "scripts" / name)], check=False)
    assert done.returncode == 0


def test_the_environment_refuses_the_published_package(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "isograph-0.1.5.dist-info").mkdir()
    (site / "isograph-0.1.5.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: isograph\nVersion: 0.1.5\n"
    )
    done = subprocess.run(
        ["bash", str(PROJECT / "scripts" / "demo.sh")],
        env={**os.environ, "ISOGRAPH_VENV": str(venv), "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "isograph 0.1.5" in done.stderr
    assert "uninstall isograph" in done.stderr


def test_constraints_pin_every_declared_package() -> None:
    lines = (PROJECT / "constraints.txt").read_text().splitlines()
    pins = dict(line.lower().split("==") for line in lines if line and line[0] != "#")
    assert pins["torch"] == "2.13.0"
    assert pins["dagster"] == pins["dagster-webserver"] == "1.13.27"
    assert not any("+" in version for version in pins.values())
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    declared = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[<>=!~ \[]", text)[0].lower() for text in declared}
    assert names <= set(pins)
