"""Settings by name, and study files."""

from __future__ import annotations

from pathlib import Path

import pytest

from isograph.config import CalibratedSettings, FitSettings, apply_overrides
from isograph.errors import ConfigError, StudyError
from isograph.study import Study, default_study, make_study, read_study, study_name


def override(**values: object) -> tuple[FitSettings, CalibratedSettings]:
    shared, own = apply_overrides(values, settings=FitSettings(), backend=CalibratedSettings())
    assert isinstance(own, CalibratedSettings)
    return shared, own


def test_a_setting_goes_by_full_or_short_name_and_text_becomes_its_type() -> None:
    shared, own = override(**{"features.clip": "2.5", "neighbours": "12"})
    assert shared.features.clip == 2.5
    assert own.neighbours == 12


def test_all_bad_settings_are_named_at_once_with_near_ones() -> None:
    with pytest.raises(ConfigError) as error:
        override(neighbors=3, clip=0.1, **{"features.min_cuont": 2})
    text = str(error.value)
    assert "neighbors: no such setting → did you mean backend.neighbours?" in text
    assert "features.min_cuont: no such setting → did you mean features.min_count" in text
    assert "features.clip: Input should be greater than 1, got 0.1" in text
    assert len(error.value.problems) == 3


def test_a_study_file_takes_its_name_and_folder_from_itself(tmp_path: Path) -> None:
    path = tmp_path / "adjusted.yaml"
    path.write_text("bundle: cohort\ncovariates: ~ C(lab)\ntraits: [sex]\ncategorical: lab\n")
    study = read_study(path)
    assert study.name == "adjusted"
    assert study.bundle == tmp_path / "cohort"
    assert study.traits == ("sex",)
    assert study.categorical == ("lab",)
    assert study.backends == ("calibrated",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", "holds no `key: value` lines"),
        ("bundle: [", "cannot be read as YAML"),
        ("bundle: x\ncovarites: ~ a\nseed: -1\n", r"(?s)seed.*covarites"),
        ("name: a/b\nbundle: x\n", "name"),
        ("traits: [a]\n", "bundle: is missing"),
        ("bundle: x\nbackends: []\n", "backends: is empty"),
        ("bundle: x\ncovariate: ~ a\n", r"no such field → did you mean covariates\?"),
    ],
)
def test_a_broken_study_file_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(StudyError, match=message):
        read_study(path)


def test_a_missing_study_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be read"):
        read_study(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", ["a b", "a|b", "a,b", "../a", ".hidden", ""])
def test_names_that_would_break_paths_or_partitions_are_refused(name: str) -> None:
    with pytest.raises(StudyError):
        make_study(name=name, bundle="x")


def test_any_bundle_name_makes_a_study_name() -> None:
    assert study_name("my cohort (v2)") == "my-cohort-v2-"
    assert study_name("../../evil") == "evil"
    assert study_name("!!!") == "study"
    assert len(study_name("x" * 500)) == 120


def test_a_bundle_alone_gets_a_default_study(tmp_path: Path) -> None:
    study = default_study(tmp_path / "cohort")
    assert study == Study(name="cohort", bundle=tmp_path / "cohort")
