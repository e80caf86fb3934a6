"""The history in a PostgreSQL server of its own, started and stopped here."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
import yaml

from isograph.errors import ConfigError
from isograph_assets import prune as pruning
from isograph_assets.definitions import build_defs
from isograph_assets.home import POSTGRES, prepare_home

PROJECT = Path(__file__).resolve().parents[2]
PASSWORD = "not:to/be@written"
QUOTED = "not%3Ato%2Fbe%40written"
DRIVERS = ("dagster_postgres", "psycopg2")


def binaries() -> Path | None:
    """The folder of the newest server on this machine."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda f: float(f.parent.name))
    return folders[-1] if folders else None


BINARIES = binaries()
pytestmark = [
    pytest.mark.skipif(BINARIES is None, reason="no PostgreSQL server (initdb) on this machine"),
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in DRIVERS),
        reason="the extra is not installed: pip install '.[postgres]'",
    ),
]


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        address: of its database, as users write it.
        folder: of its socket.
    """

    address: str
    folder: Path


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server on a Unix socket, with a password; nothing of it is left afterwards."""
    assert BINARIES is not None
    # paths of sockets must be short
    folder = Path(tempfile.mkdtemp(prefix="iso-pg-"))
    data, word, log = folder / "data", folder / "word", folder / "log"
    word.write_text(PASSWORD)
    owner: dict[str, object] = {}
    if os.geteuid() == 0:
        # the server refuses to be root
        shutil.chown(folder, "nobody")
        shutil.chown(word, "nobody")
        owner = {"user": "nobody", "group": None, "extra_groups": []}
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}

    def run(program: str, *arguments: str) -> None:
        command = [str(BINARIES / program), *arguments]
        done = subprocess.run(  # type: ignore[call-overload]
            command, cwd=folder, env=environment, capture_output=True, text=True, **owner
        )
        assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")

    options = ["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=scram-sha-256"]
    run("initdb", "-D", str(data), "-U", "keeper", f"--pwfile={word}", *options)
    settings = f"-k {folder} -c listen_addresses= -c fsync=off -c max_connections=50"
    run("pg_ctl", "start", "-w", "-D", str(data), "-l", str(log), "-o", settings)
    try:
        yield Server(f"postgresql://keeper:{QUOTED}@/postgres?host={folder}", folder)
    finally:
        run("pg_ctl", "stop", "-D", str(data), "-m", "immediate")
        shutil.rmtree(folder)


@pytest.fixture
def home(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a pipeline whose history is in the server."""
    monkeypatch.setenv(POSTGRES, server.address)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ISOGRAPH_ARTIFACTS", str(tmp_path / "artifacts"))
    return prepare_home()


def test_the_history_is_in_the_database_and_its_password_in_no_file(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = yaml.safe_load((home / "dagster.yaml").read_text())
    assert written["storage"]["postgres"]["postgres_url"] == {"env": POSTGRES}
    artifacts = tmp_path / "artifacts"
    defs = build_defs(artifacts=artifacts, studies=tmp_path / "studies")
    with dg.DagsterInstance.get() as instance:
        runs = [
            defs.resolve_job_def("all_fixtures")
            .execute_in_process(partition_key="toy_v1", instance=instance)
            .run_id
            for _ in range(2)
        ]
        instance.event_log_storage.set_concurrency_slots("fixtures", 3)
    assert seen_by_another_process() == {"runs": runs[::-1], "partitions": ["toy_v1"], "slots": 3}
    assert list(home.rglob("*.db")) == []
    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert PASSWORD.encode() not in content
            assert QUOTED.encode() not in content
    time.sleep(0.01)
    assert pruning.main(["--older-than", "0"]) == 0
    told = capsys.readouterr().out
    assert "1 run gone" in told
    assert "autovacuum" in told
    assert seen_by_another_process()["runs"] == runs[1:]


def seen_by_another_process() -> dict[str, object]:
    """What the instance of this environment holds."""
    code = """
import json, dagster as dg
with dg.DagsterInstance.get() as instance:
    made = instance.fetch_materializations(dg.AssetKey("fixture_bundle"), limit=9).records
    print(json.dumps({
        "runs": [run.run_id for run in instance.get_runs()],
        "partitions": sorted({record.partition_key for record in made}),
        "slots": instance.event_log_storage.get_concurrency_info("fixtures").slot_count,
    }))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_wrong_password_is_one_line_that_does_not_hold_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(POSTGRES, f"postgresql://keeper:wr0ng@/postgres?host={server.folder}")
    with pytest.raises(ConfigError) as caught:
        prepare_home(tmp_path)
    assert "authentication failed" in str(caught.value)
    assert "wr0ng" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "dagster.yaml").exists()


def test_the_commands_say_in_one_line_that_nobody_answers(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = os.environ | {
        "DAGSTER_HOME": str(tmp_path),
        POSTGRES: f"postgresql://keeper:{QUOTED}@/postgres?host={tmp_path}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "isograph_assets.prune"],
        env=environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"{POSTGRES}: the database cannot be used" in done.stderr
