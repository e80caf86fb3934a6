"""The float32 screen must hand on every pair that counts, whatever path it takes."""

from __future__ import annotations

import numpy as np
import pytest

from isograph.network import kernel
from isograph.network.kernel import block_pairs, kth_strongest, screen_margin, screen_pairs
from tests.network.synthetic import Floats, followers

pytestmark = pytest.mark.filterwarnings("error")


def unit_rows(values: Floats) -> Floats:
    centred = values - values.mean(axis=1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=1, keepdims=True)


def random_rows() -> tuple[Floats, np.ndarray]:
    """Weak correlations, two or three rows a gene."""
    rng = np.random.default_rng(0)
    return unit_rows(rng.normal(size=(500, 25))), np.sort(rng.integers(0, 200, 500))


def dense_rows() -> tuple[Floats, np.ndarray]:
    """Everything correlates with everything."""
    rng = np.random.default_rng(1)
    rows = followers(rng, rng.normal(size=60), 500, loading=0.95)
    return unit_rows(rows), np.arange(500) // 2


def duplicated_rows() -> tuple[Floats, np.ndarray]:
    """Every row forty times, so that r ties exactly."""
    rng = np.random.default_rng(2)
    return unit_rows(np.repeat(rng.normal(size=(10, 30)), 40, axis=0)), np.arange(400)


def blocks_of_modules() -> tuple[Floats, np.ndarray]:
    """Large modules in the midst of noise: some blocks are dense, some are not."""
    rng = np.random.default_rng(3)
    parts = [followers(rng, rng.normal(size=40), 90, loading=0.8) for _ in range(3)]
    parts.insert(1, rng.normal(size=(200, 40)))
    return unit_rows(np.concatenate(parts)), np.arange(470)


CASES = {
    "random": (random_rows, 0.5, 5),
    "random, short lists": (random_rows, 0.1, 1),
    "dense": (dense_rows, 0.5, 5),
    "duplicated": (duplicated_rows, 0.2, 7),
    "modules": (blocks_of_modules, 0.45, 10),
    "no floor": (random_rows, 0.0, 3),
    "lists longer than the data": (random_rows, 0.4, 1000),
}


def wanted(
    rows: Floats, groups: np.ndarray, *, floor: float, neighbours: int
) -> set[tuple[int, int]]:
    """Every pair at the floor that is among a row's strongest, by brute force in float64."""
    strength = np.abs(rows @ rows.T)
    strength[groups[:, None] == groups[None, :]] = -1.0
    pairs = set()
    for i, row in enumerate(strength):
        # ties at the last place: every one of them may be chosen later
        last = np.sort(row)[::-1][min(neighbours, len(row)) - 1]
        for j in np.flatnonzero((row >= max(floor, last - 1e-12)) & (row >= 0)):
            pairs.add((min(i, int(j)), max(i, int(j))))
    return pairs


def screen(
    rows: Floats, groups: np.ndarray, *, floor: float, neighbours: int, **options: int
) -> list[tuple[int, int]]:
    i, j = screen_pairs(
        rows, groups, floor=floor, neighbours=neighbours, **{"threads": 1, **options}
    )
    return list(zip(i.tolist(), j.tolist(), strict=True))


@pytest.mark.parametrize("block", [64, 100, 2048])
@pytest.mark.parametrize("case", CASES)
def test_every_pair_that_counts_is_handed_on(case: str, block: int) -> None:
    make, floor, neighbours = CASES[case]
    rows, groups = make()
    pairs = screen(rows, groups, floor=floor, neighbours=neighbours, block=block)
    needed = wanted(rows, groups, floor=floor, neighbours=neighbours)
    assert needed
    assert needed <= set(pairs)


@pytest.mark.parametrize("case", CASES)
def test_pairs_are_sorted_and_never_within_a_gene(case: str) -> None:
    make, floor, neighbours = CASES[case]
    rows, groups = make()
    pairs = screen(rows, groups, floor=floor, neighbours=neighbours, block=64)
    assert pairs == sorted(set(pairs))
    assert all(i < j and groups[i] != groups[j] for i, j in pairs)


def test_a_pair_just_at_the_floor_is_handed_on_whatever_float32_makes_of_it() -> None:
    rows, groups = unit_rows(np.random.default_rng(6).normal(size=(20, 33))), np.arange(20)
    for i in range(19):
        floor = abs(float(rows[i] @ rows[i + 1]))
        assert (i, i + 1) in screen(rows, groups, floor=floor, neighbours=19)


