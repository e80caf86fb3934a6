"""Module–trait tests where donors have several samples: within donors, or between them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from isograph.errors import StudyError
from isograph.features.blocks import Blocks, read_blocks
from isograph.features.covariates import Design, build_design, intercept_only, residualise
from isograph.features.traits import infer_traits
from isograph.modules.traits import module_traits

pytestmark = pytest.mark.filterwarnings("error")

DONORS, VISITS = 12, 4
N = DONORS * VISITS


@pytest.fixture
def samples() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    donor = np.repeat(np.arange(DONORS), VISITS)
    frame = pd.DataFrame(
        {
            "sample_id": [f"S{i:02d}" for i in range(N)],
            "donor": [f"d{i:02d}" for i in donor],
            "treated": np.tile(["no", "yes"], N // 2),
            "visit": np.tile(["a", "b", "c", "d"], DONORS),
            "dose": rng.normal(size=N),
            "sex": np.where(donor % 2 == 0, "f", "m"),
            "genotype": np.array(["aa", "ab", "bb"])[donor % 3],
            "age": np.repeat(rng.normal(50, 9, DONORS), VISITS),
            "RIN": rng.normal(7, 1, N),
        }
    )
    return frame.sample(frac=1, random_state=5).sort_values("sample_id", ignore_index=True)


@pytest.fixture
def eigengene(samples: pd.DataFrame) -> np.ndarray:
    rng = np.random.default_rng(2)
    donor = samples["donor"].str[1:].astype(int).to_numpy()
    value = rng.normal(size=DONORS)[donor] + rng.normal(size=N)
    value += 0.4 * (samples["treated"] == "yes") + 0.5 * (samples["sex"] == "m")
    return np.asarray(value + 0.3 * samples["RIN"], dtype=float)


def run(
    values: np.ndarray, samples: pd.DataFrame, trait: str, *, design: Design | None = None
) -> pd.DataFrame:
    rows = np.atleast_2d(values)
    return module_traits(
        rows,
        module_ids=[f"M{i:03d}" for i in range(len(rows))],
        traits=infer_traits(samples, names=[trait], block="donor"),
        samples=samples,
        design=intercept_only(len(samples)) if design is None else design,
        blocks=read_blocks(samples, "donor"),
    )


def table_of(values: np.ndarray, samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(y=values)


# within


def test_two_levels_in_every_donor_give_the_paired_t_test(
    eigengene: np.ndarray, samples: pd.DataFrame
) -> None:
    pairs = samples.groupby(["donor", "treated"]).head(1).sort_values("sample_id")
    kept = pairs.index.to_numpy()
    frame = samples.loc[kept].reset_index(drop=True)
    got = run(eigengene[kept], frame, "treated").iloc[0]
    wide = table_of(eigengene[kept], frame).pivot(index="donor", columns="treated", values="y")
    expected = stats.ttest_rel(wide["yes"], wide["no"])
    assert (got["test"], got["n"], got["level"]) == ("welch", 2 * DONORS, "yes")
    np.testing.assert_allclose(
        [got["effect"], got["statistic"], got["pvalue"]],
        [(wide["yes"] - wide["no"]).mean(), expected.statistic, expected.pvalue],
        rtol=1e-9,
    )


def test_a_measured_trait_within_donors_is_the_fixed_effects_estimator(
    eigengene: np.ndarray, samples: pd.DataFrame
) -> None:
    design, _ = build_design(samples, "~ RIN")
    got = run(eigengene, samples, "dose", design=design).iloc[0]
    model = smf.ols("y ~ dose + RIN + C(donor)", table_of(eigengene, samples)).fit()
    assert (got["test"], got["n"]) == ("pearson", N)
    assert got["pvalue"] == pytest.approx(model.pvalues["dose"], rel=1e-9)
    assert got["statistic"] == pytest.approx(model.tvalues["dose"], rel=1e-9)


def test_levels_within_donors_are_an_analysis_of_variance_with_donors(
    eigengene: np.ndarray, samples: pd.DataFrame
) -> None:
    got = run(eigengene, samples, "visit").iloc[0]
    frame = table_of(eigengene, samples)
    smaller = smf.ols("y ~ C(donor)", frame).fit()
    larger = smf.ols("y ~ C(donor) + C(visit)", frame).fit()
    f, p, _ = larger.compare_f_test(smaller)
    assert got["test"] == "anova"
    np.testing.assert_allclose([got["statistic"], got["pvalue"]], [f, p], rtol=1e-9)


def test_donors_of_one_sample_say_nothing_within(
    eigengene: np.ndarray, samples: pd.DataFrame
) -> None:
    extra = samples.iloc[:3].assign(sample_id=["T0", "T1", "T2"], donor=["x", "y", "z"])
    more = pd.concat([samples, extra], ignore_index=True)
    got = run(np.concatenate([eigengene, [9.0, -7.0, 4.0]]), more, "dose")
    alone = run(eigengene, samples, "dose")
    assert got["n"].tolist() == [N]
    np.testing.assert_allclose(got["pvalue"], alone["pvalue"], rtol=1e-9)


def test_what_donors_differ_in_does_not_matter_within(
    eigengene: np.ndarray, samples: pd.DataFrame
) -> None:
    level = samples["donor"].str[1:].astype(int).to_numpy() ** 2
    both = run(np.stack([eigengene, eigengene + level]), samples, "treated")
    np.testing.assert_allclose(both["pvalue"][0], both["pvalue"][1], rtol=1e-6)


# between


def test_two_groups_of_donors_are_compared_by_their_means(
    eigengene: np.ndarray, samples: pd.DataFrame
) -> None:
    got = run(eigengene, samples, "sex").iloc[0]
    means = table_of(eigengene, samples).groupby(["donor", "sex"])["y"].mean().reset_index()
    groups = [means.loc[means["sex"] == level, "y"] for level in ("m", "f")]
    expected = stats.ttest_ind(*groups, equal_var=False)
    assert (got["test"], got["n"], got["level"]) == ("welch", DONORS, "m")
    np.testing.assert_allclose(
        [got["statistic"], got["pvalue"]], [expected.statistic, expected.pvalue], rtol=1e-9
    )


@pytest.mark.parametrize(("trait", "term"), [("age", "age"), ("genotype", "C(genotype)")])
def test_covariates_are_averaged_too(
    eigengene: np.ndarray, samples: pd.DataFrame, trait: str, term: str
) -> None:
    design, _ = build_design(samples, "~ RIN + treated")
    means = table_of(eigengene, samples).groupby("donor")[["y", "RIN"]].mean()
    means = means.join(samples.groupby("donor")[trait].first())
    smaller = smf.ols("y ~ RIN", means).fit()
    larger = smf.ols(f"y ~ RIN + {term}", means).fit()
    expected = larger.compare_f_test(smaller)[1]
    # treatment is the same in every mean and costs nothing
    for values in (eigengene, residualise(eigengene[None, :], design)[0]):
        got = run(values, samples, trait, design=design).iloc[0]
        assert got["n"] == DONORS
        assert got["pvalue"] == pytest.approx(expected, rel=1e-8)


def test_a_level_of_one_donor_is_left_out(eigengene: np.ndarray, samples: pd.DataFrame) -> None:
    rare = samples.assign(genotype=samples["genotype"].mask(samples["donor"] == "d00", "zz"))
    got = run(eigengene, rare, "genotype").iloc[0]
    assert (got["test"], got["n"]) == ("anova", DONORS - 1)


def test_missing_values_leave_out_samples_then_donors(
    eigengene: np.ndarray, samples: pd.DataFrame
) -> None:
    age = samples["age"].mask(samples["donor"] == "d03")
    age[samples.index[samples["donor"] == "d05"][0]] = np.nan
    got = run(eigengene, samples.assign(age=age), "age").iloc[0]
    frame = table_of(eigengene, samples.assign(age=age)).dropna()
    means = frame.groupby("donor")[["y", "age"]].mean()
    expected = stats.pearsonr(means["y"], means["age"])
    assert got["n"] == DONORS - 1
    np.testing.assert_allclose([got["r"], got["pvalue"]], list(expected), rtol=1e-9)


def test_two_donors_cannot_be_compared(eigengene: np.ndarray, samples: pd.DataFrame) -> None:
    kept = samples["donor"].isin(["d00", "d01"]).to_numpy()
    got = run(eigengene[kept], samples[kept].reset_index(drop=True), "sex").iloc[0]
    assert np.isnan(got["pvalue"])


# the donors themselves, and both


def test_the_column_of_donors_is_no_trait(samples: pd.DataFrame) -> None:
    kinds = {trait.name: trait.kind for trait in infer_traits(samples, block="donor")}
    assert kinds["donor"] == "block"
    with pytest.raises(StudyError, match="donor: block: samples of one value are taken together"):
        infer_traits(samples, names=["donor"], block="donor")


def test_whether_donors_differ_is_tested_between_samples_where_it_is_asked(
    eigengene: np.ndarray, samples: pd.DataFrame
) -> None:
    found = module_traits(
        eigengene[None, :],
        module_ids=["M000"],
        traits=infer_traits(samples, names=["donor"]),
        samples=samples,
        design=intercept_only(N),
        blocks=read_blocks(samples, "donor"),
    )
    got = found.iloc[0]
    groups = [part.to_numpy() for _, part in pd.Series(eigengene).groupby(samples["donor"])]
    expected = stats.f_oneway(*groups)
    assert (got["test"], got["n"]) == ("anova", N)
    np.testing.assert_allclose(
        [got["statistic"], got["pvalue"]], [expected.statistic, expected.pvalue], rtol=1e-9
    )


@pytest.mark.parametrize("trait", ["sex", "genotype", "age", "treated", "dose", "visit"])
def test_p_holds_where_samples_of_a_donor_are_alike(samples: pd.DataFrame, trait: str) -> None:
    rng = np.random.default_rng(11)
    donor = samples["donor"].str[1:].astype(int).to_numpy()
    rows = 1.5 * rng.normal(size=(2000, DONORS))[:, donor] + rng.normal(size=(2000, N))
    share = np.mean(run(rows, samples, trait)["pvalue"] < 0.05)
    low, high = stats.binom.interval(0.9999, 2000, 0.05)
    assert low <= 2000 * share <= high
    naive = module_traits(
        rows,
        module_ids=[f"M{i:04d}" for i in range(2000)],
        traits=infer_traits(samples, names=[trait]),
        samples=samples,
        design=intercept_only(N),
    )
    if trait in ("sex", "genotype", "age"):
        assert 2000 * np.mean(naive["pvalue"] < 0.05) > high


@pytest.mark.parametrize("trait", ["sex", "treated", "visit", "age"])
def test_the_order_of_samples_does_not_matter(
    eigengene: np.ndarray, samples: pd.DataFrame, trait: str
) -> None:
    order = np.random.default_rng(4).permutation(N)
    mixed = samples.iloc[order].reset_index(drop=True)
    first, second = run(eigengene, samples, trait), run(eigengene[order], mixed, trait)
    np.testing.assert_allclose(first["pvalue"], second["pvalue"], rtol=1e-9)
    assert first["n"].tolist() == second["n"].tolist()


def test_blocks_of_one_sample_change_no_test(eigengene: np.ndarray, samples: pd.DataFrame) -> None:
    alone = Blocks("donor", np.arange(N))
    traits = infer_traits(samples, names=["sex", "age", "genotype"])
    given = {"module_ids": ["M000"], "traits": traits, "samples": samples}
    design = intercept_only(N)
    with_blocks = module_traits(eigengene[None, :], design=design, blocks=alone, **given)
    without = module_traits(eigengene[None, :], design=design, **given)
    pd.testing.assert_frame_equal(with_blocks, without)
