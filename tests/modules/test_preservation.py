"""Module preservation between two cohorts, against R WGCNA and on planted modules."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from isograph.errors import InputError
from isograph.modules.preservation import STATISTICS, module_preservation
from tests.shared_data import shared_path

Matrix = npt.NDArray[np.float64]

# R's names of what can be compared exactly; its kMEall counts a random set of features twice
R_NAMES = {
    "prop_var_explained": "propVarExplained.pres",
    "mean_sign_aware_kme": "meanSignAwareKME.pres",
    "mean_sign_aware_cor": "meanSignAwareCorDat.pres",
    "mean_adjacency": "meanAdj.pres",
    "mean_mar": "meanMAR.pres",
    "cor_kim": "cor.kIM",
    "cor_kme": "cor.kME",
    "cor_cor": "cor.cor",
    "cor_mar": "cor.MAR",
}
COLOURS = {1: "turquoise", 2: "blue", 3: "brown", 4: "yellow", 5: "green"}


def r_table(what: str, **options: object) -> pd.DataFrame:
    path = shared_path("reference", "wgcna", f"small.{what}.csv.gz")
    return pd.read_csv(path, **options)  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="module")
def small() -> pd.DataFrame:
    """Our statistics of R's case: 40 samples against the other 40."""
    values = r_table("preservation_observed", index_col=0)
    samples = pd.read_csv(shared_path("reference", "wgcna", "small.csv.gz"), index_col=0)
    labels = r_table("blockwise_modules.unsigned").set_index("gene")["label"]
    labels = labels.reindex(samples.columns).replace(0, -1).to_numpy()
    x = samples.to_numpy().T
    found = module_preservation(
        x[:, :40], x[:, 40:], labels, n_permutations=200, rng=np.random.default_rng(4)
    )
    return found.set_index(found["module"].map(COLOURS)).join(values, rsuffix="_r")


@pytest.mark.parametrize("name", sorted(R_NAMES))
def test_observed_statistics_are_those_of_r(small: pd.DataFrame, name: str) -> None:
    np.testing.assert_allclose(small[name], small[R_NAMES[name]], rtol=1e-9)


def test_z_is_that_of_r_within_monte_carlo_error(small: pd.DataFrame) -> None:
    theirs = r_table("preservation_z", index_col=0).loc[small.index]
    for ours, name in (
        ("z_density", "Zdensity.pres"),
        ("z_connectivity", "Zconnectivity.pres"),
        ("z_summary", "Zsummary.pres"),
    ):
        np.testing.assert_allclose(small[ours], theirs[name], rtol=0.25)


def test_modules_that_are_there_rank_before_each_other_as_in_r(small: pd.DataFrame) -> None:
    ours = small["median_rank"].sort_values(kind="stable").index
    theirs = small["medianRank.pres"].sort_values(kind="stable").index
    assert list(ours) == list(theirs)


def planted(rng: np.random.Generator, n_samples: int, *, kept: tuple[bool, ...]) -> Matrix:
    """Modules of 12 features with signs, or noise in the place of those that are not kept."""
    signs = np.where(np.arange(12) % 3 == 0, -1.0, 1.0)
    strengths = np.linspace(0.5, 2.0, 12)
    rows = [rng.normal(size=(60, n_samples))]
    for there in kept:
        latent = rng.normal(size=n_samples) if there else np.zeros(n_samples)
        rows.append((signs * strengths)[:, None] * latent + rng.normal(size=(12, n_samples)))
    return np.concatenate(rows)


LABELS = np.concatenate([np.full(60, -1), np.repeat([0, 1, 2], 12)])


@pytest.fixture
def cohorts() -> tuple[Matrix, Matrix]:
    """Three modules in the reference; the middle one is noise in the test."""
    rng = np.random.default_rng(8)
    return planted(rng, 80, kept=(True, True, True)), planted(rng, 50, kept=(True, False, True))


