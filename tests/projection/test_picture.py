"""The picture of preservation can be read whatever the sizes of modules."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from isograph.projection.features import Elsewhere
from isograph.projection.picture import preservation_figure
from isograph.projection.preserved import Preserved


def figure_of(sizes: list[int]) -> tuple[list[str], list[float], list[bool]]:
    """Labels of the size axis, gaps between them, and whether names lie inside, in pixels."""
    rng = np.random.default_rng(4)
    table = pd.DataFrame(
        {
            "module_id": [f"M{place:03d}" for place in range(len(sizes))],
            "n_features": sizes,
            "z_summary": rng.normal(8, 3, size=len(sizes)),
            "median_rank": np.arange(len(sizes)) + 1.0,
        }
    )
    # no data of the cohort but its number of samples is drawn
    elsewhere = object.__new__(Elsewhere)
    object.__setattr__(elsewhere, "sample_ids", np.array(["a", "b"]))
    figure = preservation_figure(Preserved(table, {}, 100, elsewhere, {}))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    shown = [
        label
        for label in axes.get_xticklabels(which="both")
        if label.get_text() and low <= label.get_position()[0] <= high
    ]
    boxes = sorted(
        (label.get_window_extent() for label in shown),
        key=lambda box: float(box.x0),
    )
    gaps = [float(b.x0 - a.x1) for a, b in itertools.pairwise(boxes)]
    inside = [
        bool(text.get_window_extent().x1 <= axes.bbox.x1)
        for text in axes.texts
        if text.get_text().startswith("M")
    ]
    return [label.get_text() for label in shown], gaps, inside


@pytest.mark.parametrize(
    "sizes", [[3, 4, 12, 28, 46], [48, 48, 48], [3, 40, 300, 2500], [3, 30000], [7]]
)
def test_sizes_are_plain_numbers_side_by_side(sizes: list[int]) -> None:
    labels, gaps, inside = figure_of(sizes)
    assert labels
    assert all(float(label) > 0 for label in labels)
    assert all(gap > 0 for gap in gaps)
    assert len(inside) == len(sizes)
    assert all(inside)
