"""Which genes drive a module."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import isograph
from isograph.bundle.model import Bundle
from isograph.communities.profile import leading_profile, row_correlations
from isograph.explanation.drivers import driver_table
from isograph.explanation.leave_one_out import profiles_without
from isograph.explanation.source import PROGRAMME, Source, open_source
from isograph.files import hash_table
from isograph.network.significance import correlation_pvalue


def drivers(source: Source, name: str, **options: int) -> pd.DataFrame:
    frame: pd.DataFrame = driver_table(source, source.profiles[name], **options).to_pandas()
    return frame


def test_a_drivers_r_is_that_of_its_stronger_channel(toy_source: Source) -> None:
    table = drivers(toy_source, "M000").query("in_module").set_index("gene_id")
    features = toy_source.clean
    profile = toy_source.profiles["M000"].values
    every = pd.DataFrame(
        {
            "gene": features.meta["gene_id"],
            "id": features.meta["feature_id"],
            "r": np.corrcoef(np.vstack([profile, features.values]))[0, 1:],
        }
    )
    every["strength"] = every["r"].abs()
    best = every.sort_values("strength").drop_duplicates("gene", keep="last").set_index("gene")
    best = best.loc[table.index]
    np.testing.assert_allclose(table["r"], best["r"], rtol=1e-9)
    assert (table["feature_id"] == best["id"]).all()


def test_they_stand_in_the_order_of_their_strength(toy_source: Source) -> None:
    strength = drivers(toy_source, "M000")["r"].abs().to_numpy()
    assert (np.diff(strength) <= 1e-12).all()


def test_every_member_is_there_and_so_many_outside(toy_source: Source) -> None:
    table = drivers(toy_source, "M000", outside=7)
    members = toy_source.fit.modules.query("module_id == 'M000'")["gene_id"]
    assert set(table.loc[table["in_module"], "gene_id"]) == set(members)
    assert (~table["in_module"]).sum() == 7


def test_without_its_own_part_a_member_is_less_close(toy_source: Source) -> None:
    table = drivers(toy_source, "M000")
    member = table[table["in_module"]]
    assert (member["r_loo"].abs() < member["r"].abs()).all()
    assert (np.sign(member["r_loo"]) == np.sign(member["r"])).all()
    outside = table[~table["in_module"]]
    np.testing.assert_array_equal(outside["r_loo"], outside["r"])


def test_leaving_out_is_the_eigengene_of_the_others(toy_source: Source) -> None:
    table = drivers(toy_source, "M001").query("in_module").set_index("gene_id")
    features, stored = toy_source.clean, toy_source.loadings_of("M001")
    rows = features.meta.set_index("feature_id").index
    for gene in table.index[[0, 5, -1]]:
        others = stored[stored["gene_id"] != gene].index
        score = leading_profile(features.values[rows.get_indexer(others)])[0]
        own = features.values[rows.get_loc(table.at[gene, "feature_id"])]
        expected = abs(np.corrcoef(score, own)[0, 1])
        assert abs(table.at[gene, "r_loo"]) == pytest.approx(expected, rel=1e-7)


def test_in_noise_the_honest_r_is_that_of_chance() -> None:
    rng = np.random.default_rng(6)
    plain, honest = [], []
    for _ in range(20):
        values = rng.normal(size=(30, 64))
        values -= values.mean(axis=1, keepdims=True)
        profile = leading_profile(values)[0]
        left = profiles_without(values, np.arange(30), profile)
        plain.append(row_correlations(values, np.tile(profile, (30, 1))))
        honest.append(row_correlations(values, left))
    assert stats.kstest(correlation_pvalue(np.ravel(plain), 62), "uniform").pvalue < 1e-9
    assert stats.kstest(correlation_pvalue(np.ravel(honest), 62), "uniform").pvalue > 0.01


@pytest.mark.parametrize("n_genes", [3, 40, 90])
def test_power_iteration_finds_what_eigenvectors_find(n_genes: int) -> None:
    rng = np.random.default_rng(n_genes)
    factor = rng.normal(size=50)
    values = rng.normal(size=(2 * n_genes, 50)) + np.outer(rng.normal(size=2 * n_genes), factor)
    values -= values.mean(axis=1, keepdims=True)
    gene = np.repeat(np.arange(n_genes), 2)
    found = profiles_without(values, gene, leading_profile(values)[0])
    for k in (0, n_genes - 1):
        expected = leading_profile(values[gene != k])[0]
        assert abs(np.corrcoef(found[k], expected)[0, 1]) == pytest.approx(1.0, abs=1e-8)


def test_a_gene_alone_has_no_others() -> None:
    values = np.random.default_rng(7).normal(size=(2, 30))
    values -= values.mean(axis=1, keepdims=True)
    assert not profiles_without(values, np.array([0, 0]), leading_profile(values)[0]).any()


def test_intervals_hold_r(toy_source: Source) -> None:
    table = drivers(toy_source, "M000")
    assert (table["r_low"] < table["r"]).all()
    assert (table["r"] < table["r_high"]).all()


def test_gaps_are_counted_and_left_out(gappy_source: Source) -> None:
    every = pd.concat([drivers(gappy_source, name) for name in gappy_source.profiles])
    switch = every[(every["feature_type"] == "switch") & (every["n_complete"] < 160)]
    assert len(switch) > 0
    np.testing.assert_allclose(switch["missingness"], 1 - switch["n_complete"] / 160)
    assert switch["n_complete"].iloc[0] == 160 - len(range(0, 160, 7))


def test_programmes_have_drivers_too(with_programmes: Source) -> None:
    names = [n for n, p in with_programmes.profiles.items() if p.kind == PROGRAMME]
    assert names
    table = drivers(with_programmes, names[0])
    member = table[table["in_module"]]
    loads = with_programmes.fit.programme_loadings.query("programme_id == @names[0]")
    assert set(member["gene_id"]) == set(loads["gene_id"])
    stored = loads.set_index("feature_id")["loading"].reindex(member["feature_id"])
    np.testing.assert_array_equal(member["r_loo"], stored)


def test_after_broad_factors_r_agrees_with_the_fit(with_programmes: Source) -> None:
    roles = with_programmes.fit.roles.set_index("gene_id")
    for name in with_programmes.fit.summary["module_id"]:
        table = drivers(with_programmes, name).query("in_module").set_index("gene_id")
        channel = table["feature_type"] + "_r"
        ours = [roles.at[gene, column] for gene, column in channel.items()]
        assert np.abs(table["r"] - ours).max() < 0.02


def test_order_of_samples_and_transcripts_changes_nothing(
    toy: Bundle, toy_source: Source, shuffled: Callable[[Bundle], Bundle]
) -> None:
    other = shuffled(toy)
    source = open_source(isograph.fit(other), bundle=other)
    for name, profile in source.profiles.items():
        ours, theirs = (driver_table(s, s.profiles[name]) for s in (source, toy_source))
        assert profile.name == name
        assert hash_table(ours) == hash_table(theirs)
