"""Smooth lines, layouts, label places and the scale of a gene."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.explanation.pictures.gene_structure import Scale
from isograph.explanation.pictures.graph_layout import stress_layout
from isograph.explanation.pictures.label_places import label_places
from isograph.explanation.pictures.smooth import smooth_mean


def test_a_line_is_its_own_smooth_mean() -> None:
    x = np.linspace(-2, 2, 60)
    grid, mean, spread = smooth_mean(x, np.array([0.3 * x + 0.5]))
    np.testing.assert_allclose(mean[0], 0.3 * grid + 0.5, atol=1e-9)
    np.testing.assert_allclose(spread, 0.0, atol=1e-6)


def test_the_spread_is_that_around_the_line() -> None:
    rng = np.random.default_rng(1)
    x = np.sort(rng.normal(size=4000))
    _, _, spread = smooth_mean(x, np.array([x + 0.2 * rng.normal(size=4000)]))
    np.testing.assert_allclose(spread[0, 10:-10], 0.2, rtol=0.15)


def test_gaps_have_no_weight_and_an_empty_row_has_no_line() -> None:
    x = np.linspace(-1, 1, 30)
    rows = np.array([x, x, np.full(30, np.nan)])
    rows[1, ::3] = np.nan
    _, mean, _ = smooth_mean(x, rows)
    np.testing.assert_allclose(mean[1], mean[0], atol=1e-9)
    assert np.isnan(mean[2]).all()


@pytest.mark.parametrize("x", [np.zeros(8), np.repeat([-1.0, 1.0], 4), np.array([-1.0, 0.0, 1.0])])
def test_few_or_equal_places_give_numbers(x: np.ndarray) -> None:
    _, mean, spread = smooth_mean(x, np.arange(len(x), dtype=float)[None])
    assert np.isfinite(mean).all()
    assert np.isfinite(spread).all()


def ring(n: int) -> np.ndarray:
    weights = np.zeros((n, n))
    place = np.arange(n)
    weights[place, (place + 1) % n] = 1.0
    return weights + weights.T


def test_neighbours_lie_closer_than_others() -> None:
    place = stress_layout(ring(12))
    apart = np.linalg.norm(place[:, None] - place[None], axis=2)
    steps = np.minimum(
        *(np.abs(np.subtract.outer(np.arange(12), np.arange(12))) % m for m in (12, 99))
    )
    steps = np.minimum(steps, 12 - steps)
    means = [apart[steps == step].mean() for step in range(1, 7)]
    assert means == sorted(means)


def test_the_same_graph_gives_the_same_layout() -> None:
    np.testing.assert_array_equal(stress_layout(ring(9)), stress_layout(ring(9)))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_small_and_complete_graphs_have_places_of_their_own(n: int) -> None:
    weights = np.ones((n, n)) - np.eye(n)
    place = stress_layout(weights)
    assert place.shape == (n, 2)
    apart = np.linalg.norm(place[:, None] - place[None], axis=2) + np.eye(n)
    assert apart.min() > 0.1


def test_parts_without_a_connection_lie_apart() -> None:
    weights = np.zeros((6, 6))
    weights[:3, :3] = weights[3:, 3:] = 1.0
    np.fill_diagonal(weights, 0.0)
    place = stress_layout(weights)
    apart = np.linalg.norm(place[:, None] - place[None], axis=2)
    assert apart[:3, 3:].min() > apart[:3, :3].max()


def test_labels_of_close_points_do_not_cover_each_other() -> None:
    points = np.array([[2.0, 1.0], [2.15, 1.05], [2.05, 0.85], [1.9, 1.1]])
    sizes = np.full((4, 2), [0.6, 0.14])
    corners = label_places(
        points, sizes, radius=np.full(4, 0.05), frame=(4, 2), lines=np.empty((0, 2, 2))
    )
    for one in range(4):
        for other in range(one):
            low = np.maximum(corners[one], corners[other])
            high = np.minimum(corners[one] + sizes[one], corners[other] + sizes[other])
            assert (high - low).min() <= 0


def test_a_label_at_the_edge_stays_within() -> None:
    corners = label_places(
        np.array([[3.95, 1.0]]),
        np.array([[0.8, 0.14]]),
        radius=np.array([0.05]),
        frame=(4, 2),
        lines=np.empty((0, 2, 2)),
    )
    assert corners[0, 0] + 0.8 <= 4.0


def test_introns_and_long_exons_are_shortened_and_order_is_kept() -> None:
    exons = np.array([[101, 200], [100_001, 100_100], [200_001, 210_000], [150, 220]])
    scale = Scale.of(exons)
    np.testing.assert_array_equal(scale.breaks, [100, 220, 100_000, 100_100, 200_000, 210_000])
    assert scale.places[0] == 0
    assert scale.places[-1] == pytest.approx(1)
    assert (np.diff(scale.places) > 0).all()
    small = np.diff(scale(np.array([100_000, 100_100])))[0]
    large = np.diff(scale(np.array([200_000, 210_000])))[0]
    assert small > 0.03
    assert large < 30 * small
    assert 0.1 < (scale.places[2] - scale.places[1]) + (scale.places[4] - scale.places[3]) < 0.45


def test_one_exon_fills_the_width() -> None:
    scale = Scale.of(np.array([[11, 20]]))
    np.testing.assert_allclose(scale(np.array([10, 15, 20])), [0, 0.5, 1])
