"""Samples that stand out are flagged with a reason, and others are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import isograph
from isograph.quality import Quality, assess_quality
from isograph.quality.model import Check
from isograph.quality.outliers import (
    LEAST_DIFFERENCE,
    Z_LIMIT,
    measured_z,
    outlier_flags,
    robust_z,
)
from tests.quality.cohort import cohort, study, with_counts

MEASURES = {Check.LIBRARY_SIZE, Check.GENES, Check.CORRELATION, Check.DISTANCE}


def checks_of(quality: Quality, sample: str) -> set[Check]:
    return {flag.check for flag in quality.flags if flag.sample_id == sample}


def test_a_shallow_sample_is_flagged_for_its_library_and_genes() -> None:
    bundle = cohort(1, n_genes=1500)
    counts = bundle.matrices["gene_counts"].copy()
    counts[:, 5] = np.random.default_rng(0).binomial(counts[:, 5], 0.03)
    quality = assess_quality(with_counts(bundle, counts), study=study())
    assert {Check.LIBRARY_SIZE, Check.GENES} <= checks_of(quality, "S005")
    assert quality.flagged == ("S005",)
    (flag,) = [f for f in quality.flags if f.check == Check.LIBRARY_SIZE]
    assert flag.reason.startswith("small library")
    assert flag.value == counts[:, 5].sum()
    assert flag.score < -Z_LIMIT


def test_a_sample_of_another_kind_is_flagged_by_correlation_and_distance() -> None:
    bundle = cohort(2)
    counts = bundle.matrices["gene_counts"].copy()
    rng = np.random.default_rng(0)
    foreign = rng.permutation(len(counts))[: len(counts) // 2]
    counts[foreign, 7] = counts[rng.permutation(foreign), 7]
    quality = assess_quality(with_counts(bundle, counts), study=study())
    assert checks_of(quality, "S007") == {Check.CORRELATION, Check.DISTANCE}
    assert quality.flagged == ("S007",)


def test_a_distance_is_found_where_genes_share_no_profile() -> None:
    bundle = isograph.simulate("realistic_v1", seed=3)
    counts = bundle.matrices["transcript_counts"].copy()
    half = bundle.tables["transcript"]["gene_id"].isin(bundle.gene_ids[::2]).to_numpy()
    counts[half, 4] = counts[half, 4] * 8
    changed = {**bundle.matrices, "transcript_counts": counts}
    quality = assess_quality(replace(bundle, matrices=changed), study=study())
    assert Check.DISTANCE in checks_of(quality, str(bundle.sample_ids[4]))
    assert "correlation_outliers" in quality.untold


@pytest.mark.parametrize("name", ["toy_v1", "noisy_v1", "nonlinear_v1", "realistic_v1"])
def test_nothing_stands_out_in_a_clean_fixture(name: str) -> None:
    quality = assess_quality(isograph.simulate(name), study=study())
    assert quality.flagged == ()


def test_clean_cohorts_are_flagged_at_no_more_than_the_stated_rate() -> None:
    qualities = [
        assess_quality(cohort(seed, n_samples=50, n_genes=300), study=study()) for seed in range(30)
    ]
    flagged = sum(len(quality.flagged) for quality in qualities)
    # docs/quality.md: in cohorts of 50 at most one sample in a hundred
    assert stats.binomtest(flagged, 30 * 50, 0.01, alternative="greater").pvalue > 0.01


def test_the_z_is_that_of_iglewicz_and_hoaglin() -> None:
    x = np.array([2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3])
    mad = np.median(np.abs(x - np.median(x)))
    expected = 0.6745 * (x - np.median(x)) / mad
    assert robust_z(x, least_difference=0.0) == pytest.approx(expected, rel=1e-4)
    assert (np.abs(expected) > Z_LIMIT).tolist() == [False] * 8 + [True] * 2


@pytest.mark.parametrize(
    ("check", "base", "near", "far"),
    [
        (Check.LIBRARY_SIZE, 1e6, 1.99e6, 2.01e6),
        (Check.LIBRARY_SIZE, 1e6, 0.51e6, 0.49e6),
        (Check.GENES, 20_000.0, 20_990.0, 21_010.0),
        (Check.CORRELATION, np.tanh(2.0), np.tanh(1.91), np.tanh(1.89)),
        (Check.DISTANCE, 1.0, 1.49, 1.51),
    ],
)
def test_differences_that_do_not_matter_are_not_flagged_however_alike_the_others_are(
    check: Check, base: float, near: float, far: float
) -> None:
    ids = np.array([f"S{i}" for i in range(10)])
    for last, flagged in ((near, 0), (far, 1)):
        values = np.append(np.full(9, base), last)
        flags = outlier_flags(check, ids, values, measured_z(check, values))
        assert [flag.sample_id for flag in flags] == ["S9"] * flagged
    assert check in LEAST_DIFFERENCE


def test_high_correlation_and_small_distance_are_no_reason_for_a_flag() -> None:
    ids = np.array([f"S{i}" for i in range(10)])
    high = np.append(np.full(9, 0.5), 0.95)
    assert not outlier_flags(Check.CORRELATION, ids, high, measured_z(Check.CORRELATION, high))
    small = np.append(np.full(9, 1.0), 0.2)
    assert not outlier_flags(Check.DISTANCE, ids, small, measured_z(Check.DISTANCE, small))


def test_a_sample_without_reads_is_flagged_and_breaks_nothing() -> None:
    bundle = cohort(3)
    counts = bundle.matrices["gene_counts"].copy()
    counts[:, 0] = 0
    quality = assess_quality(with_counts(bundle, counts), study=study())
    assert Check.LIBRARY_SIZE in checks_of(quality, "S000")
    assert np.isnan(quality.samples["top50_share"][0])


def test_in_a_handful_of_samples_nothing_is_called_unusual() -> None:
    quality = assess_quality(cohort(4, n_samples=5), study=study())
    assert not MEASURES & {flag.check for flag in quality.flags}
    assert "6 are needed" in quality.untold["outliers"]
