"""Jobs: what is launched together.

A run has one partition, so a data set (bundle and features) and its fits (one a backend) are two
jobs; `sensors.fits_follow_data` starts the second when the first has succeeded.
"""

from __future__ import annotations

import dagster as dg

from isograph_assets.partitions import FIXTURE, STUDY

DATASET_TAG = "isograph/dataset"
"""Runs of one data set carry its name here; the instance lets one of them run at a time."""

ALONE_TAG = "isograph/alone"
"""A run of a data set that carries this tag starts no fits."""

RUN_TAG = "isograph/benchmark_run"
"""Runs that belong together, such as a night's: the name under which the history keeps them."""

SCHEDULE_TAG = "isograph/schedule"
"""Runs that a schedule asked for, and all that follow from them; one of each at a time."""

all_fixtures = dg.define_asset_job(
    "all_fixtures",
    selection=dg.AssetSelection.assets(FIXTURE.key("bundle"), FIXTURE.key("feature_scores")),
    description=(
        "Simulates a fixture and computes its features. Fits by every backend, their scores and "
        "the leaderboard follow by themselves."
    ),
)

fixture_fits = dg.define_asset_job(
    "fixture_fits",
    selection=dg.AssetSelection.assets(FIXTURE.key("fit"), FIXTURE.key("metrics")),
    description="Fits a fixture by a backend and scores the fit.",
)

all_studies = dg.define_asset_job(
    "all_studies",
    selection=dg.AssetSelection.assets(
        STUDY.key("bundle"), STUDY.key("quality"), STUDY.key("feature_scores")
    ),
    description=(
        "Takes in a study's bundle, looks at its samples and computes its features. Fits by the "
        "study's backends follow by themselves."
    ),
)

study_fits = dg.define_asset_job(
    "study_fits",
    selection=dg.AssetSelection.assets(STUDY.key("fit"), STUDY.key("explanation")),
    description="Fits a study by a backend and explains its modules, with pages to look at.",
)

fixture_explanations = dg.define_asset_job(
    "fixture_explanations",
    selection=dg.AssetSelection.assets(FIXTURE.key("explanation")),
    description="Explains the modules of a fixture's fit, with pages to look at.",
)

study_stability = dg.define_asset_job(
    "study_stability",
    selection=dg.AssetSelection.assets(STUDY.key("stability_report")),
    description="Compares values of a backend's main parameter over halves of a study's samples.",
)

suite_reports = dg.define_asset_job(
    "suite_reports",
    selection=dg.AssetSelection.assets(
        "benchmark_summary", "runtime_memory_report", "calibration_report"
    ),
    description="Scores, costs and calibrations of a suite by a backend, judged by their checks.",
)

leaderboard_job = dg.define_asset_job(
    "leaderboard_report",
    selection=dg.AssetSelection.assets("leaderboard", "trends"),
    description="Puts all scores side by side, and draws how they went over time.",
)

JOBS = (
    all_fixtures,
    fixture_fits,
    fixture_explanations,
    all_studies,
    study_fits,
    study_stability,
    suite_reports,
    leaderboard_job,
)
