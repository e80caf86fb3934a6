"""The pipeline on `s3://`, against a real object-store server on this machine."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

import isograph
from isograph.errors import OutputError
from isograph.files import read_json, write_json
from isograph.results import read_fit
from isograph.simulation import simulate
from isograph_assets.definitions import build_defs
from isograph_assets.partitions import fit_key
from isograph_assets.resources import Artifacts
from isograph_assets.storage.records import RECORD
from tests.assets.conftest import Pipeline

s3fs = pytest.importorskip("s3fs", reason="pip install 'isograph-assets[s3]'")
boto3 = pytest.importorskip("boto3")
moto_server = pytest.importorskip("moto.server", reason="pip install 'isograph-assets[dev]'")

BUCKET, PLACE = "cohort-results", "s3://cohort-results/isograph"
SECRET = "a-secret-that-is-kept-nowhere"
FIT = fit_key("toy_v1", "calibrated")
WRITER = """
import os, signal, sys
import s3fs
import isograph
from isograph.simulation import simulate
from isograph_assets.io_managers import FitIOManager

whole, put = s3fs.S3FileSystem._put_file, []

async def killed(self, local, remote, **options):
    if len(put) >= 3:
        os.kill(os.getpid(), signal.SIGKILL)
    put.append(await whole(self, local, remote, **options))

s3fs.S3FileSystem._put_file = killed
manager = FitIOManager(folder=sys.argv[1])
path = manager.place("toy_v1", "calibrated")
with manager.artifacts.writing(path):
    manager.write(isograph.fit(simulate("toy_v1", seed=99)), path)
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server on loopback; whoever runs below finds it by the usual environment."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        s3fs.S3FileSystem.clear_instance_cache()
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield f"http://{host}:{port}"
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.fixture(scope="module")
def served(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """toy_v1 from nothing to the leaderboard, with results in the bucket."""
    home = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch, dg.DagsterInstance.ephemeral() as instance:
        patch.setenv("ISOGRAPH_CACHE", str(home / "cache"))
        made = Pipeline(
            artifacts=Artifacts(folder=PLACE),
            studies=home / "studies",
            instance=instance,
            defs=build_defs(artifacts=PLACE, studies=home / "studies"),
        )
        made.run_fixture("toy_v1")
        assert made.run("leaderboard_report").success
        yield made


@pytest.fixture
def elsewhere(served: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artifacts:
    """The same bucket on another machine, which has no copies yet."""
    monkeypatch.setenv("ISOGRAPH_CACHE", str(tmp_path / "cache"))
    return Artifacts(folder=PLACE)


def objects(below: str) -> dict[str, bytes]:
    client = boto3.client("s3")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=below)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def fitted(artifacts: Artifacts) -> isograph.Fit:
    with artifacts.reading(artifacts.fit("toy_v1", "calibrated")) as path:
        return read_fit(path)


def test_content_hashes_are_those_of_a_folder(
    served: Pipeline, elsewhere: Artifacts, pipeline: Pipeline
) -> None:
    pipeline.run_fixture("toy_v1")
    assert pipeline.run("leaderboard_report").success
    here = pipeline.artifacts
    assert fitted(elsewhere).content_hash == fitted(here).content_hash
    with elsewhere.reading(elsewhere.bundle("toy_v1")) as path:
        there = isograph.load_bundle(path).content_hash
    assert there == isograph.load_bundle(here.bundle("toy_v1")).content_hash
    hashes = [
        read_json(place.fetch(place.report("leaderboard.json")))["content_hash"]
        for place in (elsewhere, here)
    ]
    assert hashes[0] == hashes[1]
    for name in ("features/toy_v1", "fits/toy_v1/calibrated"):
        there = elsewhere.fetch(elsewhere.root / name)
        files = [{p.name for p in folder.iterdir()} for folder in (there, here.root / name)]
        assert files[0] == files[1]


def test_another_machine_goes_on_where_the_first_stopped(
    served: Pipeline, elsewhere: Artifacts, tmp_path: Path
) -> None:
    assert not elsewhere.root.exists()
    with dg.DagsterInstance.ephemeral() as instance:
        other = Pipeline(
            artifacts=elsewhere,
            studies=tmp_path / "studies",
            instance=instance,
            defs=build_defs(artifacts=PLACE, studies=tmp_path / "studies"),
        )
        assert other.run("leaderboard_report").success
        assert other.run("fixture_fits", FIT).success
    assert sorted(p.name for p in elsewhere.bundle("toy_v1").parent.iterdir()) == ["toy_v1"]


def test_people_find_results_by_the_metadata(served: Pipeline) -> None:
    wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey("fixture_fit"))
    (record, *_) = served.instance.fetch_materializations(wanted, limit=1).records
    assert record.asset_materialization is not None
    address = str(record.asset_materialization.metadata["path"].value)
    below = address.removeprefix(f"s3://{BUCKET}/")
    assert f"{below}/modules.parquet" in objects("isograph/fits/toy_v1/calibrated")
    assert set(objects("isograph/reports")) >= {
        "isograph/reports/leaderboard.json",
        "isograph/reports/leaderboard.png",
    }


