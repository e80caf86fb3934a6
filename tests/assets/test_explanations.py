"""Explanations through the graph."""

from __future__ import annotations

import json

import isograph
import isograph.files
from isograph.explanation import explain
from isograph.files import read_json
from isograph.simulation import simulate
from isograph_assets.partitions import fit_key
from tests.assets.conftest import Pipeline
from tests.assets.test_graph import metadata_of

TOY = "toy_multiplex_v1"


def test_a_study_is_explained_with_its_fit(pipeline: Pipeline) -> None:
    isograph.save_bundle(simulate(TOY), pipeline.studies / "cohort")
    assert pipeline.run("all_studies", "cohort").success
    result = pipeline.run("study_fits", fit_key("cohort", "calibrated"))
    assert result.success
    folder = pipeline.artifacts.explanation("cohort", "calibrated")
    assert folder.name == "cohort"
    index = read_json(folder / "index.json")
    assert [row["folder"] for row in index["modules"]] == ["M000", "M001"]
    assert (folder / "M000" / "drivers.png").exists()
    assert not (folder / "M001" / "drivers.png").exists()
    about = metadata_of(result, "study_explanation")
    assert str(about["page to open"]).endswith("cohort/index.html")
    assert about["modules and programmes"] == 2
    assert str(about["M000: Drivers"]).startswith("![")
    assert "top driver" in str(about["modules"])
    assert "dIF" in str(about["switches by trait"])


def test_its_tables_are_the_librarys(pipeline: Pipeline) -> None:
    pipeline.run_fixture(TOY)
    result = pipeline.run("fixture_explanations", fit_key(TOY, "calibrated"))
    assert result.success
    folder = pipeline.artifacts.explanation(TOY, "calibrated")
    stored = isograph.read_fit(pipeline.artifacts.fit(TOY, "calibrated"))
    for part in explain(stored, bundle=simulate(TOY)).parts:
        written = json.loads(
            (folder / part.profile.name / "module_explanation_manifest.json").read_text()
        )
        for name, table in part.tables.items():
            assert written["files"][name]["rows"] == table.num_rows
            assert isograph.files.hash_table(table) == written["files"][name]["content_hash"]


def test_backends_lie_beside_each_other_and_models_are_asked(pipeline: Pipeline) -> None:
    pipeline.run_fixture(TOY, "vae")
    assert pipeline.run("fixture_explanations", fit_key(TOY, "vae")).success
    folder = pipeline.artifacts.explanation(TOY, "vae")
    assert folder.name == f"{TOY}-vae"
    assert (folder / "M000" / "ig_attributions.parquet").exists()
