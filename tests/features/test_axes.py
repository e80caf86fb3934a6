"""Switch axes against a loop over genes, their signs, and how many are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from isograph.config import FeatureSettings
from isograph.features.axes import SwitchAxes, reference_transcripts, switch_axes
from isograph.features.usage import Usage, shrunk_usage
from tests.features.counts import Floats, multinomial_counts

pytestmark = pytest.mark.filterwarnings("error")

SETTINGS = FeatureSettings()
SIZES = (2, 3, 5, 2, 4)


def usage_of(counts: Floats, sizes: Sequence[int]) -> Usage:
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    return shrunk_usage(counts, starts, SETTINGS)


def axes_of(
    usage: Usage,
    *,
    reference: np.ndarray | None = None,
    max_axes: int = 8,
    noise_ratio: float = 1.5,
) -> SwitchAxes:
    logs = usage.logs - usage.logs.mean(axis=1, keepdims=True)
    chosen = usage.starts if reference is None else reference
    return switch_axes(usage, logs, chosen, max_axes=max_axes, noise_ratio=noise_ratio)


def mixed_counts(seed: int, sizes: Sequence[int], n_samples: int = 60) -> Floats:
    rng = np.random.default_rng(seed)
    parts = [
        multinomial_counts(
            rng, n_genes=1, n_isoforms=size, n_samples=n_samples, reads=150, concentration=6
        )
        for size in sizes
    ]
    return np.concatenate(parts)


def loop_over_genes(
    usage: Usage, reference: np.ndarray, *, max_axes: int, noise_ratio: float
) -> list[tuple[int, int, Floats, float]]:
    """Gene, axis, scores and variance share of every kept axis, one gene after the other."""
    found = []
    n = usage.logs.shape[1]
    for gene, (start, size) in enumerate(zip(usage.starts, usage.sizes, strict=True)):
        p = usage.mean_usage[start : start + size]
        logs = usage.logs[start : start + size]
        z = np.sqrt(p)[:, None] * (logs - (p @ logs)[None, :])
        z = z - z.mean(axis=1, keepdims=True)
        u, singular, vt = np.linalg.svd(z, full_matrices=False)
        variance = singular**2 / (n - 1)
        for axis in range(min(size - 1, max_axes)):
            if axis > 0 and variance[axis] <= noise_ratio * usage.count_noise[gene]:
                break
            sign = np.sign(u[reference[gene] - start, axis])
            scores = sign * singular[axis] * vt[axis]
            found.append((gene, axis + 1, scores, variance[axis] / variance.sum()))
    return found


def test_the_axis_of_two_isoforms_is_their_log_ratio() -> None:
    usage = usage_of(mixed_counts(0, [2] * 25), [2] * 25)
    axes = axes_of(usage)
    np.testing.assert_array_equal(axes.gene, np.arange(25))
    ratio = usage.logs[::2] - usage.logs[1::2]
    ratio -= ratio.mean(axis=1, keepdims=True)
    # z of two parts has length √(p₁p₂) along the log ratio
    scale = np.sqrt(usage.mean_usage[::2] * usage.mean_usage[1::2])
    np.testing.assert_allclose(axes.scores, ratio * scale[:, None], atol=1e-10)
    np.testing.assert_allclose(axes.variance_share, 1.0)


@pytest.mark.parametrize("max_axes", [1, 2, 8])
def test_axes_are_those_of_a_singular_value_decomposition_gene_by_gene(max_axes: int) -> None:
    sizes = [3, 2, 5, 4, 2, 3, 6, 2, 4, 5] * 3
    usage = usage_of(mixed_counts(1, sizes), sizes)
    rng = np.random.default_rng(1)
    reference = usage.starts + rng.integers(0, usage.sizes)
    axes = axes_of(usage, reference=reference, max_axes=max_axes)
    expected = loop_over_genes(usage, reference, max_axes=max_axes, noise_ratio=1.5)
    assert list(zip(axes.gene, axes.axis, strict=True)) == [row[:2] for row in expected]
    assert max(axes.axis) == min(max_axes, 5)
    np.testing.assert_allclose(axes.scores, [row[2] for row in expected], atol=1e-8)
    np.testing.assert_allclose(axes.variance_share, [row[3] for row in expected], rtol=1e-8)


def test_axes_of_a_gene_are_orthogonal_and_fall_in_variance() -> None:
    sizes = [3, 4, 5] * 10
    axes = axes_of(usage_of(mixed_counts(2, sizes), sizes))
    for gene in range(30):
        own = axes.scores[axes.gene == gene]
        assert len(own) > 1
        gram = own @ own.T
        power = np.diag(gram)
        np.testing.assert_allclose(gram - np.diag(power), 0.0, atol=1e-8 * power[0])
        assert (np.diff(power) < 0).all()
        share = axes.variance_share[axes.gene == gene]
        assert share.sum() <= 1 + 1e-12
        np.testing.assert_allclose(share / share[0], power / power[0], rtol=1e-8)


@pytest.mark.parametrize("reads", [20.0, 100.0, 1000.0])
def test_count_noise_gives_no_further_axes(reads: float) -> None:
    rng = np.random.default_rng(3)
    counts = multinomial_counts(rng, n_genes=200, n_isoforms=4, n_samples=100, reads=reads)
    axes = axes_of(usage_of(counts, [4] * 200))
    assert np.count_nonzero(axes.axis == 1) == 200
    assert np.count_nonzero(axes.axis > 1) <= 4


def test_a_switch_in_two_dimensions_has_two_axes() -> None:
    rng = np.random.default_rng(4)
    parts = []
    for _ in range(50):
        logits = np.vstack([rng.normal(0, 0.8, (2, 100)), np.zeros(100)])
        shares = np.exp(logits) / np.exp(logits).sum(axis=0)
        parts.append(rng.multinomial(rng.poisson(200, 100), shares.T).T)
    axes = axes_of(usage_of(np.concatenate(parts).astype(np.float64), [3] * 50))
    assert np.count_nonzero(axes.axis == 2) == 50


def test_the_leading_axis_is_kept_even_below_count_noise() -> None:
    rng = np.random.default_rng(5)
    counts = multinomial_counts(rng, n_genes=30, n_isoforms=3, n_samples=50, reads=50)
    axes = axes_of(usage_of(counts, [3] * 30), noise_ratio=1e6)
    np.testing.assert_array_equal(axes.gene, np.arange(30))
    assert (axes.axis == 1).all()


def test_a_rare_isoforms_noise_does_not_pose_as_the_leading_axis() -> None:
    rng = np.random.default_rng(6)
    latent = rng.normal(0, 0.5, 200)
    first = 0.98 / (1 + np.exp(-latent))
    shares = np.stack([first, 0.98 - first, np.full(200, 0.02)], axis=1)
    counts = rng.multinomial(rng.poisson(60, 200), shares).T.astype(np.float64)
    axes = axes_of(usage_of(counts, [3]))
    assert abs(np.corrcoef(axes.scores[0], latent)[0, 1]) > 0.8


def test_axes_do_not_depend_on_the_order_of_transcripts() -> None:
    sizes = [4] * 20
    counts = mixed_counts(7, sizes)
    rng = np.random.default_rng(7)
    rows = np.concatenate([4 * gene + rng.permutation(4) for gene in range(20)])
    place = np.argsort(rows)
    plain, other = usage_of(counts, sizes), usage_of(counts[rows], sizes)
    reference = plain.starts + rng.integers(0, 4, 20)
    first = axes_of(plain, reference=reference)
    second = axes_of(other, reference=place[reference])
    np.testing.assert_array_equal(first.axis, second.axis)
    np.testing.assert_allclose(first.scores, second.scores, atol=1e-9)


def test_the_reference_transcript_rises_with_every_axis() -> None:
    sizes = [2, 3, 4, 5] * 8
    usage = usage_of(mixed_counts(8, sizes), sizes)
    for offset in (0, 1):
        reference = usage.starts + offset
        axes = axes_of(usage, reference=reference)
        for gene, scores in zip(axes.gene, axes.scores, strict=True):
            rows = slice(usage.starts[gene], usage.starts[gene] + usage.sizes[gene])
            weight = usage.mean_usage[rows]
            moved = usage.logs[reference[gene]] - weight @ usage.logs[rows]
            assert np.cov(moved, scores)[0, 1] > 0


def test_an_axis_that_leaves_the_reference_alone_follows_the_transcript_it_moves_most() -> None:
    rng = np.random.default_rng(9)
    x = rng.normal(size=50)
    x -= x.mean()
    counts = np.full((3, 50), 10.0)
    usage = replace(usage_of(counts, [3]), mean_usage=np.array([0.5, 0.3, 0.2]))
    # moves 2 against 3 with Σ p l = 0, so that the weighted log ratio of 1 is 0 throughout
    logs = np.stack([np.zeros(50), -x / 0.3, x / 0.2])
    axes = switch_axes(usage, logs, np.array([0]), max_axes=1, noise_ratio=1.5)
    assert np.corrcoef(axes.scores[0], x)[0, 1] == pytest.approx(1.0)


def test_a_gene_whose_usage_never_changes_has_no_axis() -> None:
    counts = np.concatenate([np.full((2, 30), 40.0), mixed_counts(10, [2], n_samples=30)])
    axes = axes_of(usage_of(counts, [2, 2]))
    assert axes.gene.tolist() == [1]


def test_scores_are_weighted_sums_of_log_usage() -> None:
    usage = usage_of(mixed_counts(8, SIZES), SIZES)
    axes = axes_of(usage, noise_ratio=0.2)
    of = axes.weights
    logs = usage.logs - usage.logs.mean(axis=1, keepdims=True)
    sums = np.zeros_like(axes.scores)
    np.add.at(sums, of.axis, of.weight[:, None] * logs[of.row])
    np.testing.assert_allclose(sums, axes.scores, atol=1e-10)
    np.testing.assert_allclose(np.bincount(of.axis, of.weight), 0, atol=1e-12)
    gene_of_row = np.repeat(np.arange(len(usage.starts)), usage.sizes)
    np.testing.assert_array_equal(gene_of_row[of.row], axes.gene[of.axis])


def test_no_genes_have_no_axes() -> None:
    empty = np.empty(0)
    usage = Usage(
        logs=np.empty((0, 12)),
        mean_usage=empty,
        starts=empty.astype(np.int64),
        sizes=empty.astype(np.int64),
        observed=np.empty((0, 12), dtype=bool),
        count_noise=empty,
        prior=empty,
    )
    axes = axes_of(usage)
    assert axes.scores.shape == (0, 12)
    assert len(axes.gene) == len(axes.axis) == len(axes.variance_share) == 0


NAN = float("nan")


@pytest.mark.parametrize(
    ("is_reference", "length", "usage", "chosen"),
    [
        ([0, 0, 1], [900.0, 800.0, 10.0], [0.5, 0.4, 0.1], 2),  # marked beats all
        ([0, 0, 0], [800.0, 900.0, 10.0], [0.5, 0.1, 0.4], 1),  # none marked: the longest
        (None, [800.0, 900.0, 10.0], [0.5, 0.1, 0.4], 1),
        ([0, 1, 1], [900.0, 700.0, 800.0], [0.5, 0.4, 0.1], 2),  # two marked: the longer of them
        (None, [900.0, 900.0, 10.0], [0.2, 0.3, 0.5], 1),  # two as long: the more used
        (None, [NAN, 5.0, NAN], [0.5, 0.1, 0.4], 1),  # a length beats none
        (None, [NAN, NAN, NAN], [0.1, 0.2, 0.7], 2),  # no lengths: the most used
        (None, None, [0.1, 0.5, 0.4], 1),
        (None, None, [0.4, 0.4, 0.2], 0),  # as used: the first id
        ([1, 1, 1], [9.0, 9.0, 9.0], [1 / 3, 1 / 3, 1 / 3], 0),
    ],
)
def test_the_reference_is_marked_else_longest_else_most_used_else_first(
    is_reference: list[int] | None,
    length: list[float] | None,
    usage: list[float],
    chosen: int,
) -> None:
    rows = reference_transcripts(
        np.array([0]),
        np.array(usage),
        is_reference=None if is_reference is None else np.array(is_reference, dtype=bool),
        length=None if length is None else np.array(length),
    )
    assert rows.tolist() == [chosen]


def test_every_gene_has_its_own_reference() -> None:
    rows = reference_transcripts(
        np.array([0, 2, 5]),
        np.array([0.9, 0.1, 0.2, 0.5, 0.3, 0.6, 0.4]),
        is_reference=np.array([0, 1, 0, 0, 0, 0, 0], dtype=bool),
        length=np.array([5.0, 4.0, 1.0, 1.0, 2.0, 7.0, 8.0]),
    )
    assert rows.tolist() == [1, 4, 6]
