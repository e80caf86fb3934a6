"""Modules that a user names, scored by the same stages as modules that are found."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.communities.given import given_partition
from isograph.errors import StudyError
from isograph.results.model import Fit
from isograph.study import make_study
from tests.network.synthetic import associate, feature_set, followers


@pytest.fixture(scope="module")
def named(realistic_fit: Fit) -> pd.DataFrame:
    """The found modules under names of the user's own, in another order."""
    names = {f"M{k:03d}": name for k, name in enumerate(["red", "blue", "green", "pink", "teal"])}
    table = realistic_fit.modules.assign(module=realistic_fit.modules["module_id"].map(names))
    return table[["module", "gene_id"]].sample(frac=1, random_state=1).reset_index(drop=True)


@pytest.fixture(scope="module")
def scored(realistic: Bundle, named: pd.DataFrame) -> Fit:
    return isograph.fit(realistic, modules=named)


def test_the_partition_is_the_users(scored: Fit, named: pd.DataFrame) -> None:
    ids = scored.calibration["given_modules"]["names"]
    ours = scored.modules.assign(name=scored.modules["module_id"].map(ids))
    theirs = dict(zip(named["gene_id"], named["module"], strict=True))
    assert dict(zip(ours["gene_id"], ours["name"], strict=True)) == theirs


def test_modules_are_scored_as_found_ones_are(scored: Fit, realistic_fit: Fit) -> None:
    pd.testing.assert_frame_equal(scored.edges, realistic_fit.edges)
    samples = list(scored.eigengenes.columns[2:])
    found, given = realistic_fit.eigengenes[samples], scored.eigengenes[samples]
    r = np.corrcoef(found.to_numpy(float), given.to_numpy(float))
    best = np.abs(r[: len(found), len(found) :]).max(axis=1)
    assert (best > 0.999).all()
    assert len(scored.traits) == len(realistic_fit.traits)
    assert len(scored.roles) == len(realistic_fit.roles)
    assert scored.summary["stability"].between(0.5, 1).all()


def test_planted_modules_are_significant_and_random_ones_are_not(realistic: Bundle) -> None:
    truth = realistic.tables["truth_module"][["gene_id", "module_id"]]
    assert (isograph.fit(realistic, modules=truth).summary["pvalue"] < 1e-6).all()
    rng = np.random.default_rng(4)
    background = np.setdiff1d(realistic.gene_ids, truth["gene_id"])
    random = pd.DataFrame(
        {"gene_id": background, "module": rng.permutation(np.arange(len(background)) % 5)}
    )
    assert (isograph.fit(realistic, modules=random).summary["pvalue"] > 0.01).all()


def test_p_of_modules_named_beforehand_holds_on_noise() -> None:
    rng = np.random.default_rng(8)
    features = feature_set(rng.normal(size=(600, 40)))
    labels = np.repeat(np.arange(150), 4)
    partition = given_partition(features, associate(features), labels, named_beforehand=True)
    assert np.count_nonzero(partition.pvalue <= 0.05) <= 13  # 95% of Binomial(150, 0.05)


def test_p_of_a_planted_module_is_small_though_no_pair_shows_it() -> None:
    rng = np.random.default_rng(9)
    values = rng.normal(size=(300, 60))
    values[:30] = followers(rng, rng.normal(size=60), 30, loading=0.45)
    features = feature_set(values)
    labels = np.full(300, -1)
    labels[:30] = 0
    partition = given_partition(features, associate(features), labels, named_beforehand=True)
    assert partition.pvalue[0] < 1e-8


def test_files_and_tables_give_the_same_fit(
    realistic: Bundle, named: pd.DataFrame, scored: Fit, tmp_path: Path
) -> None:
    named.to_csv(tmp_path / "m.tsv.gz", sep="\t", index=False)
    named.to_csv(tmp_path / "m.csv", index=False)
    renamed = named.rename(columns={"module": "module_id"}).assign(kme=1.0)
    renamed.to_parquet(tmp_path / "m.parquet")
    for name in ("m.tsv.gz", "m.csv", "m.parquet"):
        fit = isograph.fit(realistic, modules=tmp_path / name)
        assert fit.content_hash == scored.content_hash
        assert fit.config["modules"]["source"] == str(tmp_path / name)
        assert fit.config["modules"]["content_hash"] == scored.config["modules"]["content_hash"]


def test_a_former_fit_can_be_scored_in_another_cohort(
    realistic_fit: Fit, realistic: Bundle, tmp_path: Path
) -> None:
    isograph.write_fit(realistic_fit, tmp_path / "fit")
    half = dataclasses.replace(
        realistic,
        samples=realistic.samples.iloc[::2].reset_index(drop=True),
        matrices={assay: data[:, ::2] for assay, data in realistic.matrices.items()},
    )
    fit = isograph.fit(half, modules=tmp_path / "fit" / "modules.parquet")
    assert fit.calibration["given_modules"]["names"] == {f"M{k:03d}": f"M{k:03d}" for k in range(5)}


