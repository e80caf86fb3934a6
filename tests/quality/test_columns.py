"""Sample columns that go together, and what is said of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from isograph.errors import StudyError
from isograph.quality import Quality, assess_quality
from isograph.quality.columns import study_columns
from isograph.quality.confounding import column_pairs
from tests.quality.cohort import cohort, study, with_columns

IDS = [f"S{number:03d}" for number in range(40)]


def pairs_of(**columns: object) -> pd.DataFrame:
    samples = pd.DataFrame({"sample_id": IDS, **columns})
    found, _ = study_columns(samples, study=study())
    return column_pairs(found, IDS)


def assessed(columns: dict[str, object], **fields: object) -> Quality:
    return assess_quality(with_columns(cohort(1), **columns), study=study(**fields))


def groups(seed: int, n_levels: int, n: int = 40) -> list[str]:
    return [f"g{level}" for level in np.random.default_rng(seed).integers(0, n_levels, n)]


def test_two_by_two_is_fishers_exact_test() -> None:
    a, b = groups(1, 2), groups(2, 2)
    (row,) = pairs_of(a=a, b=b).to_dict("records")
    table = pd.crosstab(pd.Series(a), pd.Series(b)).to_numpy()
    assert row["pvalue"] == pytest.approx(stats.fisher_exact(table).pvalue)
    assert row["measure"] == "cramers_v"


def test_larger_tables_are_chi_squared_with_bergsmas_v() -> None:
    a = groups(3, 3)
    b = [level if i % 3 else "g0" for i, level in enumerate(a)]
    (row,) = pairs_of(a=a, b=b).to_dict("records")
    table = pd.crosstab(pd.Series(a), pd.Series(b)).to_numpy()
    chi2, p, _, _ = stats.chi2_contingency(table, correction=False)
    n, r, k = 40, *table.shape
    phi2 = max(0.0, chi2 / n - (r - 1) * (k - 1) / (n - 1))
    r_tilde, k_tilde = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    assert row["pvalue"] == pytest.approx(p)
    assert row["strength"] == pytest.approx(np.sqrt(phi2 / (min(r_tilde, k_tilde) - 1)))


def test_a_group_and_a_measurement_are_an_analysis_of_variance() -> None:
    a = groups(4, 3)
    x = np.random.default_rng(5).normal(size=40) + np.array([level == "g1" for level in a])
    (row,) = pairs_of(a=a, x=x).to_dict("records")
    parts = [x[[level == name for level in a]] for name in sorted(set(a))]
    f, p = stats.f_oneway(*parts)
    eta2 = 2 * f / (2 * f + 37)
    assert row["pvalue"] == pytest.approx(p)
    assert row["strength"] == pytest.approx(np.sqrt(max(0, 1 - (1 - eta2) * 39 / 37)))


def test_two_measurements_are_pearsons_r() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=40)
    y = -x + rng.normal(size=40)
    y[3] = np.nan
    (row,) = pairs_of(x=x, y=y).to_dict("records")
    there = np.isfinite(y)
    r, p = stats.pearsonr(x[there], y[there])
    assert (row["strength"], row["pvalue"], row["n"]) == pytest.approx((abs(r), p, 39))


def test_which_of_two_groupings_determines_the_other() -> None:
    fine = [f"f{i % 4}" for i in range(40)]
    coarse = [f"c{i % 2}" for i in range(40)]
    renamed = [f"other{i % 2}" for i in range(40)]
    free = groups(7, 2)
    found = pairs_of(fine=fine, coarse=coarse, renamed=renamed, free=free)
    relation = {(r["column_1"], r["column_2"]): r["relation"] for r in found.to_dict("records")}
    assert relation["fine", "coarse"] == "first_determines_second"
    assert relation["coarse", "renamed"] == "same"
    assert relation["coarse", "free"] == ""
    assert pairs_of(a=coarse, b=fine)["relation"].tolist() == ["second_determines_first"]


def test_a_value_for_each_level_is_determined_by_it() -> None:
    a = groups(8, 3)
    (row,) = pairs_of(a=a, x=[float(level[1]) + 0.5 for level in a]).to_dict("records")
    assert (row["relation"], row["strength"]) == ("first_determines_second", 1.0)


def test_a_confounded_batch_is_warned_of_in_plain_words() -> None:
    dx = ["case", "control"] * 20
    batch = [f"{'a' if one == 'case' else 'b'}{i % 3}" for i, one in enumerate(dx)]
    quality = assessed({"dx": dx, "batch": batch}, traits=("dx",), covariates="~ batch")
    (warning,) = [text for text in quality.warnings if "batch" in text]
    assert warning.startswith("Completely confounded")
    assert "dx cannot be told from batch" in warning


def test_a_strong_but_partial_association_is_warned_of() -> None:
    dx = ["case", "control"] * 20
    batch = ["b1" if (one == "case") != (i < 4) else "b2" for i, one in enumerate(dx)]
    quality = assessed({"dx": dx, "batch": batch}, traits=("dx",), covariates="~ batch")
    (warning,) = quality.warnings
    assert "dx goes with batch (Cramér’s V 0." in warning


def test_unrelated_columns_are_not_warned_of() -> None:
    columns = {"dx": groups(1, 2), "batch": groups(2, 3), "age": np.arange(40) % 7 + 0.5}
    quality = assessed(columns, traits=("dx",), covariates="~ batch + age")
    assert quality.warnings == ()


def test_only_named_columns_are_warned_of() -> None:
    dx, site = ["case", "control"] * 20, ["x", "y"] * 20
    columns = {"dx": dx, "site": site, "batch": groups(2, 3)}
    named = assessed(columns, traits=("dx",), covariates="~ batch")
    assert named.warnings == ()
    alone = assessed(columns, traits=("dx",))
    assert alone.warnings == (
        "dx and site are the same grouping of the samples: dx cannot be told from site.",
    )
    free = assessed(columns)
    assert free.warnings == ()
    assert "dx and site are the same grouping of the samples." in free.notes


def test_covariates_that_determine_a_trait_together_are_found() -> None:
    a, b = [i % 2 for i in range(40)], [i // 2 % 2 for i in range(40)]
    dose = [3.0 * x + 5.0 * y for x, y in zip(a, b, strict=True)]
    columns = {"a": a, "b": b, "dose": dose}
    quality = assessed(columns, traits=("dose",), covariates="~ a + b")
    assert "The covariates together determine dose: nothing is left to test." in quality.warnings
    rng = np.random.default_rng(1)
    columns["dose"] = np.array(dose) + rng.normal(0, 0.8, 40)
    quality = assessed(columns, traits=("dose",), covariates="~ a + b")
    assert any("little is left to test" in warning for warning in quality.warnings)


def test_depth_that_goes_with_a_trait_is_warned_of() -> None:
    bundle = cohort(1)
    counts = bundle.matrices["gene_counts"].copy()
    counts[:, ::2] *= 3
    bundle = type(bundle)(**{**vars(bundle), "matrices": {"gene_counts": counts}})
    bundle = with_columns(bundle, dx=["case", "control"] * 20)
    quality = assess_quality(bundle, study=study(traits=("dx",)))
    assert any("library size" in warning for warning in quality.warnings)


def test_everything_unknown_is_named_at_once() -> None:
    with pytest.raises(StudyError) as caught:
        assessed({"dx": groups(1, 2)}, traits=("dz",), covariates="~ btch", categorical=("nope",))
    told = str(caught.value)
    assert all(name in told for name in ("dz", "btch", "nope"))


def test_columns_that_cannot_be_compared_are_listed_with_the_reason() -> None:
    quality = assessed({"dx": groups(1, 2), "barcode": IDS, "species": ["human"] * 40})
    assert [name for name, _ in quality.unusable] == ["barcode", "species"]
    assert "dx" in [column.name for column in quality.columns]


def test_components_are_tested_against_columns() -> None:
    bundle = cohort(1)
    counts = bundle.matrices["gene_counts"].copy()
    counts[::2, ::2] *= 4
    bundle = type(bundle)(**{**vars(bundle), "matrices": {"gene_counts": counts}})
    quality = assess_quality(with_columns(bundle, batch=["a", "b"] * 20), study=study())
    first = quality.tables["component_associations"].to_pandas().iloc[0]
    assert (first["component"], first["column"]) == ("PC1", "batch")
    assert first["r2"] > 0.95
    assert quality.components is not None
    r = np.corrcoef(quality.components.scores[0], np.arange(40) % 2)[0, 1]
    assert first["r2"] == pytest.approx(r**2)


def test_ordered_levels_are_compared_as_groups() -> None:
    dose = ["low", "mid", "high", "mid"] * 10
    plate = ["p1" if level == "low" else "p2" for level in dose]
    quality = assessed(
        {"dose": dose, "plate": plate},
        traits=("dose",),
        covariates="~ plate",
        ordered={"dose": ("low", "mid", "high")},
    )
    (warning,) = [text for text in quality.warnings if "determined" in text]
    assert warning.startswith("plate is determined by dose")
