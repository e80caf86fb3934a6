"""Studies that are copied in halves, taken away, and brought back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import isograph
from isograph.simulation import simulate
from isograph_assets.copying import what_is_missing
from isograph_assets.sensors import studies as watching
from isograph_assets.sensors.studies import MAX_GONE, Watched, decide, read_memory
from isograph_assets.studies import Scan, scan_studies
from tests.assets.conftest import Pipeline
from tests.assets.test_sensors import Ticks, drop_bundle, touch
from tests.importers.quantified_files import write_map, write_salmon


@pytest.fixture
def ticks(pipeline: Pipeline) -> Ticks:
    return Ticks(pipeline)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is, in its one element."""
    now = [1e9]
    monkeypatch.setattr(watching.time, "time", lambda: now[0])
    return now


def run_once(pipeline: Pipeline, ticks: Ticks, *names: str) -> None:
    """Studies that are there and have been run."""
    for name in names:
        drop_bundle(pipeline, name)
    ticks.tick()
    assert ticks.requested() == sorted(names)


# half-copied


def test_a_bundle_whose_files_are_not_all_there_is_waited_for(
    pipeline: Pipeline, ticks: Ticks
) -> None:
    folder = drop_bundle(pipeline, "cohort")
    drop_bundle(pipeline, "other")
    late = (folder / "samples.parquet").read_bytes()
    (folder / "samples.parquet").unlink()
    ticks.tick()
    assert ticks.requested() == ["other"]
    assert "waiting" in (told := ticks.told())
    assert "cohort is incomplete: samples.parquet is missing" in told
    (folder / "samples.parquet").write_bytes(late)
    ticks.tick()
    assert ticks.requested() == ["cohort"]


def test_a_copy_that_has_stopped_half_way_becomes_a_problem_and_blocks_no_other(
    pipeline: Pipeline, ticks: Ticks, clock: list[float]
) -> None:
    folder = drop_bundle(pipeline, "cohort")
    (folder / "transcript_counts.npz").unlink()
    for _ in range(3):
        assert "not usable" not in ticks.told()
        clock[0] += 30
    clock[0] += watching.PATIENCE
    drop_bundle(pipeline, "other")
    told = ticks.told()
    assert "not usable: cohort is incomplete: transcript_counts.npz is missing" in told
    assert ticks.requested() == ["other"]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return isograph.save_bundle(simulate("toy_v1"), tmp_path / "bundle")


def test_a_whole_bundle_lacks_nothing(bundle: Path) -> None:
    assert what_is_missing(bundle) == ()


@pytest.mark.parametrize("name", ["samples.parquet", "transcripts.parquet", "gene_counts.npz"])
def test_a_file_without_its_end_is_not_whole(bundle: Path, name: str) -> None:
    whole = (bundle / name).read_bytes()
    for share in (0.0, 0.5, 0.98):
        (bundle / name).write_bytes(whole[: int(len(whole) * share)])
        assert what_is_missing(bundle) == (f"{name} is not whole",)


def test_a_manifest_without_its_end_is_not_whole(bundle: Path) -> None:
    text = (bundle / "manifest.json").read_text()
    (bundle / "manifest.json").write_text(text[:-20])
    assert what_is_missing(bundle) == ("manifest.json is not whole",)


