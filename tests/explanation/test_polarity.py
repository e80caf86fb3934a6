"""Which transcripts rise and which fall."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from isograph.explanation.groups import ends_of
from isograph.explanation.polarity import polarity_table
from isograph.explanation.source import Source


def polarity(source: Source, name: str) -> pd.DataFrame:
    profile = source.profiles[name]
    frame: pd.DataFrame = polarity_table(
        source, profile, source.usage.read(profile.genes)
    ).to_pandas()
    return frame


def test_ends_are_thirds_of_equal_size() -> None:
    ends = ends_of(np.array([3.0, 1.0, 2.0, 5.0, 4.0, 0.0, 6.0]))
    assert ends.high.tolist() == [False, False, False, True, False, False, True]
    assert ends.low.tolist() == [False, True, False, False, False, True, False]


def test_isoform_one_shifts_as_planted(toy_source: Source) -> None:
    bundle = toy_source.bundle
    switching = bundle.tables["truth_switch"].query("has_switch")["gene_id"]
    for name in toy_source.fit.summary["module_id"]:
        table = polarity(toy_source, name)
        first = table[table["transcript_id"].str.endswith(".T1") & table["gene_id"].isin(switching)]
        assert len(first) > 5
        assert len(set(np.sign(first["usage_shift"]))) == 1
        assert (np.sign(first["r"]) == np.sign(first["usage_shift"])).all()


def test_without_covariates_usage_is_the_plain_mean(toy_source: Source) -> None:
    table = polarity(toy_source, "M000")
    bundle, row = toy_source.bundle, table.iloc[0]
    ends = ends_of(toy_source.profiles["M000"].values)
    counts = pd.DataFrame(
        bundle.matrices["transcript_counts"],
        index=bundle.tables["transcript"]["transcript_id"],
        columns=bundle.sample_ids,
    )[list(toy_source.sample_ids)]
    gene = bundle.tables["transcript"].set_index("transcript_id")["gene_id"]
    own = counts[(gene == row["gene_id"]).to_numpy()]
    share = (own.loc[row["transcript_id"]] / own.sum()).to_numpy()
    assert row["usage_high"] == pytest.approx(share[ends.high].mean())
    assert row["usage_low"] == pytest.approx(share[ends.low].mean())
    assert row["usage_shift"] == pytest.approx(row["usage_high"] - row["usage_low"])


def test_strength_is_the_range_of_r_in_the_gene(toy_source: Source) -> None:
    table = polarity(toy_source, "M000")
    by_gene = table.groupby("gene_id")["r"]
    expected = by_gene.transform("max") - by_gene.transform("min")
    np.testing.assert_allclose(table["switch_strength"], expected)


def test_the_riser_of_a_gene_stands_first(toy_source: Source) -> None:
    falls = polarity(toy_source, "M000").groupby("gene_id")["r"].apply(lambda r: r.diff().max())
    assert (falls.dropna() <= 0).all()


def test_shifts_within_a_gene_add_up_to_nothing(toy_source: Source) -> None:
    total = polarity(toy_source, "M000").groupby("gene_id")["usage_shift"].sum()
    np.testing.assert_allclose(total, 0.0, atol=1e-12)


def test_samples_without_reads_of_the_gene_are_left_out(gappy_source: Source) -> None:
    tables = [polarity(gappy_source, name) for name in gappy_source.profiles]
    table = pd.concat(tables)
    some = table[table["n_complete"] < 160]
    assert len(some) > 0
    assert set(some["n_complete"]) == {160 - len(range(0, 160, 7))}
    assert np.isfinite(some[["r", "usage_high", "usage_low"]].to_numpy()).all()


def test_usage_never_leaves_its_range(with_programmes: Source) -> None:
    for name in with_programmes.profiles:
        table = polarity(with_programmes, name)
        usage = table[["usage_high", "usage_low"]].to_numpy()
        assert ((usage >= 0) & (usage <= 1)).all()


def test_the_covariate_does_not_pose_as_a_switch(gappy_source: Source) -> None:
    # adjusted usage is orthogonal to the covariate, so its r with a profile is partial
    profile = gappy_source.profiles["M000"]
    assert "Age" in profile.design.columns
    age = gappy_source.features.samples["Age"].to_numpy(dtype=float)
    assert abs(np.corrcoef(profile.values, age)[0, 1]) < 1e-9