def test_a_module_that_is_gone_is_told_from_those_that_are_there(
    cohorts: tuple[Matrix, Matrix],
) -> None:
    found = module_preservation(*cohorts, LABELS, rng=np.random.default_rng(0))
    here = found["z_summary"].to_numpy()
    assert here[0] > 5
    assert here[2] > 5
    assert abs(here[1]) < 2
    assert found["p_summary"].to_numpy()[1] > 0.02
    assert found["p_summary"].to_numpy()[0] == pytest.approx(1 / 201)
    assert found["median_rank"].to_numpy()[1] == 3.0


def test_p_is_uniform_where_nothing_is_preserved() -> None:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(60):
        first, second = (planted(rng, 40, kept=(k, k, k)) for k in (True, False))
        table = module_preservation(first, second, LABELS, n_permutations=40, rng=rng)
        found.append(table["p_summary"].to_numpy())
    p = np.concatenate(found)
    assert 0.4 < p.mean() < 0.6
    assert (p < 0.1).mean() < 0.18


def test_the_order_of_samples_and_features_does_not_matter(
    cohorts: tuple[Matrix, Matrix],
) -> None:
    rng = np.random.default_rng(3)
    first, second = cohorts
    base = module_preservation(first, second, LABELS, rng=np.random.default_rng(1))
    rows = rng.permutation(len(first))
    moved = module_preservation(
        first[rows][:, rng.permutation(80)],
        second[rows][:, rng.permutation(50)],
        LABELS[rows],
        rng=np.random.default_rng(1),
    )
    np.testing.assert_allclose(moved[list(STATISTICS)], base[list(STATISTICS)], rtol=1e-8)


def test_units_do_not_matter_and_missing_values_are_the_mean(
    cohorts: tuple[Matrix, Matrix],
) -> None:
    first, second = cohorts
    base = module_preservation(first, second, LABELS, rng=np.random.default_rng(1))
    scaled = module_preservation(first * 7 + 3, second, LABELS, rng=np.random.default_rng(1))
    pd.testing.assert_frame_equal(scaled, base, rtol=1e-8)
    holes, filled = second.copy(), second.copy()
    holes[:, 0], filled[:, 0] = np.nan, second[:, 1:].mean(axis=1)
    tables = [
        module_preservation(first, x, LABELS, rng=np.random.default_rng(1)) for x in (holes, filled)
    ]
    pd.testing.assert_frame_equal(*tables, rtol=1e-8)


def test_the_same_seed_gives_the_same_bytes_whatever_the_threads(
    cohorts: tuple[Matrix, Matrix], monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = []
    for threads in ("1", "2"):
        monkeypatch.setenv("ISOGRAPH_THREADS", threads)
        tables.append(module_preservation(*cohorts, LABELS, rng=np.random.default_rng(2)))
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_a_signed_network_has_no_place_for_opposite_signs(
    cohorts: tuple[Matrix, Matrix],
) -> None:
    options = {"rng": np.random.default_rng(0), "n_permutations": 20}
    unsigned = module_preservation(*cohorts, LABELS, **options)  # type: ignore[arg-type]
    signed = module_preservation(*cohorts, LABELS, signed=True, **options)  # type: ignore[arg-type]
    # the one in the middle is noise: it has no signs
    assert (signed["mean_adjacency"] < unsigned["mean_adjacency"])[[0, 2]].all()


def test_everything_that_is_wrong_is_told_at_once(cohorts: tuple[Matrix, Matrix]) -> None:
    first, second = (x.copy() for x in cohorts)
    first[5] = 1.0
    second[7, 0] = np.inf
    labels = LABELS.copy()
    labels[:2] = 9
    with pytest.raises(InputError) as caught:
        module_preservation(first, second, labels, rng=np.random.default_rng(0), n_permutations=1)
    told = str(caught.value)
    for word in ("do not vary", "infinite", "fewer than 3", "n_permutations"):
        assert word in told
    with pytest.raises(InputError, match="same features"):
        module_preservation(first[1:], second, LABELS[1:], rng=np.random.default_rng(0))
