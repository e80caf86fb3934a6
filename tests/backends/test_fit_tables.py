"""The tables of a fit agree with each other and with their definitions."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.results.model import Fit
from isograph.results.tables import module_names, strongest_matching
from isograph.study import make_study


def test_module_names_go_by_size_then_by_smallest_gene(realistic_fit: Fit) -> None:
    modules = realistic_fit.modules
    sizes = modules.groupby("module_id")["gene_id"].agg(["size", "min"]).reset_index()
    order = sizes.sort_values(["size", "min"], ascending=[False, True])["module_id"]
    assert order.tolist() == sizes["module_id"].tolist()


def test_names_have_four_digits_past_a_thousand() -> None:
    assert module_names(3).tolist() == ["M000", "M001", "M002"]
    assert module_names(1000)[-1] == "M999"
    assert module_names(1001)[-1] == "M1000"
    assert module_names(1001)[0] == "M0000"


def test_every_gene_of_the_bundle_has_one_fate(realistic: Bundle, realistic_fit: Fit) -> None:
    fates = realistic_fit.fates
    assert fates["gene_id"].tolist() == realistic.gene_ids.tolist()
    assigned = fates.loc[fates["fate"] == "assigned", "gene_id"]
    assert assigned.tolist() == sorted(realistic_fit.modules["gene_id"])


def test_edges_name_the_features_that_carry_them(realistic_fit: Fit) -> None:
    edges = realistic_fit.edges
    assert (edges["source"] < edges["target"]).all()
    for end in ("source", "target"):
        owner = edges[f"{end}_feature_id"].str.split("::").str[0]
        assert (owner == edges[end]).all()
    assert (edges["r"].abs() >= realistic_fit.calibration["edge_r_threshold"]).all()
    np.testing.assert_allclose(edges["weight"], edges["r"] ** 2)
    scores = realistic_fit.feature_scores.set_index("feature_id").iloc[:, 5:]
    first = scores.loc[edges["source_feature_id"]].to_numpy(float)
    second = scores.loc[edges["target_feature_id"]].to_numpy(float)
    r = [np.corrcoef(a, b)[0, 1] for a, b in zip(first[:50], second[:50], strict=True)]
    np.testing.assert_allclose(r, edges["r"].head(50), atol=1e-12)


def test_no_gene_has_more_than_thirty_edges() -> None:
    edges = isograph.fit(isograph.simulate("medium_v1", seed=3)).edges
    degree = pd.concat([edges["source"], edges["target"]]).value_counts()
    assert degree.max() == 30


def test_edges_are_taken_from_the_strongest_down() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        n, k = int(rng.integers(3, 15)), int(rng.integers(1, 5))
        source, target = np.triu_indices(n, 1)
        weight = rng.integers(1, 6, len(source)).astype(float)
        degree, expected = np.zeros(n, dtype=int), np.zeros(len(source), dtype=bool)
        for edge in np.lexsort((np.arange(len(source)), -weight)):
            ends = [source[edge], target[edge]]
            if (degree[ends] < k).all():
                degree[ends] += 1
                expected[edge] = True
        taken = strongest_matching(source, target, weight, k=k, n_nodes=n)
        np.testing.assert_array_equal(taken, expected)


def test_confidence_is_null_where_half_of_the_samples_are_too_few(realistic: Bundle) -> None:
    bundle = dataclasses.replace(
        realistic,
        samples=realistic.samples.iloc[70:78].reset_index(drop=True),
        matrices={assay: data[:, 70:78] for assay, data in realistic.matrices.items()},
    )
    fit = isograph.fit(bundle)
    assert fit.modules["membership"].isna().all()
    assert fit.summary["stability"].isna().all()


def test_a_folder_can_be_fitted_by_its_path(toy: Bundle, tmp_path: Path) -> None:
    strange = dataclasses.replace(toy, name="my cohort (v2)")
    folder = isograph.save_bundle(strange, tmp_path / "toy")
    fit = isograph.fit(str(folder))
    assert fit.content_hash == isograph.fit(toy).content_hash
    assert fit.config["study"] == "my-cohort-v2-"


def test_eigengenes_have_unit_variance_and_point_with_their_top_driver(realistic_fit: Fit) -> None:
    eigengenes = realistic_fit.eigengenes.set_index("module_id").drop(columns="variance_explained")
    np.testing.assert_allclose(eigengenes.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose((eigengenes**2).mean(axis=1), 1)
    strongest = realistic_fit.modules.assign(size=realistic_fit.modules["kme"].abs())
    top = strongest.sort_values("size").groupby("module_id").tail(1)
    assert (top["kme"] > 0).all()


def test_summary_counts_what_the_other_tables_hold(realistic_fit: Fit) -> None:
    summary = realistic_fit.summary.set_index("module_id")
    counts = realistic_fit.modules.groupby("module_id").size()
    assert summary["n_genes"].to_dict() == counts.to_dict()
    roles = summary[[c for c in summary if c.startswith("n_") and c not in ("n_genes", "n_edges")]]
    assert (roles.sum(axis=1) == summary["n_genes"]).all()
    assert ((summary["pvalue"] > 0) & (summary["pvalue"] <= 0.01)).all()
    assert summary["stability"].between(0, 1).all()


def test_covariates_leave_nothing_of_themselves_in_features_or_eigengenes(toy: Bundle) -> None:
    study = make_study(name="adjusted", bundle=toy.name, covariates="~ Age + Dx")
    fit = isograph.fit(toy, study=study)
    samples = toy.samples.set_index("sample_id").sort_index()
    design = np.column_stack([samples["Age"] - samples["Age"].mean(), samples["Dx"] == "SCZD"])
    design = design - design.mean(axis=0)
    for table in (fit.feature_scores.iloc[:, 6:], fit.eigengenes.iloc[:, 2:]):
        assert np.abs(table.to_numpy(float) @ design).max() < 1e-6 * len(samples) * 30
    assert fit.calibration["degrees_of_freedom"] == 64 - 2 - 2


def test_features_computed_before_give_the_same_fit(toy: Bundle) -> None:
    features = isograph.study_features(toy)
    assert isograph.fit(toy, features=features).content_hash == isograph.fit(toy).content_hash


@pytest.mark.parametrize(
    "fields", [{"covariates": "~ Age"}, {"set": {"clip": 2}}, {"categorical": ("Age",)}]
)
def test_features_of_another_study_are_refused(toy: Bundle, fields: dict[str, object]) -> None:
    features = isograph.study_features(toy)
    other = make_study(name="other", bundle=toy.name, **fields)
    with pytest.raises(isograph.IsographError, match="do not belong to study other"):
        isograph.fit(toy, study=other, features=features)


def test_declared_traits_alone_are_tested(toy: Bundle) -> None:
    study = make_study(name="one", bundle=toy.name, traits=("Dx",))
    assert set(isograph.fit(toy, study=study).traits["trait"]) == {"Dx"}


def test_missing_covariates_name_the_samples_or_drop_them(toy: Bundle) -> None:
    samples = toy.samples.copy()
    samples.loc[[2, 5], "Age"] = np.nan
    holed = type(toy)(**{**vars_of(toy), "samples": samples})
    with pytest.raises(isograph.IsographError, match="S0003"):
        isograph.fit(holed, study=make_study(name="a", bundle="x", covariates="~ Age"))
    dropping = make_study(name="a", bundle="x", covariates="~ Age", drop_missing=True)
    fit = isograph.fit(holed, study=dropping)
    assert fit.config["n_samples"] == 62
    assert "S0003" not in fit.eigengenes.columns


def vars_of(bundle: Bundle) -> dict[str, object]:
    names = ("name", "suite", "description", "tables", "matrices", "provenance")
    return {name: getattr(bundle, name) for name in names}


def test_config_records_the_whole_run(toy: Bundle) -> None:
    study = make_study(name="mine", bundle=toy.name, seed=5, set={"clip": "2.5"})
    config = isograph.fit(toy, study=study).config
    assert config["study"] == "mine"
    assert config["seed"] == 5
    assert config["settings"]["features"]["clip"] == 2.5
    assert config["bundle"]["content_hash"] == toy.content_hash
    kinds = {trait["name"]: trait["kind"] for trait in config["traits"]}
    assert kinds == {"Dx": "two-level", "Age": "continuous", "Sex": "two-level"}
    assert config["packages"]["torch"] is not None


def test_membership_is_high_for_genes_that_really_belong(
    realistic: Bundle, realistic_fit: Fit
) -> None:
    planted = set(realistic.tables["truth_module"]["gene_id"])
    modules: pd.DataFrame = realistic_fit.modules
    assert modules.loc[modules["gene_id"].isin(planted), "membership"].mean() > 0.9
