"""Covariate designs: what they span, what is refused, and their removal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from isograph.errors import StudyError
from isograph.features.covariates import build_design, intercept_only, residualise, restrict
from tests.shared_data import shared_path

pytestmark = pytest.mark.filterwarnings("error")

N = 40


@pytest.fixture
def samples() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    return pd.DataFrame(
        {
            "sample_id": [f"S{i:02d}" for i in rng.permutation(N)],
            "RIN": rng.normal(7, 1, N),
            "depth": rng.uniform(1e6, 9e6, N),
            "batch": rng.choice(["a", "b", "c"], N),
            "lab": np.arange(N) % 5 + 1,
            "well": [f"w{i}" for i in range(N)],
            "site": ["one"] * N,
            "flat": 3.5,
            "100x fat": rng.normal(size=N),
        }
    )


def span(*columns: object) -> np.ndarray:
    """Projection on an intercept and these columns, computed another way."""
    matrix = np.column_stack([np.ones(N), *(np.asarray(c, dtype=float) for c in columns)])
    return matrix @ np.linalg.pinv(matrix)


def projection(design: object) -> np.ndarray:
    basis = design.basis  # type: ignore[attr-defined]
    return basis @ basis.T


def dummies(values: pd.Series) -> list[np.ndarray]:
    return [(values == level).to_numpy(float) for level in sorted(set(values))[1:]]


@pytest.mark.parametrize("formula", [None, "", "~ 1", "~", "~ 0"])
def test_no_covariates_leave_the_intercept(samples: pd.DataFrame, formula: str | None) -> None:
    design, keep = build_design(samples, formula)
    assert (design.rank, design.terms, design.df_residual) == (0, (), N - 1)
    assert keep.all()
    np.testing.assert_allclose(projection(design), np.full((N, N), 1 / N))
    assert design.sample_ids == tuple(samples["sample_id"])


def test_numbers_and_groups_span_their_columns(samples: pd.DataFrame) -> None:
    design, _ = build_design(samples, "~ RIN + batch")
    assert (design.rank, design.terms) == (3, ("RIN", "batch"))
    expected = span(samples["RIN"], *dummies(samples["batch"]))
    np.testing.assert_allclose(projection(design), expected, atol=1e-12)


def test_basis_is_orthonormal_and_starts_with_the_intercept(samples: pd.DataFrame) -> None:
    design, _ = build_design(samples, "~ RIN * C(lab) + poly(depth, 3) + log(depth)")
    gram = design.basis.T @ design.basis
    np.testing.assert_allclose(gram, np.eye(design.rank + 1), atol=1e-12)
    np.testing.assert_allclose(design.basis[:, 0], 1 / np.sqrt(N))


@pytest.mark.parametrize(
    ("formula", "column"),
    [
        ("log2(depth)", lambda s: np.log2(s["depth"])),
        ("~ sqrt(depth)", lambda s: np.sqrt(s["depth"])),
        ("~ I(RIN ** 2)", lambda s: s["RIN"] ** 2),
        ("~ I(RIN > 7)", lambda s: s["RIN"] > 7),
        ("~ scale(RIN)", lambda s: s["RIN"]),
        ("~ `100x fat`", lambda s: s["100x fat"]),
        ("~ center(`100x fat`)", lambda s: s["100x fat"]),
        ("~ RIN:depth", lambda s: s["RIN"] * s["depth"]),
        ("~ RIN - 1", lambda s: s["RIN"]),
        ("~ RIN + depth - depth", lambda s: s["RIN"]),
        ("~ lab", lambda s: s["lab"]),
        ('~ I(batch == "a")', lambda s: s["batch"] == "a"),
    ],
)
def test_transforms(samples: pd.DataFrame, formula: str, column: object) -> None:
    design, _ = build_design(samples, formula)
    assert design.rank == 1
    np.testing.assert_allclose(projection(design), span(column(samples)), atol=1e-10)  # type: ignore[operator]


def test_splines_have_their_degrees_of_freedom(samples: pd.DataFrame) -> None:
    assert build_design(samples, "~ bs(RIN, df=4) + batch")[0].rank == 6


def test_a_formula_without_intercept_gets_one_and_says_so(samples: pd.DataFrame) -> None:
    design, _ = build_design(samples, "~ 0 + batch")
    assert (design.rank, design.aliased) == (2, ())
    np.testing.assert_allclose(projection(design), span(*dummies(samples["batch"])), atol=1e-12)
    assert any("intercept stays" in note for note in design.notes)


def test_whole_number_codes_enter_straight_with_a_note(samples: pd.DataFrame) -> None:
    design, _ = build_design(samples, "~ lab")
    assert design.rank == 1
    assert design.notes == (
        "lab has 5 whole-number levels and enters as one straight line; "
        "write C(lab) if these are groups",
    )


@pytest.mark.parametrize(("formula", "categorical"), [("~ C(lab)", ()), ("~ lab", ("lab",))])
def test_codes_become_groups_by_c_or_by_categorical(
    samples: pd.DataFrame, formula: str, categorical: tuple[str, ...]
) -> None:
    design, _ = build_design(samples, formula, categorical=categorical)
    assert (design.rank, design.notes) == (4, ())
    np.testing.assert_allclose(projection(design), span(*dummies(samples["lab"])), atol=1e-12)


def test_nullable_integers_work(samples: pd.DataFrame) -> None:
    plain, _ = build_design(samples, "~ C(lab) + lab")
    nullable, _ = build_design(samples.assign(lab=samples["lab"].astype("Int64")), "~ C(lab) + lab")
    np.testing.assert_array_equal(plain.basis, nullable.basis)


def test_aliased_columns_cost_no_rank_and_are_named(samples: pd.DataFrame) -> None:
    doubled = samples.assign(twice=2 * samples["RIN"] + 5)
    design, _ = build_design(doubled, "~ RIN + twice + flat + C(lab) + lab")
    assert design.rank == 5
    assert set(design.aliased) == {"twice", "flat", "lab"}
    assert any("twice" in note for note in design.notes)
    alone, _ = build_design(doubled, "~ RIN + C(lab)")
    np.testing.assert_allclose(projection(design), projection(alone), atol=1e-10)


def test_nearly_collinear_columns_still_give_an_orthonormal_basis(samples: pd.DataFrame) -> None:
    dated = samples.assign(year=1990.0 + np.arange(N))
    design, _ = build_design(dated, "~ year + I(year ** 2) + I(year ** 3)")
    assert design.rank == 3
    np.testing.assert_allclose(design.basis.T @ design.basis, np.eye(4), atol=1e-13)


def test_a_large_offset_does_not_make_a_column_constant(samples: pd.DataFrame) -> None:
    dated = samples.assign(date=20_240_000.0 + np.arange(N))
    assert build_design(dated, "~ date")[0].rank == 1


def test_row_order_changes_row_order_only(samples: pd.DataFrame) -> None:
    formula = "~ bs(RIN, df=4) + batch + scale(depth)"
    order = np.random.default_rng(5).permutation(N)
    design, _ = build_design(samples, formula)
    moved, _ = build_design(samples.iloc[order], formula)
    np.testing.assert_array_equal(moved.basis, design.basis[order])
    np.testing.assert_array_equal(moved.matrix, design.matrix[order])
    assert moved.sample_ids == tuple(samples["sample_id"].iloc[order])


def test_record_is_plain(samples: pd.DataFrame) -> None:
    record = build_design(samples, "RIN + batch")[0].as_record()
    assert record["formula"] == "~ RIN + batch"
    assert (record["terms"], record["rank"], record["n_samples"]) == (["RIN", "batch"], 3, N)


# refusals


def refusal(samples: pd.DataFrame, formula: str, **options: object) -> str:
    with pytest.raises(StudyError) as error:
        build_design(samples, formula, **options)  # type: ignore[arg-type]
    return str(error.value)


def test_every_unknown_name_is_listed_with_near_ones(samples: pd.DataFrame) -> None:
    text = refusal(samples, "~ rin + C(bath) + zzz", categorical=["labb"])
    assert "covariates: rin: no such sample column → did you mean RIN?" in text
    assert "covariates: bath: no such sample column → did you mean batch?" in text
    assert "covariates: zzz: no such sample column → columns are sample_id" in text
    assert "categorical: labb: no such sample column → did you mean lab?" in text


@pytest.mark.parametrize("formula", ["RIN ~ batch", "~ RIN ~ batch", "{open('x')} ~ RIN"])
def test_a_response_is_refused(samples: pd.DataFrame, formula: str) -> None:
    assert "response" in refusal(samples, formula)


@pytest.mark.parametrize(
    "formula",
    [
        "~ {__import__('pathlib').Path('pwned').touch()}",
        "~ I(__import__('pathlib').Path('pwned').touch())",
        "~ {(lambda: __import__('pathlib').Path('pwned').touch())()()}",
        "{(lambda: __import__('pathlib').Path('pwned').touch())()()} ~ RIN",
        "~ RIN.map(print)",
        "~ {RIN.__class__}",
        "~ np.log(RIN)",
        "~ I(RIN[0])",
        "~ log(*RIN)",
        "~ scale(RIN, **{'center': False})",
        "~ I([x for x in RIN])",
        "~ eval(RIN)",
        "~ I(f'{RIN}')",
        "~ I('x' * 10)",
        "~ I(RIN * 9 ** 9 ** 9)",
        "~ I(RIN ** 1000)",
        "~ C(batch, contr.sum)",
        "~ lag(RIN)",
        "~ hashed(batch)",
        "~ Q('RIN')",
        "~ RIN | batch",
        "~ .",
        "~ log(np)",
        "~ C(",
        "~ RIN batch",
        "~ I(RIN +)",
    ],
)
def test_anything_but_arithmetic_on_columns_is_refused_unevaluated(
    samples: pd.DataFrame, formula: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # type: ignore[arg-type]
    assert refusal(samples, formula).startswith("covariates refused")
    assert not list(tmp_path.iterdir())  # type: ignore[attr-defined]


def test_unknown_functions_name_the_known_ones(samples: pd.DataFrame) -> None:
    text = refusal(samples, "~ spline(RIN)")
    assert "no function `spline`" in text
    assert "poly" in text


def test_missing_values_are_counted_with_their_samples(samples: pd.DataFrame) -> None:
    samples.loc[[3, 4, 8, 9], "RIN"] = np.nan
    samples.loc[2, "batch"] = None
    with pytest.raises(StudyError) as error:
        build_design(samples, "~ RIN + batch")
    rin, batch = error.value.problems
    assert (rin.where, rin.count) == ("covariates: RIN", 4)
    assert rin.examples == tuple(samples["sample_id"].iloc[[3, 4, 8, 9]])
    assert (batch.where, batch.count) == ("covariates: batch", 1)
    assert "drop_missing" in str(error.value)


def test_missing_values_are_dropped_on_request(samples: pd.DataFrame) -> None:
    whole = samples.copy()
    samples.loc[[3, 8], "RIN"] = np.nan
    samples.loc[8, "batch"] = ""
    samples.loc[1, "depth"] = np.nan  # not in the formula
    design, keep = build_design(samples, "~ RIN + batch", drop_missing=True)
    assert list(np.flatnonzero(~keep)) == [3, 8]
    assert design.sample_ids == tuple(samples["sample_id"][keep])
    assert any("dropped" in note and "(2)" in note for note in design.notes)
    alone, _ = build_design(whole[keep], "~ RIN + batch")
    np.testing.assert_array_equal(design.basis, alone.basis)


def test_a_covariate_missing_everywhere_is_refused(samples: pd.DataFrame) -> None:
    samples["RIN"] = np.nan
    assert "no sample has a value" in refusal(samples, "~ RIN", drop_missing=True)


def test_one_level_is_refused(samples: pd.DataFrame) -> None:
    assert "site: has one level, one, in all 40 samples" in refusal(samples, "~ RIN + site")
    assert "flat: has one level" in refusal(samples, "~ C(flat)")


def test_a_level_for_each_sample_is_refused(samples: pd.DataFrame) -> None:
    for formula in ("~ well", "~ C(RIN)", "~ sample_id", "~ C(well) + RIN"):
        assert "a level of its own for each of 40 samples" in refusal(samples, formula)


def test_levels_are_checked_after_dropping(samples: pd.DataFrame) -> None:
    samples["batch"] = ["a"] * 39 + ["b"]
    samples.loc[39, "RIN"] = np.nan
    assert "one level" in refusal(samples, "~ RIN + batch", drop_missing=True)


def test_transforms_that_give_no_number_name_the_samples(samples: pd.DataFrame) -> None:
    samples.loc[5, "depth"] = 0.0
    text = refusal(samples, "~ log(depth)")
    assert "log(depth): gives no finite number in some samples (1)" in text
    assert samples["sample_id"][5] in text


def test_arithmetic_on_text_is_refused(samples: pd.DataFrame) -> None:
    assert "cannot be evaluated" in refusal(samples, "~ log(batch)")


def test_too_few_residual_degrees_of_freedom_are_refused(samples: pd.DataFrame) -> None:
    few = samples.iloc[:12]
    text = refusal(few, "~ RIN + depth + C(lab)")
    assert "6 independent columns" in text
    assert "5 residual degrees of freedom in 12 samples" in text
    assert build_design(few, "~ RIN + depth")[0].df_residual == 9


# removal


def test_residuals_equal_least_squares(samples: pd.DataFrame) -> None:
    design, _ = build_design(samples, "~ RIN + batch + log(depth)")
    values = np.random.default_rng(6).normal(5, 3, (7, N))
    fit = np.linalg.lstsq(design.matrix, values.T, rcond=None)[0]
    expected = values - (design.matrix @ fit).T
    np.testing.assert_allclose(residualise(values, design), expected, atol=1e-10)


def test_residualising_twice_changes_nothing(samples: pd.DataFrame) -> None:
    design, _ = build_design(samples, "~ RIN * batch")
    once = residualise(np.random.default_rng(7).normal(size=(20, N)), design)
    np.testing.assert_allclose(residualise(once, design), once, atol=1e-13)


def test_removed_directions_are_gone(samples: pd.DataFrame) -> None:
    design, _ = build_design(samples, "~ RIN + batch")
    rest = residualise(samples["RIN"].to_numpy()[None, :] * [[1.0], [1e6]], design)
    assert np.abs(rest).max() < 1e-8


def test_rows_with_gaps_are_fitted_on_their_observed_samples(samples: pd.DataFrame) -> None:
    design, _ = build_design(samples, "~ RIN + batch")
    rng = np.random.default_rng(8)
    values = rng.normal(5, 1, (6, N))
    values[rng.random((6, N)) < 0.3] = np.nan
    values[0] = rng.normal(5, 1, N)
    values[5] = np.nan
    rest = residualise(values, design)
    np.testing.assert_array_equal(np.isnan(rest), np.isnan(values))
    for row, got in zip(values[:5], rest[:5], strict=True):
        seen = ~np.isnan(row)
        part = design.matrix[seen]
        expected = row[seen] - part @ np.linalg.lstsq(part, row[seen], rcond=None)[0]
        np.testing.assert_allclose(got[seen], expected, atol=1e-10)


def test_a_row_seen_in_fewer_samples_than_the_rank_is_explained(samples: pd.DataFrame) -> None:
    design, _ = build_design(samples, "~ RIN + depth + batch")
    values = np.full((1, N), np.nan)
    values[0, :3] = [1.0, 5.0, 2.0]
    assert np.abs(residualise(values, design)[0, :3]).max() < 1e-6


def test_the_intercept_alone_centres() -> None:
    values = np.random.default_rng(9).normal(4, 1, (5, 9))
    expected = values - values.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(residualise(values, intercept_only(9)), expected, atol=1e-14)


def test_thread_count_does_not_change_a_bit(samples: pd.DataFrame) -> None:
    values = np.random.default_rng(10).normal(size=(5000, N))
    results = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads, user_api="blas"):
            design, _ = build_design(samples, "~ RIN + batch")
            results.append(residualise(values, design).tobytes())
    assert results[0] == results[1]


def test_values_of_another_width_are_refused() -> None:
    with pytest.raises(StudyError, match="3×8 do not fit 9 samples"):
        residualise(np.zeros((3, 8)), intercept_only(9))


def test_restricting_gives_the_design_of_those_samples(samples: pd.DataFrame) -> None:
    design, _ = build_design(samples, "~ RIN + batch")
    rows = (samples["batch"] != "c").to_numpy()
    part = restrict(design, rows)
    direct, _ = build_design(samples[rows], "~ RIN + batch")
    assert (part.rank, direct.rank) == (2, 2)
    np.testing.assert_allclose(projection(part), projection(direct), atol=1e-12)
    assert part.sample_ids == direct.sample_ids
    assert restrict(design, np.ones(N, dtype=bool)) is design


def test_geuvadis_labs() -> None:
    samples = pd.read_parquet(
        shared_path("data", "real", "geuvadis_chr19_ceu91", "samples.parquet")
    )
    design, keep = build_design(samples, "~ C(lab) + log(library_size_chr19)")
    assert (design.rank, int(keep.sum())) == (7, 91)
    assert "level of its own" in refusal(samples, "~ individual")
    assert "population: has one level, CEU" in refusal(samples, "~ population + lab")
    nested, _ = build_design(samples, "~ C(lab) + run_date")
    assert nested.rank < 6 + 11


@pytest.mark.parametrize("cell", ["n.d.", "7,5"])
def test_numbers_with_slips_are_refused_unless_they_are_named_as_groups(
    samples: pd.DataFrame, cell: str
) -> None:
    text = samples["RIN"].round(1).astype(str)
    frame = samples.assign(RIN=text.where(samples["sample_id"] != "S03", cell))
    with pytest.raises(StudyError, match="write plain numbers") as error:
        build_design(frame, "~ RIN")
    assert f"covariates: RIN: numbers but for 1 of 40 values: '{cell}' of S03" in str(error.value)
    frame["RIN"] = np.where(samples["sample_id"] == "S03", cell, np.arange(N) % 5)
    assert build_design(frame, "~ RIN", categorical=["RIN"])[0].rank == 5