def test_numbers_are_names_too(realistic: Bundle) -> None:
    table = pd.DataFrame({"gene_id": realistic.gene_ids[:6], "module": [2, 2, 2, 10, 10, None]})
    record = isograph.fit(realistic, modules=table).calibration["given_modules"]
    assert record["names"] == {"M000": "2", "M001": "10"}


def test_genes_in_grey_or_without_a_module_are_in_none(realistic: Bundle) -> None:
    genes = realistic.gene_ids[:5]
    table = pd.DataFrame({"gene_id": genes, "module": ["red", "red", "grey", "", None]})
    fit = isograph.fit(realistic, modules=table)
    assert fit.modules["gene_id"].tolist() == list(genes[:2])
    assert fit.config["modules"]["n_unassigned"] == 3


def test_a_module_of_one_gene_has_p_1(realistic: Bundle) -> None:
    table = pd.DataFrame({"gene_id": realistic.gene_ids[:1], "module": ["alone"]})
    fit = isograph.fit(realistic, modules=table)
    assert fit.summary["pvalue"].tolist() == [1.0]
    assert len(fit.eigengenes) == 1


def test_filtered_genes_are_reported_and_the_rest_is_scored(realistic: Bundle) -> None:
    rows = realistic.tables["transcript"]["gene_id"].isin(realistic.gene_ids[[0, 9]]).to_numpy()
    counts = np.where(rows[:, None], 0, realistic.matrices["transcript_counts"])
    silent = dataclasses.replace(realistic, matrices={"transcript_counts": counts})
    table = pd.DataFrame(
        {"gene_id": realistic.gene_ids[:10], "module": [*["red"] * 5, *["blue"] * 4, "gone"]}
    )
    fit = isograph.fit(silent, modules=table)
    record = fit.calibration["given_modules"]
    assert record["n_genes_without_features"] == 2
    assert record["genes_without_features"] == list(realistic.gene_ids[[0, 9]])
    assert record["modules_without_features"] == ["gone"]
    assert set(record["names"].values()) == {"red", "blue"}
    fates = fit.fates.set_index("gene_id")["fate"]
    assert fates[realistic.gene_ids[0]] == "filtered_low_expression"


def test_broad_factors_come_out_where_a_study_asks_for_it(
    realistic: Bundle, named: pd.DataFrame, scored: Fit
) -> None:
    asked = make_study(name="test", bundle="x", set={"broad_factors": "auto"})
    fit = isograph.fit(realistic, modules=named, study=asked)
    assert fit.calibration["broad_factors"]["mode"] == "auto"
    columns = ["gene_id", "module_id"]
    pd.testing.assert_frame_equal(fit.modules[columns], scored.modules[columns])


@pytest.mark.parametrize(
    ("columns", "messages"),
    [
        ({"gene": ["a"], "colour": ["red"]}, ["no column gene_id", "no column module_id or mod"]),
        ({"gene_id": [], "module": []}, ["modules: has no rows"]),
        ({"gene_id": ["G00001", "G00002"], "module": ["grey", None]}, ["puts no gene in a module"]),
        (
            {
                "gene_id": ["G00001", "G00001", "x1", "x2", "x3", "x4", None],
                "module": ["a", "b", "a", "a", "a", "a", "a"],
            },
            [
                "rows without a gene_id (1)",
                "genes that stand twice (1): G00001",
                "most of its 5 genes are not in the data set (4): x1, x2, x3, …",
            ],
        ),
    ],
)
def test_a_bad_table_is_refused_with_everything_that_is_wrong(
    realistic: Bundle, columns: dict[str, list[object]], messages: list[str]
) -> None:
    with pytest.raises(StudyError) as caught:
        isograph.fit(realistic, modules=pd.DataFrame(columns))
    assert all(message in str(caught.value) for message in messages), str(caught.value)


def test_a_backend_beside_given_modules_is_refused(realistic: Bundle, named: pd.DataFrame) -> None:
    with pytest.raises(StudyError, match="contradict"):
        isograph.fit(realistic, modules=named, backend="calibrated")


def test_genes_that_the_data_set_lacks_are_left_out_and_named(
    realistic: Bundle, named: pd.DataFrame, scored: Fit
) -> None:
    column = next(name for name in ("module_id", "module") if name in named)
    extra = pd.DataFrame({"gene_id": ["zz9", "zz1"], column: ["red", named[column].iloc[0]]})
    fit = isograph.fit(realistic, modules=pd.concat([named, extra], ignore_index=True))
    columns = ["gene_id", "module_id"]
    pd.testing.assert_frame_equal(fit.modules[columns], scored.modules[columns])
    assert fit.calibration["given_modules"]["genes_not_in_data"] == ["zz1", "zz9"]
    assert fit.config["modules"]["n_not_in_data"] == 2
