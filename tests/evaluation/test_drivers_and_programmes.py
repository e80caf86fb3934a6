"""Drivers among a gene's transcripts, and programmes against hidden properties of samples."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.evaluation.drivers import driver_top1
from isograph.evaluation.metrics import score_fit
from isograph.evaluation.programmes import (
    hidden_properties,
    score_programmes,
    worst_adjusted_r2,
)
from isograph.evaluation.shifts import shift_score
from isograph.results.model import Fit


@pytest.fixture(scope="module")
def four() -> tuple[Bundle, Fit]:
    bundle = isograph.simulate("multi_isoform_switch", seed=3)
    return bundle, isograph.fit(bundle)


def test_isoform_one_drives_the_genes_of_four_isoforms(four: tuple[Bundle, Fit]) -> None:
    assert driver_top1(*four) == pytest.approx(1.0, abs=0.05)
    assert score_fit(*four).driver_top1 == driver_top1(*four)


def test_another_transcript_in_first_place_is_no_driver(four: tuple[Bundle, Fit]) -> None:
    bundle, fit = four
    counts = bundle.matrices["transcript_counts"].reshape(-1, 4, bundle.n_samples)
    turned = counts[:, [1, 0, 2, 3]].reshape(-1, bundle.n_samples)
    matrices = {**bundle.matrices, "transcript_counts": turned}
    assert driver_top1(replace(bundle, matrices=matrices), fit) == pytest.approx(0.0, abs=0.05)


def test_two_isoforms_have_no_driver() -> None:
    bundle = isograph.simulate("no_harm-nothing", seed=3)
    assert driver_top1(bundle, isograph.fit(bundle)) is None


# --- programmes ----------------------------------------------------------------------------


def test_adjusted_r2_equals_the_formula_on_a_plain_regression() -> None:
    rng = np.random.default_rng(1)
    scores, y = rng.standard_normal((40, 3)), rng.standard_normal(40)
    y += scores[:, 0]
    design = np.column_stack([np.ones(40), scores])
    rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    r2 = 1 - (rest**2).sum() / ((y - y.mean()) ** 2).sum()
    expected = 1 - (1 - r2) * 39 / 36
    assert worst_adjusted_r2(y[:, None], scores) == pytest.approx(expected)


def test_the_worst_dimension_counts() -> None:
    values = np.random.default_rng(2).standard_normal((50, 2))
    assert worst_adjusted_r2(values[:, :1], values[:, :1]) == pytest.approx(1.0)
    worst = worst_adjusted_r2(values, values[:, :1])
    assert worst is not None
    assert worst < 0.2


def test_no_programme_explains_nothing_and_too_many_are_undefined() -> None:
    values = np.random.default_rng(3).standard_normal((10, 9))
    assert worst_adjusted_r2(values[:, :1], values[:, :0]) == pytest.approx(0.0)
    assert worst_adjusted_r2(values[:, :1], values) is None


def test_hidden_properties_are_the_recorded_confounds_only() -> None:
    samples = pd.DataFrame(
        {
            "sample_id": list("abcd"),
            "Dx": list("CCSS"),
            "Age": [1.0, 2.0, 3.0, 4.0],
            "Sex": list("FMFM"),
            "RIN": [6.0, 7.0, 8.0, 9.0],
            "batch": ["B1", "B2", "B3", "B1"],
            "cell_type_1": [0.1, 0.4, 0.3, 0.2],
            "cell_type_2": [0.9, 0.6, 0.7, 0.8],
        }
    )
    found = hidden_properties(samples, None)
    assert {name: values.shape[1] for name, values in found.items()} == {
        "cell_types": 2,
        "RIN": 1,
        "batch": 3,
    }
    # only samples of low integrity are shifted
    assert (found["RIN"][2:] == 0).all()
    assert (found["RIN"][:2] > 0).all()
    nothing = json.dumps({"confound": {"size": 0}})
    assert hidden_properties(samples, nothing) == {}


def test_programmes_that_span_the_cell_types_explain_them() -> None:
    bundle = isograph.simulate("cell_types-c0.50", seed=3)
    types = bundle.samples[[f"cell_type_{k}" for k in (1, 2, 3)]].to_numpy(dtype=float).T
    mixed = np.random.default_rng(0).standard_normal((3, 3)) @ types
    frame = pd.DataFrame(mixed, columns=list(bundle.sample_ids))
    frame.insert(0, "programme_id", ["P00", "P01", "P02"])
    eigengenes = pd.DataFrame(columns=["module_id", *bundle.sample_ids], dtype=float)
    tables = {"eigengenes": pa.Table.from_pandas(eigengenes, preserve_index=False)}
    bare = score_programmes(bundle, Fit(config={}, calibration=None, tables=tables))
    assert (bare.n_programmes, bare.n_hidden_dimensions, bare.r2) == (None, 3, None)
    tables["programmes"] = pa.Table.from_pandas(frame, preserve_index=False)
    full = score_programmes(bundle, Fit(config={}, calibration=None, tables=tables))
    assert full.n_programmes == 3
    assert full.r2 is not None
    assert full.r2["cell_types"] == pytest.approx(1.0, abs=1e-6)


def test_shifts_follow_the_planted_effects() -> None:
    bundle = isograph.simulate("no_harm-nothing", seed=5)
    score = score_fit(bundle, isograph.fit(bundle))
    assert score.shift_sign == 1.0
    assert score.shift_correlation is not None
    assert score.shift_correlation > 0.6


def test_turned_effects_are_not_right() -> None:
    bundle = isograph.simulate("no_harm-nothing", seed=5)
    fit = isograph.fit(bundle)
    effects = bundle.tables["truth_effect"]
    coin = np.random.default_rng(2).choice([-1, 1], size=len(effects))
    turned = replace(
        bundle,
        tables={**bundle.tables, "truth_effect": effects.assign(sign=effects["sign"] * coin)},
    )
    right = shift_score(turned, fit).sign_right
    assert right is not None
    assert 0.5 <= right < 0.75


def test_without_varied_effects_there_is_no_correlation(toy: Bundle) -> None:
    score = shift_score(toy, isograph.fit(toy))
    assert score.sign_right == 1.0
    assert score.correlation is None
