"""GEUVADIS, chromosome 19, 91 cell lines: what is known of this cohort must come out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import isograph
from isograph.cli import main
from isograph.results.model import Fit
from tests.shared_data import shared_path


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cohort = shared_path("data", "real", "geuvadis_chr19_ceu91")
    out = tmp_path_factory.mktemp("geuvadis") / "geuvadis"
    words = ["import", "table", "--out", str(out)]
    for kind, file in (
        ("counts", "transcript_counts"),
        ("transcripts", "transcripts"),
        ("samples", "samples"),
    ):
        words += [f"--{kind}", str(cohort / f"{file}.parquet")]
    assert main(words) == 0
    return out


@pytest.fixture(scope="module")
def plain(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    return fitted(bundle, tmp_path_factory.mktemp("plain") / "fit")


@pytest.fixture(scope="module")
def adjusted(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    out = tmp_path_factory.mktemp("adjusted") / "fit"
    return fitted(bundle, out, "--covariates", "~ C(lab)")


def fitted(bundle: Path, out: Path, *words: str) -> Fit:
    command = ["fit", "--dataset-path", str(bundle), "--output-dir", str(out), "--quiet"]
    assert main([*command, "--categorical", "lab", "--traits", "lab,sex", *words]) == 0
    return isograph.read_fit(out)


def of_trait(fit: Fit, trait: str) -> pd.DataFrame:
    return fit.traits[fit.traits["trait"] == trait].set_index("module_id")


def test_the_sequencing_lab_carries_a_large_module(plain: Fit) -> None:
    lab = of_trait(plain, "lab")
    carrier = lab["effect"].idxmax()
    assert lab.loc[carrier, "test"] == "anova"
    assert lab.loc[carrier, "effect"] >= 0.7
    assert plain.summary.set_index("module_id").loc[carrier, "n_genes"] >= 100


def test_that_module_splits_the_labs_into_the_two_known_blocks(bundle: Path, plain: Fit) -> None:
    carrier = of_trait(plain, "lab")["effect"].idxmax()
    profile = plain.eigengenes.set_index("module_id").loc[carrier].drop("variance_explained")
    labs = isograph.load_bundle(bundle).samples.set_index("sample_id")["lab"]
    mean = profile.astype(float).groupby(labs.reindex(profile.index)).mean().sort_values()
    blocks = {frozenset(mean.index[:4]), frozenset(mean.index[4:])}
    blocks |= {frozenset(mean.index[:3]), frozenset(mean.index[3:])}
    assert {frozenset({1, 4, 6, 7}), frozenset({2, 3, 5})} <= blocks


def test_tpm4_switches_with_the_lab(bundle: Path, plain: Fit) -> None:
    transcripts = isograph.load_bundle(bundle).tables["transcript"]
    tpm4 = transcripts.loc[transcripts["gene_name"] == "TPM4", "gene_id"].iloc[0]
    role = plain.roles.set_index("gene_id").loc[tpm4]
    assert role["module_id"] == of_trait(plain, "lab")["effect"].idxmax()
    assert abs(role["switch_r"]) >= 0.7


def test_the_lab_vanishes_when_adjusted_for(adjusted: Fit) -> None:
    lab = of_trait(adjusted, "lab")
    assert lab["pvalue"].isna().all()
    samples = adjusted.eigengenes.columns[2:]
    assert len(samples) == 91


def test_no_feature_keeps_any_difference_between_labs(bundle: Path, adjusted: Fit) -> None:
    labs = isograph.load_bundle(bundle).samples.set_index("sample_id")["lab"]
    scores = adjusted.feature_scores.set_index("feature_id").iloc[:, 5:].T.astype(float)
    complete = scores.loc[:, scores.notna().all()]
    means = complete.groupby(labs.reindex(complete.index).to_numpy()).mean()
    assert means.abs().to_numpy().max() < 1e-9


def test_with_the_lab_adjusted_no_larger_module_is_tied_to_sex(adjusted: Fit) -> None:
    # family-wise: with one strong pair among forty tests, q lets a few p of 0.005 follow it
    sex = of_trait(adjusted, "sex")
    large = adjusted.summary.set_index("module_id")["n_genes"] > 2
    assert large.sum() >= 10
    assert (sex.loc[large[large].index, "pvalue"] * len(sex) >= 0.05).all()
    assert (sex.loc[large[large].index, "qvalue"] >= 0.01).all()


def test_the_one_pair_tied_to_sex_is_known(bundle: Path, adjusted: Fit) -> None:
    # NLRP2 and NLRP7 are neighbours on the chromosome; in the 89 lines with a known sex women
    # express NLRP2 more (p 2e-4 for that gene alone), and a pair has nothing to average it away
    sex = of_trait(adjusted, "sex")
    tied = sex.index[sex["pvalue"] * len(sex) < 0.05]
    assert len(tied) <= 1
    names = isograph.load_bundle(bundle).tables["transcript"].drop_duplicates("gene_id")
    names = names.set_index("gene_id")["gene_name"]
    members = adjusted.modules[adjusted.modules["module_id"].isin(tied)]["gene_id"]
    assert set(names[members]) <= {"NLRP2", "NLRP7"}


def test_two_samples_have_no_sex_and_are_left_out_of_that_test_alone(plain: Fit) -> None:
    assert set(of_trait(plain, "sex")["n"]) == {89}
    assert set(of_trait(plain, "lab")["n"]) == {91}
