"""The 2-core of communities, and genes that a single strong edge holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isograph.communities.core import core_members

pytestmark = pytest.mark.filterwarnings("error")


def peel(n: int, edges: list[tuple[int, int]], strong: list[bool]) -> list[bool]:
    """One gene at a time, until none is left that must go."""
    alive = {node for edge in edges for node in edge}
    while True:
        for node in sorted(alive):
            own = [k for k, edge in enumerate(edges) if node in edge and set(edge) <= alive]
            if len(own) < 2 and not any(strong[k] for k in own):
                alive.remove(node)
                break
        else:
            return [node in alive for node in range(n)]


def members(n: int, edges: list[tuple[int, int]], strong: list[bool] | None = None) -> list[bool]:
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    flags = np.zeros(len(edges), dtype=bool) if strong is None else np.array(strong, dtype=bool)
    return core_members(n, ends[:, 0], ends[:, 1], flags).tolist()


@settings(deadline=None, max_examples=200)
@given(
    n=st.integers(2, 14),
    density=st.floats(0.0, 0.6),
    strength=st.floats(0.0, 0.4),
    seed=st.integers(0, 10_000),
)
def test_members_are_those_of_peeling_gene_by_gene(
    n: int, density: float, strength: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    edges = [(i, j) for i in range(n) for j in range(i + 1, n) if rng.random() < density]
    strong = [bool(value) for value in rng.random(len(edges)) < strength]
    assert members(n, edges, strong) == peel(n, edges, strong)


def test_a_triangle_stays_and_its_tail_goes() -> None:
    edges = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4)]
    assert members(6, edges) == [True, True, True, False, False, False]


def test_a_tree_goes_altogether() -> None:
    assert not any(members(7, [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5), (2, 6)]))


def test_a_strong_edge_holds_both_its_ends() -> None:
    assert members(3, [(0, 1), (1, 2)], [True, False]) == [True, True, False]


def test_no_edges_hold_nobody() -> None:
    assert members(3, []) == [False] * 3
