"""High against low, and the two levels of traits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import isograph
from isograph.explanation.contrasts import high_low_table, welch
from isograph.explanation.groups import ends_of
from isograph.explanation.source import Source, open_source
from isograph.explanation.switch_contrasts import switch_contrasts
from isograph.study import make_study


def test_welch_agrees_with_scipy_with_gaps() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(20, 40)) * rng.uniform(0.5, 3, size=(20, 1))
    values[rng.random(values.shape) < 0.2] = np.nan
    high, low = np.arange(40) < 13, np.arange(40) >= 27
    found = welch(values, high, low)
    expected = stats.ttest_ind(
        values[:, high], values[:, low], axis=1, equal_var=False, nan_policy="omit"
    )
    np.testing.assert_allclose(found["tstat"], expected.statistic)
    np.testing.assert_allclose(found["pvalue"], expected.pvalue)
    np.testing.assert_array_equal(found["n_high"], np.isfinite(values[:, high]).sum(axis=1))


def test_one_value_in_a_group_is_no_test() -> None:
    values = np.array([[1.0, np.nan, np.nan, 2.0, 3.0, 4.0]])
    found = welch(values, np.arange(6) < 3, np.arange(6) >= 3)
    assert np.isnan(found["pvalue"][0])
    assert found["mean_high"][0] == 1.0


def test_every_feature_of_the_module_is_contrasted(toy_source: Source) -> None:
    profile = toy_source.profiles["M000"]
    table = high_low_table(toy_source, profile).to_pandas()
    meta = toy_source.clean.meta
    expected = meta.loc[meta["gene_id"].isin(profile.genes), "feature_id"]
    assert table["feature_id"].tolist() == sorted(expected)
    ends = ends_of(profile.values)
    row = table.iloc[0]
    values = toy_source.clean.values[(meta["feature_id"] == row["feature_id"]).to_numpy()][0]
    assert row["delta"] == pytest.approx(values[ends.high].mean() - values[ends.low].mean())
    assert row["n_high"] == row["n_low"] == 64 // 3


def test_dif_is_the_difference_of_mean_usage(toy_source: Source) -> None:
    contrasts = switch_contrasts(toy_source)
    assert contrasts is not None
    row = contrasts.to_pandas().query("trait == 'Dx'").iloc[0]
    usage = toy_source.usage.read(np.array([row["gene_id"]]))
    share = usage.share[usage.transcript_ids == row["transcript_up"]][0]
    level = toy_source.features.samples["Dx"].astype(str).to_numpy() == row["level"]
    assert row["usage_up_level"] == pytest.approx(share[level].mean())
    assert row["usage_up_reference"] == pytest.approx(share[~level].mean())
    assert row["usage_up_level"] > row["usage_up_reference"]
    assert row["usage_down_level"] < row["usage_down_reference"]


def test_with_covariates_dif_is_the_coefficient_of_the_trait(gappy_source: Source) -> None:
    contrasts = switch_contrasts(gappy_source)
    assert contrasts is not None
    table = contrasts.to_pandas().query("trait == 'Dx'")
    samples = gappy_source.features.samples
    for _, row in table.iloc[[0, -1]].iterrows():
        usage = gappy_source.usage.read(np.array([row["gene_id"]]))
        up = usage.share[usage.transcript_ids == row["transcript_up"]][0]
        level = (samples["Dx"].astype(str) == row["level"]).to_numpy(dtype=float)
        known = np.isfinite(up)
        x = np.column_stack([np.ones(len(up)), samples["Age"].to_numpy(dtype=float), level])
        fitted = sm.OLS(up[known], x[known]).fit()
        shift = row["usage_up_level"] - row["usage_up_reference"]
        assert shift == pytest.approx(fitted.params[2], rel=1e-6)


def test_a_gene_pays_for_its_axes() -> None:
    bundle = isograph.simulate("multi_isoform_switch", seed=4)
    source = open_source(isograph.fit(bundle), bundle=bundle)
    contrasts = switch_contrasts(source)
    assert contrasts is not None
    table = contrasts.to_pandas()
    assert not table.duplicated(["trait", "gene_id"]).any()
    axes = source.features.meta.query("feature_type == 'switch'").groupby("gene_id").size()
    several = table[table["gene_id"].map(axes) > 1]
    row = several.iloc[0]
    values = source.features.values[
        (source.features.meta["feature_id"] == row["feature_id"]).to_numpy()
    ][0]
    trait = source.features.samples[row["trait"]].astype(str).to_numpy() == row["level"]
    plain = stats.ttest_ind(values[trait], values[~trait], equal_var=False).pvalue
    expected = min(1.0, plain * axes[row["gene_id"]])
    assert row["pvalue"] == pytest.approx(expected, rel=1e-6)


def test_a_trait_without_effect_finds_nothing(toy_folder: Path, toy: isograph.Bundle) -> None:
    rng = np.random.default_rng(12)
    samples = toy.samples.assign(coin=rng.permutation(np.repeat(["heads", "tails"], 32)))
    bundle = replace(toy, samples=samples)
    study = make_study(bundle=toy_folder, traits=("coin",))
    contrasts = switch_contrasts(open_source(isograph.fit(bundle, study=study), bundle=bundle))
    assert contrasts is not None
    table = contrasts.to_pandas()
    assert set(table["trait"]) == {"coin"}
    assert (table["qvalue"] > 0.05).all()


def test_without_a_trait_of_two_levels_there_is_none(toy_folder: Path) -> None:
    study = make_study(bundle=toy_folder, traits=("Age",))
    source = open_source(isograph.fit(toy_folder, study=study))
    assert switch_contrasts(source) is None


def test_gene_of_a_module_is_named(toy_source: Source) -> None:
    contrasts = switch_contrasts(toy_source)
    assert contrasts is not None
    table = contrasts.to_pandas()
    expected = pd.Series(
        toy_source.fit.modules.set_index("gene_id")["module_id"]
        .reindex(table["gene_id"])
        .to_numpy()
    )
    pd.testing.assert_series_equal(
        table["module_id"], expected, check_names=False, check_dtype=False
    )


def test_a_recorded_share_moves_in_one_direction_only() -> None:
    bundle = isograph.simulate("toy_multiplex_v1", seed=6)
    tables = {name: bundle.tables[name] for name in ("gene", "psi")}
    shares = replace(bundle, tables=tables, matrices={"psi": bundle.matrices["psi"]})
    source = open_source(isograph.fit(shares), bundle=shares)
    contrasts = switch_contrasts(source)
    assert contrasts is not None
    table = contrasts.to_pandas()
    assert (table["transcript_up"].notna() != table["transcript_down"].notna()).all()
    rises = table.dropna(subset=["transcript_up"])
    assert (rises["usage_up_level"] > rises["usage_up_reference"]).all()
    assert (rises["dif"] > 0).all()
