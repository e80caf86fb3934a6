"""Module–trait tests against scipy and statsmodels, and what happens at their edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

from isograph.errors import StudyError
from isograph.features.covariates import Design, build_design, intercept_only, residualise
from isograph.features.traits import Trait, infer_traits
from isograph.files import to_arrow
from isograph.modules.traits import module_traits
from isograph.network.significance import benjamini_hochberg
from isograph.schemas import TRAITS

pytestmark = pytest.mark.filterwarnings("error")

N = 60
MODULES = ["M000", "M001", "M002"]
FORMULA = "~ RIN + C(batch)"


@pytest.fixture
def samples() -> pd.DataFrame:
    rng = np.random.default_rng(21)
    rin = rng.normal(7, 1, N)
    frame = pd.DataFrame(
        {
            "sample_id": [f"S{i:02d}" for i in range(N)],
            "RIN": rin,
            "batch": rng.choice(["a", "b", "c"], N),
            "Age": 50 + 6 * rin + rng.normal(0, 5, N),
            "Dx": np.where(rin + rng.normal(0, 1, N) > 7.3, "SCZD", "Control"),
            "site": rng.choice(["k", "l", "m", "n"], N),
        }
    )
    frame.loc[[3, 17], "Age"] = np.nan
    frame.loc[5, "Dx"] = None
    frame.loc[[8, 9, 10], "site"] = None
    return frame


@pytest.fixture
def eigengenes(samples: pd.DataFrame) -> np.ndarray:
    rng = np.random.default_rng(22)
    signal = (samples["Dx"] == "SCZD").to_numpy(float) + 0.3 * samples["RIN"].to_numpy()
    # the spread differs between levels, so that Welch and Student disagree
    noise = rng.normal(size=(3, N)) * (1 + 2 * (samples["Dx"] == "SCZD").to_numpy(float))
    return noise + np.array([[1.0], [0.0], [-0.5]]) * signal


def run(
    eigengenes: np.ndarray,
    samples: pd.DataFrame,
    *,
    design: Design | None = None,
    traits: tuple[Trait, ...] | None = None,
    names: tuple[str, ...] = ("Age", "Dx", "site"),
) -> pd.DataFrame:
    return module_traits(
        eigengenes,
        module_ids=[f"M{i:03d}" for i in range(len(eigengenes))],
        traits=infer_traits(samples, names=names) if traits is None else traits,
        samples=samples,
        design=intercept_only(len(samples)) if design is None else design,
    )


def row(table: pd.DataFrame, trait: str, module: int = 0) -> pd.Series:
    (found,) = table[(table["trait"] == trait) & (table["module_id"] == MODULES[module])].index
    return table.loc[found]


def covariate_matrix(samples: pd.DataFrame) -> np.ndarray:
    batches = [(samples["batch"] == level).to_numpy(float) for level in ("b", "c")]
    return np.column_stack([np.ones(len(samples)), samples["RIN"], *batches])


# without covariates: the textbook tests


@pytest.mark.parametrize("module", [0, 1, 2])
def test_pearson_equals_scipy(eigengenes: np.ndarray, samples: pd.DataFrame, module: int) -> None:
    got = row(run(eigengenes, samples), "Age", module)
    seen = samples["Age"].notna().to_numpy()
    r, p = stats.pearsonr(eigengenes[module, seen], samples["Age"][seen])
    assert (got["test"], got["n"], got["level"]) == ("pearson", N - 2, None)
    np.testing.assert_allclose([got["effect"], got["r"], got["pvalue"]], [r, r, p], rtol=1e-10)
    t = r * np.sqrt((N - 4) / (1 - r**2))
    assert got["statistic"] == pytest.approx(t, rel=1e-10)


@pytest.mark.parametrize("module", [0, 1, 2])
def test_welch_equals_scipy(eigengenes: np.ndarray, samples: pd.DataFrame, module: int) -> None:
    got = row(run(eigengenes, samples), "Dx", module)
    case = eigengenes[module, (samples["Dx"] == "SCZD").to_numpy()]
    control = eigengenes[module, (samples["Dx"] == "Control").to_numpy()]
    expected = stats.ttest_ind(case, control, equal_var=False)
    assert (got["test"], got["n"]) == ("welch", N - 1)
    assert (got["level"], got["reference_level"]) == ("SCZD", "Control")
    np.testing.assert_allclose(got["effect"], case.mean() - control.mean(), rtol=1e-10)
    np.testing.assert_allclose(
        [got["statistic"], got["pvalue"]], [expected.statistic, expected.pvalue], rtol=1e-9
    )
    seen = samples["Dx"].notna().to_numpy()
    biserial = stats.pointbiserialr((samples["Dx"] == "SCZD")[seen], eigengenes[module, seen])
    assert got["r"] == pytest.approx(biserial.statistic, rel=1e-10)


@pytest.mark.parametrize("module", [0, 1, 2])
def test_anova_equals_scipy(eigengenes: np.ndarray, samples: pd.DataFrame, module: int) -> None:
    got = row(run(eigengenes, samples), "site", module)
    groups = [eigengenes[module, (samples["site"] == level).to_numpy()] for level in "klmn"]
    expected = stats.f_oneway(*groups)
    assert (got["test"], got["n"]) == ("anova", N - 3)
    assert got["level"] is None
    assert got["reference_level"] is None
    np.testing.assert_allclose(
        [got["statistic"], got["pvalue"]], [expected.statistic, expected.pvalue], rtol=1e-9
    )
    everyone = np.concatenate(groups)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups)
    eta = 1 - within / ((everyone - everyone.mean()) ** 2).sum()
    np.testing.assert_allclose([got["effect"], got["r"]], [eta, np.sqrt(eta)], rtol=1e-9)


# with covariates: regression on design and trait


def test_pearson_with_covariates_equals_the_coefficient_test(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    design, _ = build_design(samples, FORMULA)
    table = run(eigengenes, samples, design=design)
    seen = samples["Age"].notna().to_numpy()
    full = np.column_stack([covariate_matrix(samples), samples["Age"]])[seen]
    for module in range(3):
        got = row(table, "Age", module)
        fit = sm.OLS(eigengenes[module, seen], full).fit()
        np.testing.assert_allclose(
            [got["statistic"], got["pvalue"]], [fit.tvalues[-1], fit.pvalues[-1]], rtol=1e-8
        )
        assert fit.df_resid == N - 2 - 2 - 3  # observed − 2 − rank


def test_anova_with_covariates_equals_the_nested_model_test(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    design, _ = build_design(samples, FORMULA)
    table = run(eigengenes, samples, design=design)
    seen = samples["site"].notna().to_numpy()
    small = covariate_matrix(samples)[seen]
    levels = [(samples["site"] == level).to_numpy(float)[seen] for level in "lmn"]
    for module in range(3):
        got = row(table, "site", module)
        without = sm.OLS(eigengenes[module, seen], small).fit()
        fit = sm.OLS(eigengenes[module, seen], np.column_stack([small, *levels])).fit()
        f, p, df = fit.compare_f_test(without)
        assert df == 3
        np.testing.assert_allclose([got["statistic"], got["pvalue"]], [f, p], rtol=1e-8)
        assert got["effect"] == pytest.approx(1 - fit.ssr / without.ssr, rel=1e-8)


def test_anova_partly_inside_the_covariates_loses_those_degrees_of_freedom(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    day = samples["batch"] + (np.arange(N) % 2).astype(str)  # two days within each batch
    nested = samples.assign(day=day)
    design, _ = build_design(nested, "~ C(batch)")
    got = row(run(eigengenes, nested, design=design, names=("day",)), "day")
    batches = pd.get_dummies(samples["batch"]).to_numpy(float)
    days = pd.get_dummies(day).to_numpy(float)
    fit, without = sm.OLS(eigengenes[0], days).fit(), sm.OLS(eigengenes[0], batches).fit()
    f, p, df = fit.compare_f_test(without)
    assert df == 3
    np.testing.assert_allclose([got["statistic"], got["pvalue"]], [f, p], rtol=1e-8)


def test_welch_with_covariates_has_the_regression_effect_and_a_groupwise_variance(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    design, _ = build_design(samples, FORMULA)
    table = run(eigengenes, samples, design=design)
    seen = samples["Dx"].notna().to_numpy()
    case = (samples["Dx"] == "SCZD").to_numpy(float)[seen]
    full = np.column_stack([covariate_matrix(samples)[seen], case])
    hat = full @ np.linalg.pinv(full)
    for module in range(3):
        got = row(table, "Dx", module)
        fit = sm.OLS(eigengenes[module, seen], full).fit()
        assert got["effect"] == pytest.approx(fit.params[-1], rel=1e-9)
        # the sandwich with one variance a level, on its leverage-corrected degrees of freedom
        bread = np.linalg.inv(full.T @ full)
        variance, terms = 0.0, []
        for level in (0.0, 1.0):
            inside = case == level
            df = (1 - np.diag(hat))[inside].sum()
            s2 = (fit.resid[inside] ** 2).sum() / df
            meat = full[inside].T @ full[inside] * s2
            part = (bread @ meat @ bread)[-1, -1]
            variance += part
            terms.append(part**2 / df)
        t = fit.params[-1] / np.sqrt(variance)
        df = variance**2 / sum(terms)
        assert df < N - 1 - 2 - 3 + 1e-9
        p = 2 * stats.t.sf(abs(t), df)
        np.testing.assert_allclose([got["statistic"], got["pvalue"]], [t, p], rtol=1e-8)


def test_residualised_eigengenes_give_the_same_rows(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    design, _ = build_design(samples, FORMULA)
    raw = run(eigengenes, samples, design=design)
    clean = run(residualise(eigengenes, design), samples, design=design)
    pd.testing.assert_frame_equal(raw, clean, rtol=1e-9)


# invariances


@pytest.mark.parametrize("formula", [None, FORMULA])
def test_sample_order_does_not_matter(
    eigengenes: np.ndarray, samples: pd.DataFrame, formula: str | None
) -> None:
    order = np.random.default_rng(23).permutation(N)
    moved = samples.iloc[order].reset_index(drop=True)
    first = run(eigengenes, samples, design=build_design(samples, formula)[0])
    second = run(eigengenes[:, order], moved, design=build_design(moved, formula)[0])
    pd.testing.assert_frame_equal(first, second, rtol=1e-9)


def test_traits_are_matched_by_sample_id_not_by_position(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    order = np.random.default_rng(24).permutation(N)
    moved = samples.iloc[order].reset_index(drop=True)
    traits = infer_traits(samples, names=("Age", "Dx", "site"))
    second = run(eigengenes[:, order], moved, traits=traits)
    pd.testing.assert_frame_equal(run(eigengenes, samples), second, rtol=1e-9)


@pytest.mark.parametrize("formula", [None, FORMULA])
def test_flipping_an_eigengene_flips_signed_results_only(
    eigengenes: np.ndarray, samples: pd.DataFrame, formula: str | None
) -> None:
    design, _ = build_design(samples, formula)
    up, down = (run(sign * eigengenes, samples, design=design) for sign in (1, -1))
    signed = (up["test"] != "anova").to_numpy()
    for column in ("effect", "statistic", "r"):
        np.testing.assert_allclose(down[column][signed], -up[column][signed], rtol=1e-12)
        np.testing.assert_allclose(down[column][~signed], up[column][~signed], rtol=1e-12)
    np.testing.assert_allclose(down["pvalue"], up["pvalue"], rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_units_of_trait_and_eigengene_change_no_p_value(
    eigengenes: np.ndarray, samples: pd.DataFrame, scale: float
) -> None:
    design, _ = build_design(samples, FORMULA)
    plain = run(eigengenes, samples, design=design)
    scaled = samples.assign(Age=samples["Age"] * scale)
    other = run(eigengenes * 3 + 100, scaled, design=design)
    np.testing.assert_allclose(other["pvalue"], plain["pvalue"], rtol=1e-6)
    np.testing.assert_allclose(other["r"], plain["r"], rtol=1e-6)


def test_one_module_gets_what_it_gets_among_others(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    alone = run(eigengenes[:1], samples).drop(columns="qvalue")
    among = run(eigengenes, samples).drop(columns="qvalue")
    among = among[among["module_id"] == "M000"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among, rtol=1e-10)


# error rates


@pytest.mark.parametrize("spread", [1.0, 3.0], ids=["equal spread", "unequal spread"])
@pytest.mark.parametrize("formula", [None, FORMULA])
def test_five_percent_of_null_modules_fall_below_five_percent(
    samples: pd.DataFrame, formula: str | None, spread: float
) -> None:
    """Eigengenes depend on covariates, the traits on the same ones, but not on each other."""
    rng = np.random.default_rng(25)
    n_modules = 4000
    noise = rng.normal(size=(n_modules, N))
    noise[:, (samples["Dx"] == "SCZD").to_numpy()] *= spread
    names = ("Dx",) if spread > 1 else ("Age", "Dx", "site")
    design, _ = build_design(samples, formula)
    if formula is not None:
        noise = noise + rng.normal(size=(n_modules, 4)) @ covariate_matrix(samples).T
    table = run(noise, samples, design=design, names=names)
    for _, rows in table.groupby("trait"):
        share = (rows["pvalue"] < 0.05).mean()
        assert 0.039 < share < 0.061  # three standard errors


def test_ignoring_a_shared_covariate_would_not_hold_the_error_rate(samples: pd.DataFrame) -> None:
    rng = np.random.default_rng(26)
    noise = rng.normal(size=(500, N)) + samples["RIN"].to_numpy()
    naive = run(noise, samples, names=("Age",))
    told = run(noise, samples, design=build_design(samples, "~ RIN")[0], names=("Age",))
    assert (naive["pvalue"] < 0.05).mean() > 0.5
    assert (told["pvalue"] < 0.05).mean() < 0.09


# edges


@pytest.mark.parametrize(
    ("trait", "formula"),
    [("batch", "~ C(batch)"), ("RIN", "~ RIN"), ("RIN", "~ bs(RIN, df=4)"), ("Dx2", "~ C(Dx2)")],
)
def test_a_trait_that_the_covariates_explain_has_null_results(
    eigengenes: np.ndarray, samples: pd.DataFrame, trait: str, formula: str
) -> None:
    samples = samples.assign(Dx2=["u", "v"] * (N // 2))
    design, _ = build_design(samples, formula)
    table = run(eigengenes, samples, design=design, names=(trait, "Age"))
    got = row(table, trait)
    assert got[["effect", "statistic", "pvalue", "qvalue", "r"]].isna().all()
    assert got["n"] == N
    tested = table[table["trait"] == "Age"]
    np.testing.assert_allclose(tested["qvalue"], benjamini_hochberg(tested["pvalue"]))


def test_constant_and_id_like_traits_have_no_rows(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    odd = samples.assign(same=1, tube=[f"t{i}" for i in range(N)])
    table = run(eigengenes, odd, traits=infer_traits(odd))
    assert set(table["trait"]) == {"RIN", "batch", "Age", "Dx", "site"}


def test_a_level_with_one_sample_cannot_be_compared(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    lonely = samples.assign(outlier=[True] + [False] * (N - 1))
    got = row(run(eigengenes, lonely, names=("outlier",)), "outlier")
    assert np.isnan(got["pvalue"])
    assert (got["n"], got["level"], got["reference_level"]) == (N, "True", "False")


def test_anova_leaves_out_levels_with_one_sample(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    group = np.array(["a", "b", "c"] * (N // 3))
    group[0] = "z"
    got = row(run(eigengenes, samples.assign(group=group), names=("group",)), "group")
    expected = stats.f_oneway(*(eigengenes[0, group == level] for level in "abc"))
    assert got["n"] == N - 1
    assert got["pvalue"] == pytest.approx(expected.pvalue, rel=1e-9)


def test_levels_lost_with_dropped_samples_are_not_compared(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    traits = infer_traits(samples, names=("Dx", "site"))
    keep = (samples["Dx"] == "Control").to_numpy() & samples["site"].isin(["k", "l"]).to_numpy()
    table = run(eigengenes[:, keep], samples[keep].reset_index(drop=True), traits=traits)
    assert np.isnan(row(table, "Dx")["pvalue"])
    groups = [eigengenes[0, keep & (samples["site"] == level).to_numpy()] for level in "kl"]
    expected = stats.f_oneway(*groups)
    assert row(table, "site")["pvalue"] == pytest.approx(expected.pvalue, rel=1e-9)


def test_fewer_than_four_samples_cannot_be_tested() -> None:
    few = pd.DataFrame({"sample_id": list("abc"), "x": [1.0, 2.0, 4.0]})
    table = run(np.array([[1.0, -1.0, 0.5]]), few, names=("x",))
    assert table["pvalue"].isna().all()
    assert table["n"].tolist() == [3]


def test_covariates_that_use_up_the_observed_samples_leave_null_results(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    rare = samples.assign(Age=samples["Age"].where(np.arange(N) < 5))
    design, _ = build_design(rare, FORMULA)
    assert run(eigengenes, rare, design=design, names=("Age",))["pvalue"].isna().all()


def test_a_module_that_the_design_explains_has_null_results(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    design, _ = build_design(samples, "~ RIN")
    eigengenes[1] = 3 * samples["RIN"] - 20
    eigengenes[2] = 7.0
    table = run(eigengenes, samples, design=design)
    assert table.set_index("module_id").loc[["M001", "M002"], "pvalue"].isna().all()
    assert table.set_index("module_id").loc["M000", "pvalue"].notna().all()


def test_perfect_associations_have_tiny_finite_results(samples: pd.DataFrame) -> None:
    whole = samples.assign(
        Age=np.arange(N) * 1.5, Dx=["u", "v"] * (N // 2), site=["k", "l", "m"] * (N // 3)
    )
    codes = [whole[name].rank().to_numpy() for name in ("Age", "Dx", "site")]
    table = run(np.array(codes), whole)
    for module, trait in enumerate(("Age", "Dx", "site")):
        got = row(table, trait, module)
        assert np.isfinite(got["statistic"])
        assert 0 <= got["pvalue"] < 1e-100
        assert abs(got["r"]) == pytest.approx(1)


def test_small_p_values_do_not_underflow(samples: pd.DataFrame) -> None:
    x = np.linspace(0, 1, N)
    eigengene = x + np.random.default_rng(27).normal(0, 1e-3, N)
    table = run(eigengene[None, :], samples.assign(Age=x), names=("Age",))
    assert 0 < table["pvalue"][0] < 1e-80


def test_q_values_are_benjamini_hochberg_over_all_rows(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    table = run(eigengenes, samples)
    assert len(table) == 9
    expected = multipletests(table["pvalue"], method="fdr_bh")[1]
    np.testing.assert_allclose(table["qvalue"], expected, rtol=1e-12)


def test_benjamini_hochberg_skips_missing_p_values() -> None:
    got = benjamini_hochberg([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(got, [0.03, np.nan, 0.04, 0.04])
    assert np.isnan(benjamini_hochberg([np.nan])).all()


def test_rows_are_sorted_and_columns_follow_the_schema(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    table = module_traits(
        eigengenes,
        module_ids=["P00", "M001", "M000"],
        traits=infer_traits(samples, names=("site", "Dx", "Age")),
        samples=samples,
        design=intercept_only(N),
    )
    assert list(table.columns) == TRAITS.names
    assert list(table["module_id"]) == ["M000"] * 3 + ["M001"] * 3 + ["P00"] * 3
    assert list(table["trait"])[:3] == ["Age", "Dx", "site"]
    assert to_arrow(table, TRAITS).num_rows == 9


@pytest.mark.parametrize("n_modules", [0, 3])
def test_no_modules_or_no_traits_give_an_empty_table_of_the_right_types(
    samples: pd.DataFrame, n_modules: int
) -> None:
    traits = infer_traits(samples, names=("Age",)) if n_modules == 0 else ()
    table = run(np.zeros((n_modules, N)), samples, traits=traits)
    assert len(table) == 0
    assert list(table.columns) == TRAITS.names
    assert table["n"].dtype == np.int64
    assert table["pvalue"].dtype == np.float64
    assert to_arrow(table, TRAITS).schema == TRAITS


def test_disagreeing_inputs_are_refused_together(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    traits = infer_traits(samples.iloc[:-2], names=("Age",))
    eigengenes[0, 0] = np.nan
    with pytest.raises(StudyError) as error:
        run(eigengenes, samples, traits=traits, design=intercept_only(N - 1))
    text = str(error.value)
    assert "shape 3×60 for 3 modules, 60 samples and a design of 59 samples" in text
    assert "not finite (1)" in text
    assert "trait Age: was read from a table without some samples (2): S58, S59" in text


def test_a_design_of_other_samples_is_refused(
    eigengenes: np.ndarray, samples: pd.DataFrame
) -> None:
    design, _ = build_design(samples.iloc[::-1], FORMULA)
    with pytest.raises(StudyError, match="not those of the design"):
        run(eigengenes, samples, design=design)
