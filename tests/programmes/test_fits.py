"""Whole fits with broad factors: what is taken out, what stays, and what the tables say."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.network.significance import benjamini_hochberg
from isograph.results.model import Fit
from isograph.study import make_study

CONFOUNDED = "cell_composition_all-cv0.20"
FRACTION = "neuron_fraction"
MODULE_TABLES = ("modules", "edges", "module_gene_roles", "eigengenes", "module_summary")


@cache
def bundle_of(name: str) -> Bundle:
    return isograph.simulate(name, seed=3)


def fit_of(bundle: Bundle, **fields: object) -> Fit:
    return isograph.fit(bundle, study=make_study(name="test", bundle=bundle.name, **fields))


@cache
def plain_fit(name: str, mode: str = "auto") -> Fit:
    return fit_of(bundle_of(name), set={"broad_factors": mode})


def with_column(bundle: Bundle, name: str, values: object) -> Bundle:
    return dataclasses.replace(bundle, samples=bundle.samples.assign(**{name: values}))


def sample_values(fit: Fit, table: str) -> np.ndarray:
    columns = [name for name in fit.eigengenes.columns if name.startswith("S")]
    assert len(columns) == fit.config["n_samples"]
    frame = fit.tables[table].to_pandas()
    return frame[columns].to_numpy(dtype=float)


class TestConfoundOnBackgroundGenesToo:
    def test_is_found_and_taken_out(self) -> None:
        fit = plain_fit(CONFOUNDED)
        score = isograph.score_fit(bundle_of(CONFOUNDED), fit).as_dict()
        assert score["ari"] >= 0.97
        assert score["background_fraction"] <= 0.01
        row = fit.programmes.iloc[0]
        assert (row["programme_id"], row["removed"], row["best_match"]) == ("P00", True, FRACTION)
        assert abs(row["best_match_r"]) > 0.95
        assert row["best_match_q"] < 1e-20

    def test_left_in_it_would_merge_modules(self) -> None:
        score = isograph.score_fit(bundle_of(CONFOUNDED), plain_fit(CONFOUNDED, "off")).as_dict()
        assert score["ari"] < 0.8

    def test_programmes_have_rows_of_their_own_among_the_traits(self) -> None:
        fit = plain_fit(CONFOUNDED)
        rows = fit.traits.query("module_id == 'P00'")
        assert set(rows["trait"]) == set(fit.traits["trait"])
        assert rows.set_index("trait").loc[FRACTION, "r"] ** 2 > 0.9
        # what was taken out cannot be found in modules
        modules = fit.traits.query("module_id != 'P00' and trait == @FRACTION")
        assert (modules["pvalue"].dropna() > 1e-4).all()

    def test_q_is_over_modules_and_programmes_together(self) -> None:
        traits = plain_fit(CONFOUNDED).traits
        expected = benjamini_hochberg(traits["pvalue"].to_numpy(dtype=float))
        np.testing.assert_allclose(traits["qvalue"].to_numpy(dtype=float), expected)
        assert {name[0] for name in traits["module_id"]} == {"M", "P"}

    def test_degrees_of_freedom_fall_by_what_was_taken_out(self) -> None:
        auto, off = plain_fit(CONFOUNDED), plain_fit(CONFOUNDED, "off")
        removed = int(auto.programmes["removed"].sum())
        assert removed >= 1
        assert auto.calibration["n_broad_factors"] == removed
        fallen = off.calibration["degrees_of_freedom"] - auto.calibration["degrees_of_freedom"]
        assert fallen == removed

    def test_eigengenes_are_free_of_what_was_taken_out(self) -> None:
        fit = plain_fit(CONFOUNDED)
        eigengenes, programmes = (sample_values(fit, name) for name in ("eigengenes", "programmes"))
        r = eigengenes @ programmes.T / eigengenes.shape[1]
        # rows leave their own part in, so that it is small and not nothing
        assert np.abs(r).max() < 0.1

    def test_loadings_are_those_that_are_significant(self) -> None:
        fit = plain_fit(CONFOUNDED)
        loadings = fit.tables["programme_loadings"].to_pandas()
        counts = loadings.groupby("programme_id")["gene_id"].nunique()
        expected = fit.programmes.set_index("programme_id")["n_genes"]
        assert counts.reindex(expected.index, fill_value=0).tolist() == expected.tolist()
        assert (loadings["pvalue"] <= 0.05).all()
        assert loadings["loading"].abs().between(0, 1).all()


class TestModes:
    def test_report_finds_them_and_leaves_modules_as_they_are(self) -> None:
        report, off = plain_fit(CONFOUNDED, "report"), plain_fit(CONFOUNDED, "off")
        assert len(report.programmes) >= 1
        assert not report.programmes["removed"].any()
        assert report.calibration["n_broad_factors"] == 0
        for name in MODULE_TABLES:
            assert report.tables[name].equals(off.tables[name]), name

    def test_off_does_not_look(self) -> None:
        off = plain_fit(CONFOUNDED, "off")
        assert len(off.programmes) == len(off.tables["programme_loadings"]) == 0
        assert off.calibration["broad_factors"]["found"] == 0
        assert not off.traits["module_id"].str.startswith("P").any()


@pytest.mark.parametrize("name", ["no_harm-rho0.50", "no_harm-trait1.0", "no_harm-nothing"])
def test_no_harm_is_done_where_nothing_is_to_be_removed(name: str) -> None:
    auto, off = plain_fit(name), plain_fit(name, "off")
    for table in (*MODULE_TABLES, "traits", "gene_fates", "module_overlaps"):
        assert auto.tables[table].equals(off.tables[table]), table
    assert len(auto.programmes) == 0
    assert isograph.score_fit(bundle_of(name), auto).as_dict()["ari"] >= 0.99


class TestDeclaredTraits:
    def test_a_factor_that_one_explains_stays(self) -> None:
        fit = fit_of(bundle_of(CONFOUNDED), traits=(FRACTION,))
        kept = fit.programmes.loc[~fit.programmes["removed"]]
        assert len(kept) == 1
        assert kept["best_match"].tolist() == [FRACTION]
        modules = fit.traits[fit.traits["module_id"].str.startswith("M")]
        assert modules["r"].abs().max() > 0.9  # modules carry the question

    def test_one_that_explains_nothing_changes_nothing(self) -> None:
        fit, auto = fit_of(bundle_of(CONFOUNDED), traits=("Age",)), plain_fit(CONFOUNDED)
        for name in (*MODULE_TABLES, "programmes", "programme_loadings"):
            assert fit.tables[name].equals(auto.tables[name]), name

    def test_missing_values_are_no_trouble(self) -> None:
        bundle = bundle_of(CONFOUNDED)
        values = bundle.samples[FRACTION].astype(float).copy()
        values.iloc[::7] = np.nan
        fit = fit_of(with_column(bundle, FRACTION, values), traits=(FRACTION,))
        assert (~fit.programmes["removed"]).sum() == 1


class TestCovariates:
    def test_programmes_are_orthogonal_to_them(self) -> None:
        bundle = bundle_of("cell_types-c0.50")
        fit = fit_of(bundle, covariates="~ cell_type_1 + Age")
        samples = bundle.samples.set_index("sample_id")
        programmes = fit.programmes.set_index("programme_id")
        ids = [name for name in programmes.columns if name in samples.index]
        known = samples.loc[ids, ["cell_type_1", "Age"]].to_numpy(dtype=float)
        known = (known - known.mean(axis=0)) / known.std(axis=0)
        assert len(programmes) >= 2
        values = programmes[ids].to_numpy(dtype=float)
        np.testing.assert_allclose(values @ known / len(ids), 0.0, atol=1e-6)
        assert not set(programmes["best_match"]) & {"cell_type_1", "Age"}

    def test_a_confound_that_is_a_covariate_leaves_no_programme(self) -> None:
        fit = fit_of(bundle_of(CONFOUNDED), covariates=f"~ {FRACTION}")
        assert not (fit.programmes["best_match"] == FRACTION).any()
        assert isograph.score_fit(bundle_of(CONFOUNDED), fit).as_dict()["ari"] >= 0.97

    def test_groups_written_as_numbers_are_matched_as_groups(self) -> None:
        bundle = bundle_of(CONFOUNDED)
        fraction = bundle.samples[FRACTION].astype(float)
        # codes out of order: as numbers they follow nothing
        codes = np.array([1, 4, 0, 3, 2])[np.clip(fraction.rank(pct=True) * 5, 0, 4.99).astype(int)]
        coded = with_column(bundle, "plate", codes)
        coded = dataclasses.replace(coded, samples=coded.samples.drop(columns=FRACTION))
        fit = fit_of(coded, traits=("Age",), categorical=("plate",))
        assert fit.programmes.iloc[0]["best_match"] == "plate"
        assert fit.programmes.iloc[0]["best_match_r"] > 0.8


@pytest.mark.parametrize("n_samples", [12, 20])
def test_tiny_cohorts_are_fitted(n_samples: int) -> None:
    bundle = bundle_of(CONFOUNDED)
    few = dataclasses.replace(
        bundle,
        samples=bundle.samples.iloc[:n_samples].reset_index(drop=True),
        matrices={name: data[:, :n_samples] for name, data in bundle.matrices.items()},
    )
    fit = fit_of(few)
    assert fit.calibration["degrees_of_freedom"] >= (n_samples - 2) // 2
    assert np.isfinite(sample_values(fit, "programmes")).all()
