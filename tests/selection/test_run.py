"""Stability selection as a whole: planted modules, noise, invariances, what the report holds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import isograph
from isograph.backends import backend_names, study_features
from isograph.bundle.model import Bundle
from isograph.errors import StudyError
from isograph.files import to_json
from isograph.progress import Steps
from isograph.selection import (
    StabilitySelection,
    report_name,
    select_by_stability,
    stability_report,
    write_stability,
)
from isograph.study import make_study
from tests.backends.test_contract import reordered
from tests.selection.conftest import PAIRS


def noise(bundle: Bundle) -> Bundle:
    """The samples of every gene in an order of their own."""
    rng = np.random.default_rng(5)
    counts = bundle.matrices["transcript_counts"].copy()
    genes = bundle.tables["transcript"]["gene_id"].to_numpy(dtype=str)
    for gene in np.unique(genes):
        rows = np.flatnonzero(genes == gene)
        counts[rows] = counts[np.ix_(rows, rng.permutation(bundle.n_samples))]
    return replace(bundle, matrices={"transcript_counts": counts}, path=None)


def test_planted_modules_come_back_in_every_half(selected: StabilitySelection) -> None:
    assert selected.recommendation.value == selected.study_value == 0.003
    assert len(selected.values) == 5
    for one in selected.values:
        assert one.sizes.tolist() == [20, 20]
        assert one.stable_modules.all()
        assert one.ari.mean() > 0.95
        assert len(one.stable) > 300


def test_stable_edges_are_within_planted_modules(selected: StabilitySelection, toy: Bundle) -> None:
    truth = toy.tables["truth_module"].set_index("gene_id")["module_id"]
    for one in selected.values:
        ends = truth.reindex(selected.gene_ids[one.stable].ravel()).to_numpy().reshape(-1, 2)
        assert np.mean(ends[:, 0] == ends[:, 1]) > 0.99


def test_full_data_are_searched_as_a_fit_does(selected: StabilitySelection, toy: Bundle) -> None:
    fit = isograph.fit(toy)
    (one,) = [one for one in selected.values if one.value == selected.study_value]
    assert one.sizes.tolist() == fit.summary["n_genes"].tolist()
    assert fit.calibration is not None
    assert one.n_edges == fit.calibration["n_gene_edges"]


def test_a_half_is_fitted_as_a_cohort_of_its_own(toy: Bundle) -> None:
    from isograph.selection.halves import deal_pairs, half_bundle

    study = make_study(bundle="toy", covariates="~ Age", seed=2)
    found = select_by_stability(toy, study=study, n_pairs=2, values=[0.003])
    (one,) = found.values
    halves = [half for pair in deal_pairs(toy, study=study, n_pairs=2) for half in pair]
    for number, half in enumerate(halves):
        alone = isograph.fit(half_bundle(toy, half), study=study)
        assert alone.calibration is not None
        assert one.half_edges[number] == alone.calibration["n_gene_edges"]
        assert one.half_modules[number] == len(alone.summary)


def test_noise_gets_no_recommendation(toy: Bundle) -> None:
    found = select_by_stability(noise(toy), n_pairs=PAIRS)
    assert found.recommendation.value is None
    assert all(not one.stable_modules.any() for one in found.values)
    assert stability_report(found)["recommended"] is None


def test_modules_of_noise_that_no_half_repeats_get_no_recommendation(toy: Bundle) -> None:
    levels = dict.fromkeys(("module_fwer", "pair_fwer", "edge_fwer"), 0.99)
    study = make_study(bundle="noise", set=levels)
    found = select_by_stability(noise(toy), study=study, n_pairs=5, values=[0.003, 0.03])
    assert any(one.n_modules for one in found.values)
    assert found.recommendation.value is None
    assert "no better than chance" in found.recommendation.reason


def test_a_power_that_the_data_choose_joins_the_grid(toy: Bundle) -> None:
    fit = isograph.fit(toy, backend="wgcna")
    assert fit.calibration is not None
    power = fit.calibration["power"]
    found = select_by_stability(toy, backend="wgcna", n_pairs=2, values=[power + 0.5])
    assert found.study_value == power
    assert [one.value for one in found.values] == [power, power + 0.5]
    assert found.values[0].sizes.tolist() == fit.summary["n_genes"].tolist()


def test_the_studys_own_value_joins_the_grid(toy: Bundle) -> None:
    study = make_study(bundle="toy", set={"false_edges_per_feature": 0.002})
    found = select_by_stability(toy, study=study, n_pairs=2, values=[0.001, 0.01])
    assert [one.value for one in found.values] == [0.001, 0.002, 0.01]
    assert found.study_value == 0.002


def test_the_order_of_samples_and_genes_does_not_matter(
    selected: StabilitySelection, toy: Bundle
) -> None:
    other = select_by_stability(reordered(toy, np.random.default_rng(8)), n_pairs=PAIRS)
    same = {"content_hash": selected.content_hash}
    assert to_json(stability_report(other) | same) == to_json(stability_report(selected))


def test_the_report_has_the_same_bytes_whatever_the_threads(
    selected: StabilitySelection, toy: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOGRAPH_THREADS", "1")
    with threadpool_limits(limits=1):
        other = select_by_stability(toy, n_pairs=PAIRS)
    assert to_json(stability_report(other)) == to_json(stability_report(selected))


def test_another_seed_deals_other_halves(selected: StabilitySelection, toy: Bundle) -> None:
    study = make_study(bundle="toy", name=selected.study.name, seed=9)
    other = select_by_stability(toy, study=study, n_pairs=PAIRS, values=[0.003])
    (one,) = [one for one in selected.values if one.value == 0.003]
    assert other.values[0].sizes.tolist() == one.sizes.tolist()
    assert other.values[0].half_edges.tolist() != one.half_edges.tolist()


def test_features_of_another_study_are_refused(toy: Bundle) -> None:
    study = make_study(bundle="toy", covariates="~ Age")
    with pytest.raises(StudyError, match="do not belong to study toy"):
        select_by_stability(toy, study=study, features=study_features(toy))


def test_the_report_holds_what_the_format_names(selected: StabilitySelection) -> None:
    report = stability_report(selected)
    assert report["schema_version"] == "1"
    assert report["parameter"] == "false_edges_per_feature"
    assert report["grid"] == [0.0003, 0.001, 0.003, 0.01, 0.03]
    assert report["recommended"] == report["study_value"] == 0.003
    for name in ("study", "dataset", "backend", "seed", "n_pairs", "content_hash", "git"):
        assert name in report
    assert [row["value"] for row in report["values"]] == report["grid"]
    for row in report["values"]:
        assert set(row["split_half_ari"]) == {"mean", "sd", "standard_error", "pairs"}
        assert len(row["split_half_ari"]["pairs"]) == PAIRS
        assert row["n_stable_modules"] == sum(m["stable"] for m in row["stable_modules"])
        assert [m["module_id"] for m in row["stable_modules"]] == ["M000", "M001"]
        assert row["false_edges_bound"] > 0


def test_listed_edges_are_the_most_often_chosen_in_a_fixed_order(
    selected: StabilitySelection,
) -> None:
    listed = stability_report(selected)["stable_edges"]
    assert listed["value"] == 0.003
    assert listed["n_listed"] == listed["n_edges"] == len(listed["pairs"])
    keys = [(-pair["frequency"], pair["gene_a"], pair["gene_b"]) for pair in listed["pairs"]]
    assert keys == sorted(keys)
    assert all(pair["gene_a"] < pair["gene_b"] for pair in listed["pairs"])
    assert min(pair["frequency"] for pair in listed["pairs"]) >= 0.75


def test_a_long_list_is_cut_and_says_how_many_there_are(
    selected: StabilitySelection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isograph.selection.report._LISTED", 10)
    listed = stability_report(selected)["stable_edges"]
    assert listed["n_listed"] == len(listed["pairs"]) == 10
    assert listed["n_edges"] > 300


def test_report_and_picture_are_written_beside_each_other(
    selected: StabilitySelection, tmp_path: Path
) -> None:
    path = write_stability(selected, tmp_path / "reports")
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "calibrated-toy_multiplex_v1-stability.json",
        "calibrated-toy_multiplex_v1-stability.png",
    ]
    assert json.loads(path.read_text()) == stability_report(selected)
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    write_stability(selected, tmp_path / "reports")
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_a_study_named_like_its_data_set_is_not_named_twice() -> None:
    assert report_name(study="a", backend="vae", dataset="b") == "a-vae-b-stability"
    assert report_name(study="a", backend="vae", dataset="a") == "vae-a-stability"


def test_a_report_without_any_module_can_be_drawn(toy: Bundle, tmp_path: Path) -> None:
    found = select_by_stability(noise(toy), n_pairs=2, values=[0.003])
    assert write_stability(found, tmp_path).with_suffix(".png").exists()


# training takes its time
EVERY = [
    pytest.param(name, marks=pytest.mark.slow) if name == "vae" else name
    for name in backend_names()
]


@pytest.mark.parametrize("name", EVERY)
def test_every_backend_can_be_compared(toy: Bundle, name: str) -> None:
    value = 6 if name == "wgcna" else 0.01
    found = select_by_stability(toy, backend=name, n_pairs=2, values=[value])
    assert value in [one.value for one in found.values]
    assert found.study_value in [one.value for one in found.values]
    assert found.recommendation.value is not None
    for one in found.values:
        assert len(one.half_modules) == len(one.half_edges) == 4
        assert one.ari.mean() > 0.5


def test_a_long_run_tells_how_far_it_is(toy: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isograph.selection.search._LINE_AFTER", 0.0)
    steps = Steps()
    select_by_stability(toy, n_pairs=2, values=[0.003], steps=steps)
    told = [line for line in steps.lines if "left" in line]
    assert len(told) == 3
    assert "stability 40%, about" in told[0]
