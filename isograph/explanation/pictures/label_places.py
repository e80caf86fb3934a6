"""Where the labels of points go so that few of them cover each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# corners and sides to put a label at, the best first: fractions of its width and height
_SIDES = np.array(
    [[0.0, -0.5], [-1.0, -0.5], [-0.5, 0.0], [-0.5, -1.0], [0, 0], [0, -1], [-1, 0], [-1, -1]]
)
_AWAY = np.array(
    [[1, 0], [-1, 0], [0, 1], [0, -1], [0.7, 0.7], [0.7, -0.7], [-0.7, 0.7], [-0.7, -0.7]]
)
_PREFERENCE = 0.002
_STEPS = 40
_CROSSED = 0.002

Floats = npt.NDArray[np.float64]


def label_places(
    points: Floats,
    sizes: Floats,
    *,
    radius: Floats,
    frame: tuple[float, float],
    lines: Floats,
) -> Floats:
    """Greedy choice of a side for each label, in the given order.

    Eight places around each point are tried (Christensen, Marks & Shieber 1995, ACM Trans. Graph.
    14:203); the one that covers least of points, of labels already placed, of lines and of what
    lies outside the frame is taken.

    Args:
        points: shape (n, 2), in inches.
        sizes: width and height of each label, shape (n, 2), in inches.
        radius: of each point, shape (n,), in inches.
        frame: width and height that labels should stay within, from (0, 0).
        lines: both ends of each line, shape (n_lines, 2, 2).

    Returns:
        Lower left corner of each label, shape (n, 2).
    """
    n = len(points)
    along = np.linspace(0.0, 1.0, _STEPS)[:, None, None]
    on_lines = (lines[:, 0] * (1 - along) + lines[:, 1] * along).reshape(-1, 2)
    marks = np.column_stack([points - radius[:, None], points + radius[:, None]])
    placed = np.empty((0, 4))
    corners = np.empty((n, 2))
    for one in range(n):
        tried = points[one] + _AWAY * (radius[one] + 0.02) + _SIDES * sizes[one]
        boxes = np.column_stack([tried, tried + sizes[one]])
        cost = _covered(boxes, np.delete(marks, one, axis=0)) + 2.0 * _covered(boxes, placed)
        outside = np.maximum(-boxes[:, :2], 0) + np.maximum(boxes[:, 2:] - np.array(frame), 0)
        inside = (on_lines >= boxes[:, None, :2]) & (on_lines <= boxes[:, None, 2:])
        cost += _CROSSED * inside.all(axis=2).sum(axis=1)
        cost += 5.0 * outside.sum(axis=1) + _PREFERENCE * np.arange(len(_SIDES))
        best = int(np.argmin(np.round(cost, 6)))
        corners[one] = tried[best]
        placed = np.vstack([placed, boxes[best]])
    return corners


def _covered(boxes: Floats, others: Floats) -> Floats:
    """Area that each box shares with all others, shape (n_boxes,)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    area: Floats = np.prod(np.maximum(high - low, 0.0), axis=2).sum(axis=1)
    return area
