"""Places for the nodes of a small weighted graph, the same every time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import shortest_path

_ROUNDS = 150
_APART = 1.25  # of unconnected nodes, in the largest distance of connected ones
_SHORTEST = 0.45

Floats = npt.NDArray[np.float64]


def stress_layout(weights: Floats) -> Floats:
    """Stress majorisation of shortest-path distances (Gansner, Koren & North 2004, GD, eq. 6).

    Edges are the longer, the weaker they are against the strongest one. Pairs count by the inverse
    square of their distance. Starts from classical scaling, whose axes get the sign that makes
    their largest entry positive; axes end as principal axes, the long one first.

    Args:
        weights: symmetric, 0 where there is no edge, shape (n, n).

    Returns:
        Positions, shape (n, 2), centred.
    """
    n = len(weights)
    if n == 1:
        return np.zeros((1, 2))
    strength = weights / max(float(weights.max()), 1e-300)
    length = np.where(weights > 0, _SHORTEST + (1 - _SHORTEST) * (1 - strength), 0.0)
    distance = np.asarray(shortest_path(length, directed=False), dtype=np.float64)
    joined = np.isfinite(distance)
    distance[~joined] = _APART * max(float(distance[joined].max()), 1.0)
    place = _classical(distance)
    with np.errstate(divide="ignore"):
        pull = np.where(distance > 0, distance**-2.0, 0.0)
    np.fill_diagonal(pull, 0.0)
    inverse = np.linalg.pinv(np.diag(pull.sum(axis=1)) - pull)
    for _ in range(_ROUNDS):
        apart = np.linalg.norm(place[:, None] - place[None], axis=2)
        force = np.divide(pull * distance, apart, out=np.zeros_like(apart), where=apart > 1e-12)
        place = inverse @ ((np.diag(force.sum(axis=1)) - force) @ place)
    return _turned(place)


def _classical(distance: Floats) -> Floats:
    """Classical scaling (Torgerson 1952), with a small spiral that parts nodes alike."""
    n = len(distance)
    centre = np.eye(n) - 1.0 / n
    size, vectors = np.linalg.eigh(-0.5 * centre @ np.square(distance) @ centre)
    place = vectors[:, -2:][:, ::-1] * np.sqrt(np.maximum(size[-2:][::-1], 0.0))
    if place.shape[1] < 2:
        place = np.column_stack([place, np.zeros(n)])
    place = np.round(place * _signs(place), 6)
    turn = np.arange(n) * 2.399963
    spiral = np.column_stack([np.cos(turn), np.sin(turn)]) * np.sqrt(np.arange(n) / n)[:, None]
    started: Floats = place + 0.05 * spiral
    return started


def _turned(place: Floats) -> Floats:
    place = place - place.mean(axis=0)
    _, vectors = np.linalg.eigh(place.T @ place)
    turned = place @ vectors[:, ::-1]
    return np.asarray(turned * _signs(turned), dtype=np.float64)


def _signs(place: Floats) -> Floats:
    """Sign of the entry with the largest size in each column, shape (2,)."""
    largest = np.argmax(np.round(np.abs(place), 6), axis=0)
    return np.where(place[largest, np.arange(place.shape[1])] < 0, -1.0, 1.0)
