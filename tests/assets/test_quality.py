"""Quality control of a study through the graph."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

import isograph
from isograph.files import read_json
from isograph.quality import assess_quality, write_quality
from isograph.simulation import simulate
from isograph.study import read_study
from tests.assets.conftest import Pipeline
from tests.assets.test_graph import data_version, metadata_of


def test_a_study_gets_the_librarys_files_with_its_bundle(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    isograph.save_bundle(simulate("toy_multiplex_v1"), pipeline.studies / "cohort")
    path = pipeline.studies / "mine.yaml"
    path.write_text('bundle: cohort\ntraits: [Dx]\ncovariates: "~ Age"\n')
    result = pipeline.run("all_studies", "mine")
    assert result.success
    study = read_study(path)
    expected = assess_quality(isograph.load_bundle(study.bundle), study=study)
    write_quality(expected, tmp_path / "expected")
    folder = pipeline.artifacts.root / "qc" / "mine"
    for file in sorted((tmp_path / "expected").glob("*.parquet")):
        assert (folder / file.name).read_bytes() == file.read_bytes()
    record = read_json(folder / "qc.json")
    assert record["study"] == "mine"
    assert record["traits"] == ["Dx"]
    assert (folder / "qc.html").exists()
    assert data_version(result, "study_quality") == expected.result_hash


def test_the_materialization_counts_flags_and_shows_a_picture(pipeline: Pipeline) -> None:
    bundle = simulate("toy_multiplex_v1")
    counts = bundle.matrices["transcript_counts"].copy()
    counts[:, 0] //= 40
    samples = bundle.samples.assign(batch=bundle.samples["Dx"])
    matrices = {"transcript_counts": counts}
    tables = {"transcript": bundle.tables["transcript"]}
    changed = isograph.Bundle(
        **{**vars(bundle), "samples": samples, "matrices": matrices, "tables": tables}
    )
    isograph.save_bundle(changed, pipeline.studies / "cohort")
    (pipeline.studies / "mine.yaml").write_text(
        'bundle: cohort\ntraits: [Dx]\ncovariates: "~ batch"\n'
    )
    # the covariate leaves nothing of the trait: quality control says so, and the run goes on
    result = pipeline.run("all_studies", "mine")
    about = metadata_of(result, "study_quality")
    assert about["samples"] == 64
    assert about["flags: library size"] == 1
    assert about["flagged samples"] >= 1  # type: ignore[operator]
    assert about["warnings"] == 1
    assert "cannot be told from batch" in str(about["what is wrong with the sample columns"])
    assert str(about["picture"]).startswith("![")
    assert len(str(about["picture"])) < 60_000
    assert str(about["page to open"]).endswith("qc/mine/qc.html")
    assert about["dagster/row_count"] == 64


def test_fixtures_need_none(pipeline: Pipeline) -> None:
    graph = pipeline.defs.resolve_asset_graph()
    keys = graph.get_all_asset_keys()
    assert dg.AssetKey("fixture_quality") not in keys
    parents = graph.get(dg.AssetKey("study_quality")).parent_keys
    assert parents == {dg.AssetKey("study_bundle")}
