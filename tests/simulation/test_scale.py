import numpy as np
import pytest
from scipy.special import expit

from isograph.simulation import SUITES, catalogue, list_fixtures
from isograph.simulation.assemble import Planted
from isograph.simulation.core import RealisticSpec
from isograph.simulation.genes import even_sizes
from isograph.simulation.streams import Streams

# name: genes, samples, modules, module genes, size, κ switching and other
TABLE = {
    "xlarge_v1": (6000, 240, 12, 930, 7.0, (20.0, 100.0)),
    "xxlarge_v1": (12_000, 240, 16, 3000, 7.0, (20.0, 100.0)),
    "xxlarge_stress_v1": (12_000, 240, 24, 1200, 15.0, (15.0, 15.0)),
}


@pytest.fixture(scope="module")
def xlarge() -> Planted:
    return catalogue._plant(catalogue._SPECS["xlarge_v1"], Streams("xlarge_v1", 7))


def test_the_suite_is_made_only_on_request() -> None:
    infos = [info for info in list_fixtures() if info.suite == "scale_v1"]
    assert [info.name for info in infos] == list(TABLE) == list(SUITES["scale_v1"])
    assert not any(info.regular for info in infos)


@pytest.mark.parametrize("name", TABLE)
def test_parameters_are_those_of_the_published_fixtures(name: str) -> None:
    spec = catalogue._SPECS[name]
    assert isinstance(spec, RealisticSpec)
    n_genes, n_samples, n_modules, n_planted, size, kappa = TABLE[name]
    assert (spec.n_genes, spec.n_samples, spec.n_modules) == (n_genes, n_samples, n_modules)
    assert sum(spec.module_sizes) == n_planted
    assert list(spec.module_sizes) == sorted(spec.module_sizes, reverse=True)
    assert (spec.mean, spec.dispersion) == (300.0, size)
    assert (spec.switch_concentration, spec.stable_concentration) == kappa


def test_the_large_fixture_has_its_modules_and_total(xlarge: Planted) -> None:
    sizes = np.bincount(xlarge.placement.module + 1)
    assert sizes.tolist() == [5070, 160, 130, 110, 95, 80, 70, 60, 55, 50, 45, 40, 35]
    totals = np.add.reduceat(xlarge.transcript_counts, xlarge.layout.first, axis=0)
    assert totals.mean() == pytest.approx(300.0, rel=0.01)
    assert (totals.var(axis=1) / (300 + 300**2 / 7)).mean() == pytest.approx(1.0, abs=0.03)


def test_the_large_fixtures_genes_follow_their_latents(xlarge: Planted) -> None:
    genes = np.flatnonzero(xlarge.placement.module >= 0)
    totals = np.add.reduceat(xlarge.transcript_counts, xlarge.layout.first, axis=0)[genes]
    share = xlarge.transcript_counts[xlarge.layout.first[genes]] / np.maximum(totals, 1)
    expected = expit(xlarge.latents[xlarge.placement.module[genes]])
    assert (share - expected).mean() == pytest.approx(0.0, abs=0.005)
    assert (share - expected).std() < 0.13


@pytest.mark.parametrize(("n", "sizes"), [(10, (4, 3, 3)), (9, (3, 3, 3)), (2, (1, 1, 0))])
def test_members_are_dealt_evenly(n: int, sizes: tuple[int, ...]) -> None:
    assert even_sizes(n, n_modules=3) == sizes


def test_no_modules_have_no_sizes() -> None:
    assert even_sizes(0, n_modules=0) == ()
