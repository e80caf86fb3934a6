"""Simple methods to compare with, published figures, and the picture."""

from __future__ import annotations

import dataclasses
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import isograph
from isograph.errors import StudyError
from isograph.evaluation.metrics import score_assignment
from isograph.evaluation.peers import PEERS, peer_modules, peer_takes
from isograph.evaluation.plot_points import labels_of, place_points
from isograph.evaluation.plots import benchmark_picture
from isograph.evaluation.published import PUBLISHED, figures_for
from isograph.simulation import list_fixtures
from isograph.study import default_study


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_finds_plain_modules(name: str) -> None:
    bundle = isograph.simulate("no_harm-nothing", seed=3)
    found = peer_modules(name, bundle, study=default_study(Path("x")))
    score = score_assignment(bundle, found)
    assert score.ari is not None
    assert score.ari > 0.9
    assert score.coverage == 1.0


def test_nearest_neighbours_put_noise_into_modules_and_a_high_cut_does_not() -> None:
    bundle = isograph.simulate("negative_control_noise-noise1.00", seed=3)
    study = default_study(Path("x"))
    assert len(peer_modules("peer:knn", bundle, study=study)) > 300
    assert len(peer_modules("peer:correlation_wgcna", bundle, study=study)) == 0


def test_who_is_told_the_factors_assigns_no_noise() -> None:
    bundle = isograph.simulate("small_n-n40", seed=3)
    found = peer_modules("peer:told_factors", bundle, study=default_study(Path("x")))
    score = score_assignment(bundle, found)
    assert score.coverage is not None
    assert score.coverage > 0.85
    assert score.background_fraction is not None
    assert score.background_fraction < 0.04


def test_a_peer_leaves_out_what_it_cannot_take() -> None:
    infos = {info.name: info for info in list_fixtures()}
    assert not peer_takes("peer:correlation_wgcna", infos["xlarge_v1"])
    assert peer_takes("peer:knn", infos["toy_v1"])
    assert not peer_takes("peer:told_factors", infos["toy_v1"])
    assert not peer_takes("peer:told_factors", infos["negative_control_noise-noise1.00"])
    assert peer_takes("peer:told_factors", infos["small_n-n20"])


def test_a_peer_refuses_what_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    small = dataclasses.replace(PEERS["peer:knn"], most_features=10)
    monkeypatch.setattr("isograph.evaluation.peers.PEERS", {"peer:knn": small})
    with pytest.raises(StudyError, match="10 at most"):
        peer_modules("peer:knn", isograph.simulate("toy_v1"), study=default_study(Path("x")))


def test_every_published_figure_belongs_to_a_scenario_or_a_data_set() -> None:
    infos = list_fixtures()
    scenarios, names = {f.scenario for f in infos}, {f.name for f in infos}
    for figure in PUBLISHED:
        assert figure.where in (names if figure.point else scenarios), figure
        assert figure.source
    assert len(figures_for(["batch_effects", "batch_effects-sd1.00"])) == 4


# --- picture -------------------------------------------------------------------------------


def row(dataset: str, scenario: str | None, **values: Any) -> dict[str, Any]:
    plain = {"suite": "core_v1", "backend": "calibrated", "n": 1, "n_assigned": 10, "ari": 0.9}
    plain |= {"ari_sd": None, "coverage": 1.0, "background_pooled": 0.0}
    return plain | {"dataset": dataset, "scenario": scenario} | values


def test_sweeps_over_two_parameters_stand_in_groups() -> None:
    names = [f"n-dispersion{d}-noise{s}" for d in (3, 7) for s in ("0.05", "0.50")]
    points = place_points("n", names)
    assert [p.group for p in points] == ["dispersion 3"] * 2 + ["dispersion 7"] * 2
    assert [p.label for p in points] == [".05", ".5", ".05", ".5"]
    assert np.diff([p.x for p in points]).tolist() == [1.0, 1.6, 1.0]
    assert labels_of("core_v1", "toy_v1") == ("", "", "toy")


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row("toy_v1", None), row("toy_v1", None, backend="peer:knn", ari=0.2)],
        [row(f"batch_effects-sd{sd}", "batch_effects") for sd in ("0.00", "1.00")],
        [row("negative_control_noise-noise0.50", "negative_control_noise", ari=None)],
        [row("toy_v1", None, ari=None, n=0)],
    ],
)
def test_the_picture_is_drawn_for_any_rows(rows: list[dict[str, Any]]) -> None:
    image = Image.open(BytesIO(benchmark_picture(rows)))
    assert image.format == "PNG"
    assert image.width >= 400
    # something is drawn
    assert len(image.convert("L").getcolors(256) or []) > 2
