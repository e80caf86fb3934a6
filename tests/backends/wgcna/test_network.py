"""The whole sequence: determinism, blocks, edges, and signs that are only a convention."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from isograph.backends.wgcna.blockwise import Network, find_network
from isograph.backends.wgcna.correlation import prepare
from isograph.backends.wgcna.orientation import group_signs, orient_features
from isograph.backends.wgcna.parameters import NetworkParameters
from isograph.errors import InputError
from isograph.progress import Steps
from tests.backends.wgcna.reference import small_values

FloatArray = npt.NDArray[np.float64]


def planted(seed: int, *, noise: int = 120) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Three modules of 60, 50 and 40 features with signs at random, then noise; 80 samples."""
    rng = np.random.default_rng(seed)
    sizes = (60, 50, 40)
    truth = np.r_[np.repeat([0, 1, 2], sizes), np.full(noise, -1)]
    own = rng.standard_normal((3, 80))[truth] * (truth >= 0)[:, None]
    x = own + np.where(truth >= 0, 0.5, 1.0)[:, None] * rng.standard_normal((len(truth), 80))
    return x * rng.choice([-1.0, 1.0], len(truth))[:, None], truth


def settings(network: str = "unsigned", **more: object) -> NetworkParameters:
    return NetworkParameters(network=network, min_module_size=20, **more)  # type: ignore[arg-type]


def recovered(found: Network, truth: npt.NDArray[np.int64]) -> bool:
    """Each planted module is one module, of its own features only."""
    return (
        all(
            len(np.unique(found.labels[truth == module])) == 1
            and (found.labels[truth == module] >= 0).all()
            for module in range(3)
        )
        and found.n_modules == 3
    )


def test_unsigned_network_finds_planted_modules() -> None:
    x, truth = planted(1)
    assert recovered(find_network(x, parameters=settings()), truth)


def test_a_signed_network_splits_modules_of_arbitrary_sign_but_not_after_orientation() -> None:
    x, truth = planted(2)
    split = find_network(x, parameters=settings("signed"))
    assert split.n_modules > 3
    assert not recovered(split, truth)
    signs = orient_features(x, parameters=settings("signed")).signs
    assert recovered(find_network(x * signs[:, None], parameters=settings("signed")), truth)


@pytest.mark.parametrize("network", ["unsigned", "signed", "signed_hybrid"])
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_flipping_any_signs_changes_no_partition_after_orientation(network: str, seed: int) -> None:
    x, _ = planted(seed)
    flips = np.random.default_rng(seed + 100).choice([-1.0, 1.0], len(x))
    parameters = settings(network)
    first = orient_features(x, parameters=parameters)
    second = orient_features(x * flips[:, None], parameters=parameters)
    np.testing.assert_array_equal(first.labels, second.labels)
    a, b = x * first.signs[:, None], x * flips[:, None] * second.signs[:, None]
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(
        find_network(a, parameters=parameters).labels,
        find_network(b, parameters=parameters).labels,
    )


def test_flips_do_not_matter_with_missing_values_and_several_blocks() -> None:
    x, _ = planted(6)
    rng = np.random.default_rng(60)
    x[rng.random(x.shape) < 0.01] = np.nan
    flips = rng.choice([-1.0, 1.0], len(x))
    parameters = settings("signed", max_block_size=150)
    first = orient_features(x, parameters=parameters)
    second = orient_features(x * flips[:, None], parameters=parameters)
    np.testing.assert_array_equal(first.signs, second.signs * flips)


def test_without_groups_features_follow_the_leading_vector() -> None:
    x = np.random.default_rng(7).standard_normal((20, 15))
    unit = prepare(x).unit
    signs = group_signs(unit, np.full(20, -1))
    vector = np.linalg.svd(unit)[2][0]
    np.testing.assert_array_equal(np.abs(signs @ np.sign(unit @ vector)), 20)


def test_groups_are_turned_towards_each_other() -> None:
    rng = np.random.default_rng(8)
    shared = rng.standard_normal(60)
    x = np.vstack(
        [sign * shared + 0.5 * rng.standard_normal((15, 60)) for sign in (1.0, -1.0, 1.0)]
    )
    unit = prepare(x).unit
    turned = unit * group_signs(unit, np.repeat([0, 1, 2], 15))[:, None]
    assert (turned @ turned.T > 0).all()