def test_files_of_another_size_than_the_manifest_says_are_named(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    table, matrix = manifest["feature_tables"][0], manifest["matrices"][0]
    rows, features = table["n_rows"], matrix["n_features"]
    table["n_rows"] += 1
    matrix["n_features"] += 2
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    assert what_is_missing(bundle) == (
        f"{table['filename']} has {rows} rows, not {rows + 1}",
        f"{matrix['filename']} has shape {(features, matrix['n_samples'])}, "
        f"not {(features + 2, matrix['n_samples'])}",
    )


def test_what_breaks_the_format_is_left_to_the_bundles_check(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text())
    del manifest["description"]
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    assert what_is_missing(bundle) == ()


# removed


def test_the_partition_of_a_removed_study_goes_after_two_ticks_and_its_results_stay(
    pipeline: Pipeline, ticks: Ticks
) -> None:
    run_once(pipeline, ticks, "cohort", "other")
    assert pipeline.run("all_studies", "cohort").success
    shutil.rmtree(pipeline.studies / "cohort")
    assert ticks.partitions() == ["cohort", "other"]
    assert "gone, results stay: cohort" in ticks.told()
    assert ticks.partitions() == ["other"]
    assert "gone" not in ticks.told()
    assert pipeline.artifacts.bundle("cohort").is_dir()


def test_a_study_that_is_away_for_one_tick_keeps_its_partition(
    pipeline: Pipeline, ticks: Ticks, tmp_path: Path
) -> None:
    run_once(pipeline, ticks, "cohort", "other")
    folder = pipeline.studies / "cohort"
    for _ in range(3):
        folder.rename(tmp_path / "away")
        assert ticks.partitions() == ["cohort", "other"]
        (tmp_path / "away").rename(folder)
        assert ticks.partitions() == ["cohort", "other"]


def test_a_study_that_comes_back_as_it_was_gets_its_partition_and_no_run(
    pipeline: Pipeline, ticks: Ticks, tmp_path: Path
) -> None:
    run_once(pipeline, ticks, "cohort", "other")
    (pipeline.studies / "cohort").rename(tmp_path / "away")
    ticks.tick()
    assert ticks.partitions() == ["other"]
    (tmp_path / "away").rename(pipeline.studies / "cohort")
    assert ticks.requested() == []
    assert ticks.requested() == []
    assert sorted(ticks.partitions()) == ["cohort", "other"]


def test_a_study_that_comes_back_changed_runs_again(
    pipeline: Pipeline, ticks: Ticks, tmp_path: Path
) -> None:
    run_once(pipeline, ticks, "cohort", "other")
    (pipeline.studies / "cohort").rename(tmp_path / "away")
    ticks.tick()
    ticks.tick()
    (tmp_path / "away").rename(pipeline.studies / "cohort")
    touch(pipeline.studies / "cohort" / "samples.parquet")
    ticks.tick()
    assert ticks.requested() == ["cohort"]
    assert sorted(ticks.partitions()) == ["cohort", "other"]


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_nothing_is_removed_while_the_folder_itself_is_missing_or_empty(
    pipeline: Pipeline, ticks: Ticks, tmp_path: Path, what: str
) -> None:
    run_once(pipeline, ticks, "cohort", "other")
    pipeline.studies.rename(tmp_path / "away")
    if what == "empty":
        pipeline.studies.mkdir()
    for _ in range(4):
        told = ticks.told()
        assert "missing or empty though 2 studies are known" in told
        assert ticks.partitions() == ["cohort", "other"]
    if what == "empty":
        pipeline.studies.rmdir()
    (tmp_path / "away").rename(pipeline.studies)
    assert ticks.requested() == []
    assert ticks.requested() == []


def test_a_study_file_that_cannot_be_read_for_now_keeps_its_partition(
    pipeline: Pipeline, ticks: Ticks
) -> None:
    file = pipeline.studies / "a.yaml"
    file.write_text("bundle: cohort\nname: renamed\n")
    drop_bundle(pipeline, "cohort")
    ticks.tick()
    assert ticks.requested() == ["cohort", "renamed"]
    file.write_text("bundle: [\n")
    for _ in range(4):
        assert ticks.partitions() == ["cohort", "renamed"]


def test_a_study_file_that_names_another_study_leaves_the_former_behind(
    pipeline: Pipeline, ticks: Ticks
) -> None:
    file = pipeline.studies / "a.yaml"
    file.write_text("bundle: cohort\nname: before\n")
    drop_bundle(pipeline, "cohort")
    ticks.tick()
    ticks.tick()
    file.write_text("bundle: cohort\nname: after\n")
    ticks.tick()
    assert ticks.partitions() == ["cohort", "after"]


def test_a_partition_that_no_cursor_knows_goes_too_if_no_file_can_be_its(
    pipeline: Pipeline, ticks: Ticks
) -> None:
    run_once(pipeline, ticks, "cohort")
    pipeline.instance.add_dynamic_partitions("study", ["forgotten"])
    (pipeline.studies / "broken.yaml").write_text("bundle: [\n")
    for _ in range(3):
        assert ticks.partitions() == ["cohort", "forgotten"]
    (pipeline.studies / "broken.yaml").unlink()
    ticks.tick()
    assert ticks.partitions() == ["cohort"]


def test_a_cursor_of_an_earlier_version_is_read(pipeline: Pipeline, ticks: Ticks) -> None:
    run_once(pipeline, ticks, "cohort")
    entries = json.loads(str(ticks.cursor))
    ticks.cursor = json.dumps({name: entry[:3] for name, entry in entries.items()})
    assert ticks.requested() == []
    assert read_memory(ticks.cursor)["cohort"].source == "cohort"


def test_only_the_latest_that_are_gone_are_remembered() -> None:
    memory = {f"s{i:04d}": Watched("x", i, "x", 2, f"s{i:04d}") for i in range(MAX_GONE + 5)}
    tick = decide(Scan({}, ()), memory, known=(), now=10_000)
    assert len(tick.memory) == MAX_GONE
    assert "s0004" not in tick.memory
    assert "s0005" in tick.memory


# ---- quantified samples, and bundles of their own folder


def test_quantified_samples_are_a_study(pipeline: Pipeline, ticks: Ticks) -> None:
    write_map(write_salmon(pipeline.studies / "brain") / "tx2gene.csv")
    assert ticks.requested() == []
    assert ticks.requested() == ["brain"]
    result = pipeline.run("all_studies", "brain")
    [event] = [
        event
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None and event.asset_key.path[-1] == "study_bundle"
    ]
    metadata = event.materialization.metadata
    assert metadata["imported from"].value == "brain"
    assert "gene of its own" in str(metadata["import"].value)
    stored = isograph.load_bundle(pipeline.artifacts.bundle("brain"))
    assert stored.sample_ids.tolist() == ["S1", "S2", "S3"]


def test_a_study_file_says_how_samples_are_imported(pipeline: Pipeline, ticks: Ticks) -> None:
    outside = pipeline.studies.parent / "elsewhere"
    write_salmon(outside / "quants")
    write_map(outside / "genes.csv")
    (pipeline.studies / "brain.yaml").write_text(
        "bundle: ../elsewhere/quants\n"
        "import:\n  kind: salmon\n  tx2gene: ../elsewhere/genes.csv\n  without_gene: drop\n"
    )
    assert ticks.requested() == []
    assert ticks.requested() == ["brain"]
    write_map(outside / "genes.csv", {"T1": "GA", "T2": "GB", "T3": "GC"})
    assert ticks.requested() == []
    assert ticks.requested() == ["brain"], "a changed gene map is a changed study"
    pipeline.run("all_studies", "brain")
    stored = isograph.load_bundle(pipeline.artifacts.bundle("brain"))
    assert stored.tables["gene"]["gene_id"].tolist() == ["GA", "GB", "GC"]


def test_files_of_an_import_that_are_not_there_are_named(pipeline: Pipeline) -> None:
    write_salmon(pipeline.studies.parent / "quants")
    (pipeline.studies / "brain.yaml").write_text(
        "bundle: ../quants\nimport:\n  tx2gene: none.csv\n  samples: lost.xlsx\n"
    )
    [problem] = scan_studies(pipeline.studies).problems
    assert "none.csv: no such file" in problem
    assert "lost.xlsx: no such file" in problem


def test_bundles_of_the_bundles_folder_are_studies_too(pipeline: Pipeline) -> None:
    bundles = pipeline.studies.parent / "bundles"
    for name in ("liver", "brain", "medium_v1"):
        isograph.save_bundle(simulate("toy_v1", seed=1), bundles / name)
    (bundles / "notes.txt").write_text("x")
    (pipeline.studies / "brain.yaml").write_text("bundle: ../bundles/brain\nseed: 7\n")
    scan = scan_studies(pipeline.studies, bundles=bundles)
    assert scan.problems == ()
    assert list(scan.studies) == ["brain", "liver"]
    assert scan.studies["brain"].study.seed == 7
