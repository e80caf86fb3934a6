"""Settings that a study says of all backends, or of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from isograph.backends import default_settings, get_backend, resolve_settings
from isograph.config import Settings
from isograph.errors import ConfigError
from isograph.evaluation.benchmark import benchmark
from isograph.study import Study, make_study


def study(**settings: Any) -> Study:
    return make_study(
        name="s", bundle=Path("s"), backends=["calibrated", "vae", "wgcna"], set=settings
    )


def own(backend: str, **settings: Any) -> Settings:
    return resolve_settings(study(**settings), get_backend(backend))[1]


def test_a_setting_of_one_backend_reaches_it_alone() -> None:
    said = {"wgcna.power": "6", "vae.neighbours": 12}
    assert own("wgcna", **said).model_dump()["power"] == 6
    assert own("vae", **said).model_dump()["neighbours"] == 12
    for name in ("calibrated", "latent"):
        assert own(name, **said) == default_settings(get_backend(name))[1]


@pytest.mark.parametrize("of_all", ["neighbours", "backend.neighbours"])
def test_it_goes_before_what_is_said_of_all(of_all: str) -> None:
    said = {of_all: 10, "wgcna.neighbours": 50}
    assert own("wgcna", **said).model_dump()["neighbours"] == 50
    assert own("calibrated", **said).model_dump()["neighbours"] == 10


@pytest.mark.parametrize("backend", ["calibrated", "wgcna"])
def test_all_that_is_wrong_is_said_at_once_whichever_backend_runs(backend: str) -> None:
    said = {"wgcna.powr": 6, "vae.neighbours": 0, "features.clip": 0.5}
    with pytest.raises(ConfigError) as error:
        own(backend, **said)
    text = str(error.value)
    assert "wgcna.powr: no such setting → did you mean wgcna.power" in text
    assert "vae.neighbours: Input should be greater than or equal to 1" in text
    assert "features.clip" in text
    assert len(error.value.problems) == 3


def test_broad_factors_are_on_where_the_backend_says_so_and_the_study_does_not() -> None:
    modes = {
        name: default_settings(get_backend(name))[0].programmes.broad_factors
        for name in ("calibrated", "wgcna")
    }
    assert modes == {"calibrated": "auto", "wgcna": "off"}
    shared, _ = resolve_settings(study(broad_factors="report"), get_backend("wgcna"))
    assert shared.programmes.broad_factors == "report"


def test_a_setting_of_a_backend_that_nobody_asked_for_is_refused() -> None:
    alone = make_study(name="s", bundle=Path("s"), set={"wgcna.power": 6})
    with pytest.raises(ConfigError, match=r"wgcna\.power: wgcna is not among the backends"):
        resolve_settings(alone, get_backend("calibrated"))
    assert resolve_settings(alone, get_backend("wgcna"))[1].model_dump()["power"] == 6


def test_a_benchmark_of_several_gives_each_its_own() -> None:
    results = benchmark(
        datasets=["toy_v1"],
        backends=["calibrated", "wgcna"],
        settings={"wgcna.min_module_size": "5", "clip": "4"},
    )
    given = {result.cell.backend: dict(result.cell.settings) for result in results}
    assert given["calibrated"] == {"clip": "4"}
    assert given["wgcna"] == {"clip": "4", "wgcna.min_module_size": "5"}
    assert not any(result.failed for result in results)