@pytest.mark.parametrize("case", ["random", "dense", "modules"])
def test_hardly_anything_else_is_handed_on(case: str) -> None:
    make, floor, neighbours = CASES[case]
    rows, groups = make()
    pairs = screen(rows, groups, floor=floor, neighbours=neighbours, block=64)
    needed = wanted(rows, groups, floor=floor, neighbours=neighbours)
    assert len(pairs) <= 1.05 * len(needed)


@pytest.mark.parametrize("case", ["dense", "duplicated", "modules"])
def test_joining_candidates_early_loses_none(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, floor, neighbours = CASES[case]
    rows, groups = make()
    plain = screen(rows, groups, floor=floor, neighbours=neighbours, block=64)
    monkeypatch.setattr(kernel, "_COMPACT_AT", 50)
    assert screen(rows, groups, floor=floor, neighbours=neighbours, block=64) == plain


@pytest.mark.parametrize("case", ["dense", "duplicated", "modules"])
def test_dense_blocks_keep_few_candidates(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, floor, neighbours = CASES[case]
    rows, groups = make()
    sizes: dict[float, int] = {}
    original = kernel._block_pairs

    def counting(*args: object) -> kernel.Pairs:
        pairs = original(*args)  # type: ignore[arg-type]
        sizes[share] += len(pairs[0])
        return pairs

    monkeypatch.setattr(kernel, "_block_pairs", counting)
    for share in (kernel._DENSE_SHARE, 2.0):  # 2: no block is ever dense
        sizes[share] = 0
        monkeypatch.setattr(kernel, "_DENSE_SHARE", share)
        screen(rows, groups, floor=floor, neighbours=neighbours, block=100)
    if case == "duplicated":  # ties must all stay
        assert sizes[1 / 16] <= sizes[2.0]
    else:
        assert sizes[1 / 16] < 0.7 * sizes[2.0]


@pytest.mark.parametrize("case", CASES)
def test_threads_do_not_matter(case: str) -> None:
    make, floor, neighbours = CASES[case]
    rows, groups = make()
    one, three = (
        screen(rows, groups, floor=floor, neighbours=neighbours, block=64, threads=threads)
        for threads in (1, 3)
    )
    assert one == three


def test_no_rows_and_one_row_have_no_pairs() -> None:
    for n in (0, 1):
        assert screen(np.empty((n, 10)), np.arange(n), floor=0.1, neighbours=3) == []


def test_rows_of_one_gene_have_no_pairs_even_without_a_floor() -> None:
    rows = unit_rows(np.random.default_rng(4).normal(size=(50, 10)))
    assert screen(rows, np.zeros(50, dtype=int), floor=0.0, neighbours=3, block=16) == []


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    rows, groups = random_rows()
    screen_pairs(rows, groups, floor=0.5, neighbours=5, threads=2, block=100, progress=seen.append)
    assert seen == sorted(seen)
    assert len(seen) == 15
    assert seen[-1] == 1.0


def test_kth_strongest_is_that_of_a_sort() -> None:
    rng = np.random.default_rng(5)
    i, j = np.triu_indices(12, 1)
    chosen = np.sort(rng.choice(len(i), 40, replace=False))
    i, j = i[chosen], j[chosen]
    value = rng.random(40).astype(np.float32)
    found = kth_strongest(i, j, value, n_rows=13, k=5)
    for row in range(13):
        own = np.sort(value[(i == row) | (j == row)])[::-1]
        assert found[row] == (own[4] if len(own) >= 5 else -np.inf)


def test_float32_rows_are_screened_as_float64_ones_are() -> None:
    rows, groups = blocks_of_modules()
    double = screen(rows, groups, floor=0.45, neighbours=10, block=64)
    assert screen(rows.astype(np.float32), groups, floor=0.45, neighbours=10, block=64) == double


@pytest.mark.parametrize("n_samples", [10, 300, 5000])
def test_the_margin_covers_twice_the_error_of_a_float32_product(n_samples: int) -> None:
    rng = np.random.default_rng(n_samples)
    rows = np.concatenate([unit_rows(rng.normal(size=(50, n_samples))), np.ones((2, n_samples))])
    rows[-2:] /= np.sqrt(n_samples)
    single = rows.astype(np.float32)
    blas = np.abs(single @ single.T - rows @ rows.T).max()
    one_by_one = np.cumsum(single[-1] * single[-2], dtype=np.float32)[-1]  # the worst order
    assert 2 * max(blas, abs(one_by_one - 1.0)) < screen_margin(n_samples)


def test_every_pair_of_blocks_is_visited_once_and_the_diagonal_first() -> None:
    tasks = block_pairs(10, 4)
    assert tasks == [(0, 0), (4, 4), (8, 8), (0, 4), (0, 8), (4, 8)]
    assert block_pairs(0, 4) == []