def test_thread_count_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x = small_values()
    results = []
    for threads in ("1", "2"):
        monkeypatch.setenv("ISOGRAPH_THREADS", threads)
        results.append(find_network(x, parameters=settings()))
    assert results[0].kme.tobytes() == results[1].kme.tobytes()
    assert results[0].edges.weight.tobytes() == results[1].edges.weight.tobytes()
    assert results[0].labels.tobytes() == results[1].labels.tobytes()


def test_blocks_give_the_same_modules_where_modules_fit_into_them() -> None:
    x, truth = planted(9)
    parts = find_network(x, parameters=settings(power=6.0, max_block_size=150))
    assert len(parts.blocks) > 1
    assert sorted(np.concatenate([block.members for block in parts.blocks])) == list(range(len(x)))
    assert recovered(parts, truth)
    assert len(np.unique(parts.edges.source * len(x) + parts.edges.target)) == len(parts.edges)


def test_a_module_cut_by_blocks_is_joined_again() -> None:
    rng = np.random.default_rng(10)
    x = np.vstack(
        [
            rng.standard_normal(80) + 0.4 * rng.standard_normal((120, 80)),
            rng.standard_normal((40, 80)),
        ]
    )
    found = find_network(x, parameters=settings(power=6.0, max_block_size=70))
    assert len(found.blocks) > 2
    # a piece below the smallest module in a block of its own is lost, the others are one again
    assert found.n_modules == 1
    assert (found.labels[:120] == 0).sum() >= 100


def test_float32_gives_the_same_modules() -> None:
    x = small_values()
    double = find_network(x, parameters=settings(power=6.0))
    single = find_network(x, parameters=settings(power=6.0, single_above=100))
    np.testing.assert_array_equal(double.labels, single.labels)


def test_edges_hold_the_strongest_partners_of_each_feature() -> None:
    x, _ = planted(11)
    found = find_network(x, parameters=settings(partners=5))
    assert (found.edges.source < found.edges.target).all()
    assert (found.edges.weight > 0).all()
    touching = np.bincount(np.r_[found.edges.source, found.edges.target], minlength=len(x))
    assert touching.min() >= 5
    assert len(found.edges) <= 5 * len(x)


def test_noise_alone_gives_no_modules() -> None:
    x = np.random.default_rng(12).standard_normal((150, 60))
    found = find_network(x, parameters=settings(power=6.0))
    assert found.n_modules == 0
    assert found.kme.shape == (150, 0)


def test_the_power_and_its_rule_are_told() -> None:
    steps = Steps()
    found = find_network(small_values(), parameters=settings(), steps=steps)
    assert found.power.rule in ("scale_free", "sample_size")
    assert found.power.power in found.table.power
    assert [step.name for step in steps.done][:2] == ["correlation", "soft threshold"]
    assert find_network(small_values(), parameters=settings(power=7.5)).power.rule == "given"


@pytest.mark.parametrize(
    "more", [{"correlation": "bicor"}, {"signed_overlap": True}, {"pam_respects_tree": True}]
)
def test_other_settings_find_planted_modules_with_missing_values(more: dict[str, object]) -> None:
    x, truth = planted(15)
    x[np.random.default_rng(150).random(x.shape) < 0.01] = np.nan
    found = find_network(x, parameters=settings(power=6.0, **more))
    plain = find_network(x, parameters=settings(power=6.0))
    assert recovered(found, truth)
    assert not np.array_equal(found.edges.weight, plain.edges.weight) or "pam" in next(iter(more))


def test_sample_order_does_not_matter() -> None:
    x, _ = planted(16)
    shuffled = x[:, np.random.default_rng(160).permutation(x.shape[1])]
    first = find_network(x, parameters=settings())
    second = find_network(shuffled, parameters=settings())
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_allclose(first.kme, second.kme, atol=1e-10)


def test_too_few_features_are_refused() -> None:
    with pytest.raises(InputError, match="at least 3"):
        find_network(np.random.default_rng(14).standard_normal((2, 20)))
