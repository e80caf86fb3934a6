import numpy as np
import pytest
from scipy import stats
from scipy.special import expit

from isograph.simulation.counts import (
    draw_dirichlet,
    draw_gamma_poisson,
    draw_stable_means,
    plant_switches,
    split_totals,
)
from isograph.simulation.genes import (
    Layout,
    Role,
    draw_isoform_numbers,
    draw_share_of,
    place_genes,
)

MIXED = Layout(np.array([2, 1, 4, 3, 5]))


def _rng() -> np.random.Generator:
    return np.random.default_rng(5)


def test_isoform_numbers_follow_the_stated_probabilities() -> None:
    numbers = draw_isoform_numbers(_rng(), n_genes=20_000)
    observed = np.bincount(numbers, minlength=6)
    expected = 20_000 * np.array([0.45, 0.30, 0.15, 0.10])
    assert observed[:2].sum() == 0
    assert stats.chisquare(observed[2:], expected).pvalue > 1e-3


def test_layout_numbers_transcripts_gene_by_gene() -> None:
    assert MIXED.gene.tolist() == [0, 0, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4]
    assert MIXED.isoform.tolist() == [0, 1, 0, 0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 3, 4]
    assert MIXED.first.tolist() == [0, 2, 3, 7, 10]


def test_places_are_dealt_in_the_numbers_asked_for() -> None:
    roles = [[(Role.SWITCH_ONLY, 3), (Role.COUPLED, 2)], [(Role.DISCORDANT, 4)]]
    placement = place_genes(_rng(), n_genes=20, module_roles=roles)
    assert np.bincount(placement.module + 1).tolist() == [11, 5, 4]
    assert placement.has_role(Role.SWITCH_ONLY).sum() == 3
    assert (placement.module[placement.has_role(Role.DISCORDANT)] == 1).all()
    np.testing.assert_array_equal(placement.has_role(Role.BACKGROUND), placement.module == -1)


def test_gene_order_tells_nothing_of_modules() -> None:
    placement = place_genes(
        _rng(), n_genes=2000, module_roles=[[(Role.SWITCH_ONLY, 500)], [(Role.SWITCH_ONLY, 500)]]
    )
    assert abs(np.corrcoef(np.arange(2000), placement.module)[0, 1]) < 0.08


def test_a_share_of_members_is_picked_to_the_nearest_whole_number() -> None:
    members = np.arange(100) % 2 == 0
    picked = draw_share_of(_rng(), members=members, share=0.3)
    assert picked.sum() == 15
    assert not (picked & ~members).any()


@pytest.mark.parametrize("size", [4.0, 15.0])
def test_totals_have_negative_binomial_mean_and_variance(size: float) -> None:
    mean = np.array([[30.0], [300.0]])
    totals = draw_gamma_poisson(_rng(), mean=mean, size=size, shape=(2, 40_000))
    np.testing.assert_allclose(totals.mean(axis=1), mean[:, 0], rtol=0.02)
    expected = mean[:, 0] + mean[:, 0] ** 2 / size
    np.testing.assert_allclose(totals.var(axis=1), expected, rtol=0.06)


def test_totals_follow_the_negative_binomial_distribution() -> None:
    totals = draw_gamma_poisson(_rng(), mean=np.array(20.0), size=5.0, shape=(1, 20_000))[0]
    edges = np.array([0, 8, 12, 16, 20, 25, 32])
    law = stats.nbinom(5.0, 5.0 / 25.0)
    chance = np.diff([0.0, *law.cdf(edges[1:] - 1), 1.0])
    observed = np.bincount(np.searchsorted(edges[1:], totals, side="right"), minlength=7)
    assert stats.chisquare(observed, 20_000 * chance[: len(observed)]).pvalue > 1e-3


def test_stable_means_are_a_dirichlet_of_the_stated_concentration() -> None:
    layout = Layout(np.full(5000, 3))
    means = draw_stable_means(_rng(), layout=layout, concentration=3.0).reshape(5000, 3)
    np.testing.assert_allclose(means.sum(axis=1), 1.0)
    np.testing.assert_allclose(means.mean(axis=0), 1 / 3, atol=0.01)
    np.testing.assert_allclose(means.var(axis=0), (1 / 3) * (2 / 3) / 10, rtol=0.1)


def test_a_switch_gives_isoform_one_its_logistic_share_and_the_others_even_parts() -> None:
    stable = draw_stable_means(_rng(), layout=MIXED, concentration=3.0)
    switching = np.array([True, False, True, False, False])
    logit = np.array([[-2.0, 0.0, 3.0], [1.0, -1.0, 0.5]])
    shares = plant_switches(stable, layout=MIXED, switching=switching, logit=logit)
    np.testing.assert_allclose(shares[0], expit(logit[0]))
    np.testing.assert_allclose(shares[1], 1 - expit(logit[0]))
    np.testing.assert_allclose(shares[3], expit(logit[1]))
    np.testing.assert_allclose(shares[4:7], np.tile((1 - expit(logit[1])) / 3, (3, 1)))
    np.testing.assert_array_equal(shares[7:10], np.repeat(stable[7:10, None], 3, axis=1))


@pytest.mark.parametrize("kappa", [20.0, 100.0])
def test_shares_have_dirichlet_mean_and_variance(kappa: float) -> None:
    layout = Layout(np.array([3]))
    mean = np.array([0.6, 0.3, 0.1])
    shares = draw_dirichlet(
        _rng(),
        means=np.repeat(mean[:, None], 30_000, axis=1),
        concentration=np.array([kappa]),
        layout=layout,
    )
    np.testing.assert_allclose(shares.sum(axis=0), 1.0)
    np.testing.assert_allclose(shares.mean(axis=1), mean, rtol=0.01)
    np.testing.assert_allclose(shares.var(axis=1), mean * (1 - mean) / (kappa + 1), rtol=0.05)


def test_split_counts_add_up_to_the_totals() -> None:
    shares = draw_dirichlet(
        _rng(),
        means=np.repeat(draw_stable_means(_rng(), layout=MIXED, concentration=3.0)[:, None], 50, 1),
        concentration=np.full(5, 10.0),
        layout=MIXED,
    )
    totals = _rng().poisson(80, (5, 50))
    counts = split_totals(_rng(), totals=totals, shares=shares, layout=MIXED)
    assert counts.min() >= 0
    np.testing.assert_array_equal(np.add.reduceat(counts, MIXED.first, axis=0), totals)


def test_split_counts_have_multinomial_means_and_covariances() -> None:
    n, share = 30_000, np.array([0.5, 0.3, 0.15, 0.05])
    layout = Layout(np.array([1, 4]))
    shares = np.repeat(np.concatenate([[1.0], share])[:, None], n, axis=1)
    totals = np.full((2, n), 100)
    counts = split_totals(_rng(), totals=totals, shares=shares, layout=layout)[1:]
    np.testing.assert_allclose(counts.mean(axis=1), 100 * share, rtol=0.01)
    expected = 100 * (np.diag(share) - np.outer(share, share))
    np.testing.assert_allclose(np.cov(counts), expected, atol=0.6)


def test_split_gives_everything_to_an_isoform_with_the_whole_share() -> None:
    layout = Layout(np.array([3]))
    shares = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    counts = split_totals(_rng(), totals=np.full((1, 3), 9), shares=shares, layout=layout)
    np.testing.assert_array_equal(counts, 9 * np.eye(3, dtype=int))
