"""A fit finds its data set, and refuses another."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import isograph
from isograph.errors import OutputError
from isograph.explanation.source import MODULE, PROGRAMME, Source, open_source
from isograph.results.model import Fit


def test_features_are_those_of_the_fit(toy_fit: Fit, toy_source: Source) -> None:
    expected = isograph.study_features(toy_source.bundle)
    np.testing.assert_array_equal(toy_source.features.values, expected.values)
    assert toy_source.features.meta.equals(expected.meta)
    assert toy_source.features.df_residual == expected.df_residual


def test_a_stored_fit_is_all_it_needs(toy_fit: Fit, tmp_path: Path) -> None:
    isograph.write_fit(toy_fit, tmp_path / "fit")
    source = open_source(isograph.read_fit(tmp_path / "fit"))
    assert list(source.profiles) == ["M000", "M001"]


def test_profiles_are_modules_then_programmes(with_programmes: Source) -> None:
    kinds = [profile.kind for profile in with_programmes.profiles.values()]
    assert kinds == sorted(kinds)
    assert {MODULE, PROGRAMME} == set(kinds)


def test_module_profiles_are_orthogonal_to_what_was_taken_out(with_programmes: Source) -> None:
    basis = with_programmes.clean_design.basis
    assert basis.shape[1] > 1
    for profile in with_programmes.profiles.values():
        if profile.kind == MODULE:
            assert np.abs(profile.values @ basis).max() < 1e-6 * np.sqrt(len(profile.values))
            assert profile.df == len(profile.values) - 1 - basis.shape[1]


def test_a_data_set_that_is_gone_is_said(toy_folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "moved"
    shutil.copytree(toy_folder, place)
    fit = isograph.fit(place)
    place.rename(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="--dataset-path"):
        open_source(fit)
    assert len(open_source(fit, bundle=tmp_path / "elsewhere").profiles) == 2


def test_another_data_set_is_refused(toy_fit: Fit) -> None:
    other = isograph.simulate("toy_multiplex_v1", seed=99)
    with pytest.raises(OutputError, match="is not what the fit was made of"):
        open_source(toy_fit, bundle=other)