def test_no_key_is_kept_anywhere(served: Pipeline) -> None:
    for name, content in objects("").items():
        assert SECRET.encode() not in content, name
    for path in served.artifacts.root.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    for record in served.instance.get_run_records():
        for event in served.instance.all_logs(record.dagster_run.run_id):
            assert SECRET not in str(event)


def test_a_writer_that_is_killed_leaves_the_old_fit(
    served: Pipeline, elsewhere: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = objects("isograph/fits/toy_v1/calibrated")
    monkeypatch.setenv("ISOGRAPH_CACHE", str(tmp_path / "third"))
    writer = subprocess.run([sys.executable, "-c", WRITER, PLACE], timeout=120)
    assert writer.returncode == -signal.SIGKILL
    after = objects("isograph/fits/toy_v1/calibrated")
    assert len(after.keys() - before.keys()) >= 3, "it had begun to write"
    assert before.items() <= after.items()
    assert fitted(elsewhere).content_hash == isograph.fit(simulate("toy_v1")).content_hash
    # the lock of a writer that is gone keeps nobody waiting
    assert served.run("fixture_fits", FIT).success
    assert fitted(elsewhere).content_hash == isograph.fit(simulate("toy_v1")).content_hash


def test_an_object_that_was_damaged_is_noticed(served: Pipeline, elsewhere: Artifacts) -> None:
    address = str(elsewhere.shown(elsewhere.features("toy_v1"), "feature_scores.parquet").value)
    key = address.removeprefix(f"s3://{BUCKET}/")
    content = objects(key)[key]
    flipped = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
    client = boto3.client("s3")
    client.put_object(Bucket=BUCKET, Key=key, Body=flipped)
    try:
        with (
            pytest.raises(OutputError, match=r"feature_scores\.parquet(.|\n)*run the asset again"),
            elsewhere.reading(elsewhere.features("toy_v1")),
        ):
            pass
    finally:
        client.put_object(Bucket=BUCKET, Key=key, Body=content)


def test_lines_are_added_by_several_machines(served: Pipeline, elsewhere: Artifacts) -> None:
    path = "lines.jsonl"
    for artifacts, line in ((elsewhere, "1\n"), (served.artifacts, "2\n")):
        with artifacts.appending(artifacts.report(path)) as part:
            part.write_text(line)
    assert elsewhere.fetch_lines(elsewhere.report(path)).read_text() == "1\n2\n"


def test_a_bucket_that_is_not_there_is_told(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOGRAPH_CACHE", str(tmp_path))
    artifacts = Artifacts(folder="s3://nobody-has-this/x")
    path = artifacts.fit("toy_v1", "calibrated")
    report = artifacts.report("a.json")
    write_json(report, {})
    with (
        pytest.raises(OutputError, match=r"cannot be read(.|\n)*bucket does not exist"),
        artifacts.reading(path),
    ):
        pass
    with (
        pytest.raises(OutputError, match=r"cannot be written(.|\n)*bucket does not exist"),
        artifacts.writing(report),
    ):
        pass


@pytest.mark.parametrize(
    ("missing", "told"), [("AWS_ENDPOINT_URL", "onnect"), ("AWS_SECRET_ACCESS_KEY", "redential")]
)
def test_a_server_or_a_key_that_is_not_there_is_told(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, told: str
) -> None:
    monkeypatch.setenv("ISOGRAPH_CACHE", str(tmp_path))
    if missing == "AWS_ENDPOINT_URL":
        monkeypatch.setenv(missing, "http://127.0.0.1:1")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    else:
        monkeypatch.delenv(missing)
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    s3fs.S3FileSystem.clear_instance_cache()
    artifacts = Artifacts(folder=PLACE)
    try:
        with pytest.raises(OutputError, match=told) as refused:
            artifacts.fetch(artifacts.fit("toy_v1", "calibrated"))
        assert SECRET not in str(refused.value)
    finally:
        s3fs.S3FileSystem.clear_instance_cache()


def test_the_record_is_written_last(served: Pipeline) -> None:
    client = boto3.client("s3")
    listed = client.list_objects_v2(Bucket=BUCKET, Prefix="isograph/bundles/toy_v1/")["Contents"]
    times = {entry["Key"].rpartition("/")[2]: entry["LastModified"] for entry in listed}
    assert times.pop(RECORD) >= max(times.values())
