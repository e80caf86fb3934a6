"""The torch kernel must lead to the same edges as numpy's, bit for bit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isograph.backends.calibrated import associate as calibrated
from isograph.config import CalibratedSettings
from isograph.errors import ConfigError
from isograph.features.model import FeatureSet
from isograph.network import torch_kernel
from isograph.network.association import Association, Search, strongest_pairs
from isograph.network.torch_kernel import choose_device, screen_pairs_torch
from isograph.progress import Steps
from tests.network.synthetic import Floats, feature_set, followers
from tests.network.test_kernel import CASES, wanted

pytestmark = pytest.mark.filterwarnings("error")


def screen(
    rows: Floats, groups: np.ndarray, *, floor: float, neighbours: int, block: int = 2048
) -> list[tuple[int, int]]:
    i, j = screen_pairs_torch(
        rows, groups, floor=floor, neighbours=neighbours, threads=1, device="cpu", block=block
    )
    return list(zip(i.tolist(), j.tolist(), strict=True))


def random_features(
    seed: int, *, n_rows: int, n_samples: int, copies: bool, gaps: bool
) -> FeatureSet:
    """A module in noise; some rows twice or of opposite sign; some values not observed."""
    rng = np.random.default_rng(seed)
    n_module = n_rows // 2
    module = followers(rng, rng.normal(size=n_samples), n_module, loading=0.8)
    rows = np.concatenate([module, rng.normal(size=(n_rows - n_module, n_samples))])
    if copies:
        rows[rng.integers(0, n_rows, n_rows // 2)] = rows[0]
        rows[rng.integers(0, n_rows, n_rows // 4)] = -rows[0]
    observed = rng.random(rows.shape) >= 0.2 if gaps else None
    if observed is not None:
        observed[:, :4] = True
    return feature_set(rows, genes=np.sort(rng.integers(0, n_rows, n_rows)), observed=observed)


def edges(features: FeatureSet, *, neighbours: int, search: Search) -> Association:
    return strongest_pairs(
        features, false_edges_per_feature=0.05, neighbours=neighbours, search=search
    )


def assert_same_edges(first: Association, second: Association) -> None:
    for name in ("i", "j", "r", "weight", "pvalue"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes(), name
    assert first.floor == second.floor


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    n_rows=st.integers(2, 120),
    n_samples=st.integers(8, 40),
    neighbours=st.sampled_from([1, 3, 10, 200]),
    copies=st.booleans(),
    gaps=st.booleans(),
    block=st.sampled_from([7, 32, 1024]),
)
def test_edges_are_those_of_numpy_bit_for_bit(
    seed: int, n_rows: int, n_samples: int, neighbours: int, copies: bool, gaps: bool, block: int
) -> None:
    features = random_features(seed, n_rows=n_rows, n_samples=n_samples, copies=copies, gaps=gaps)
    plain = edges(features, neighbours=neighbours, search=Search())
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(torch_kernel._BLOCK, "cpu", block)
        other = edges(features, neighbours=neighbours, search=Search(kernel="torch", device="cpu"))
    assert_same_edges(plain, other)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("gaps", [False, True])
def test_edges_on_a_gpu_are_those_of_numpy_bit_for_bit(gaps: bool) -> None:
    features = random_features(1, n_rows=6000, n_samples=200, copies=True, gaps=gaps)
    plain = edges(features, neighbours=30, search=Search())
    other = edges(features, neighbours=30, search=Search(kernel="torch", device="cuda"))
    assert len(plain) > 1000
    assert_same_edges(plain, other)


@pytest.mark.parametrize("block", [64, 100, 2048])
@pytest.mark.parametrize("case", CASES)
def test_every_pair_that_counts_is_handed_on(case: str, block: int) -> None:
    make, floor, neighbours = CASES[case]
    rows, groups = make()
    pairs = screen(rows, groups, floor=floor, neighbours=neighbours, block=block)
    needed = wanted(rows, groups, floor=floor, neighbours=neighbours)
    assert needed
    assert needed <= set(pairs)
    assert pairs == sorted(set(pairs))
    assert all(i < j and groups[i] != groups[j] for i, j in pairs)


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
    monkeypatch.setitem(torch_kernel._COMPACT_AT, "cpu", 50)
    assert screen(rows, groups, floor=floor, neighbours=neighbours, block=64) == plain


def test_dense_blocks_raise_bars_before_candidates_pile_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, groups = CASES["dense"][0]()
    handed: list[int] = []
    original = torch_kernel._block_candidates

    def counting(*args: object) -> tuple[torch.Tensor, torch.Tensor]:
        key, value = original(*args)  # type: ignore[arg-type]
        handed.append(len(key))
        return key, value

    monkeypatch.setattr(torch_kernel, "_block_candidates", counting)
    screen(rows, groups, floor=0.5, neighbours=5, block=100)
    assert sum(handed) < 0.2 * 500 * 499 / 2


def test_no_rows_and_one_row_have_no_pairs() -> None:
    for n in (0, 1):
        assert screen(np.empty((n, 10)), np.arange(n), floor=0.1, neighbours=3) == []


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    rows, groups = CASES["random"][0]()
    screen_pairs_torch(
        rows,
        groups,
        floor=0.5,
        neighbours=5,
        threads=1,
        device="cpu",
        block=100,
        progress=seen.append,
    )
    assert seen == sorted(seen)
    assert len(seen) == 15
    assert seen[-1] == 1.0


def test_reduced_precision_that_a_user_chose_is_off_inside_and_on_again_after() -> None:
    before = torch.get_float32_matmul_precision()
    inside: list[str] = []
    rows, groups = CASES["random"][0]()
    torch.set_float32_matmul_precision("medium")
    try:
        screen_pairs_torch(
            rows,
            groups,
            floor=0.5,
            neighbours=5,
            threads=1,
            device="cpu",
            progress=lambda _: inside.append(torch.get_float32_matmul_precision()),
        )
        assert set(inside) == {"highest"}
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


def test_cuda_without_a_device_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="device=auto") as caught:
        choose_device("cuda")
    assert len(caught.value.problems) == 1


def test_auto_takes_cuda_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert choose_device("auto") == expected
        assert choose_device("cpu") == "cpu"


def test_the_calibration_record_names_the_kernel() -> None:
    features = random_features(2, n_rows=60, n_samples=30, copies=False, gaps=False)
    chosen = CalibratedSettings(kernel="torch", device="cpu")
    record = calibrated(features, chosen, Steps()).calibration
    assert (record["kernel"], record["device"]) == ("torch", "cpu")
    record = calibrated(features, CalibratedSettings(), Steps()).calibration
    assert (record["neighbour_search"], record["kernel"]) == ("exact", "numpy")


def test_isograph_does_not_load_torch_or_faiss_until_they_are_asked_for() -> None:
    code = (
        "import sys, isograph, isograph.backends, isograph.network.association\n"
        "print(sorted({'torch', 'faiss'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
