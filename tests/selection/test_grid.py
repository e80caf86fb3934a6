"""Which values are compared, and which are refused."""

from __future__ import annotations

import math

import pytest

from isograph.backends import backend_names, get_backend, given
from isograph.errors import ConfigError, StudyError
from isograph.selection import resolve_grid
from isograph.study import Study, make_study


def study_of(**fields: object) -> Study:
    return make_study(bundle="toy", **fields)


@pytest.mark.parametrize("name", backend_names())
def test_every_backend_has_a_grid_around_its_default(name: str) -> None:
    grid = resolve_grid(study_of(), get_backend(name))
    values = list(grid.settings)
    assert values == sorted(values)
    assert len(values) >= 5
    default = getattr(grid.own, grid.parameter)
    # 0 has the data choose
    assert default == 0 or values[0] < default < values[-1]
    assert [getattr(one, grid.parameter) for one in grid.settings.values()] == values


def test_the_study_keeps_its_other_settings_at_every_value() -> None:
    study = study_of(set={"neighbours": 7, "module_fwer": 0.02, "calibrated.kernel": "numpy"})
    grid = resolve_grid(study, get_backend("calibrated"))
    assert {one.neighbours for one in grid.settings.values()} == {7}  # type: ignore[attr-defined]
    assert grid.shared.communities.module_fwer == 0.02


@pytest.mark.parametrize("key", ["power", "backend.power", "wgcna.power"])
def test_a_value_of_the_study_gives_way_to_the_grid(key: str) -> None:
    grid = resolve_grid(study_of(set={key: 7}), get_backend("wgcna"), values=[4, 5])
    assert [one.power for one in grid.settings.values()] == [4.0, 5.0]  # type: ignore[attr-defined]
    assert grid.own.power == 7.0  # type: ignore[attr-defined]


def test_a_signed_network_gets_twice_the_powers() -> None:
    unsigned = resolve_grid(study_of(), get_backend("wgcna"))
    signed = resolve_grid(study_of(set={"network": "signed"}), get_backend("wgcna"))
    assert list(signed.settings) == [2 * power for power in unsigned.settings]


def test_values_may_be_text_in_any_order_and_twice() -> None:
    grid = resolve_grid(study_of(), get_backend("calibrated"), values=["1e-2", "0.001", "1e-3"])
    assert list(grid.settings) == [0.001, 0.01]


def test_every_bad_value_is_named_at_once() -> None:
    values: list[float | str] = ["many", 2.0, -1.0, 1e-3, math.nan]
    with pytest.raises(ConfigError) as refused:
        resolve_grid(study_of(), get_backend("calibrated"), values=values)
    told = str(refused.value)
    assert len(refused.value.problems) == 4
    assert "calibrated.false_edges_per_feature" in told
    for bad in ("'many'", "2.0", "-1.0", "nan"):
        assert bad in told


def test_a_power_that_lets_the_data_choose_is_no_value_of_a_grid() -> None:
    with pytest.raises(ConfigError, match=r"wgcna\.power: is 0 → a value above 0"):
        resolve_grid(study_of(), get_backend("wgcna"), values=[0, 6])


def test_an_empty_grid_is_refused() -> None:
    with pytest.raises(ConfigError, match="no value to compare"):
        resolve_grid(study_of(), get_backend("calibrated"), values=[])


def test_given_modules_have_nothing_to_vary() -> None:
    with pytest.raises(StudyError, match="given looks for no modules"):
        resolve_grid(study_of(), given.BACKEND)
