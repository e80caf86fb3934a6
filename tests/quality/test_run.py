"""Quality control as a whole: any bundle, any order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import isograph
from isograph.bundle import Bundle
from isograph.errors import StudyError
from isograph.quality import assess_quality
from isograph.quality.page import quality_page
from isograph.quality.reads import top_share
from tests.bundle.builder import small_bundle
from tests.quality.cohort import cohort, study, with_columns


def shuffled(bundle: Bundle, seed: int) -> Bundle:
    """The same data set with samples, genes and transcripts in another order."""
    rng = np.random.default_rng(seed)
    columns = rng.permutation(bundle.n_samples)
    rows = {kind: rng.permutation(len(table)) for kind, table in bundle.tables.items()}
    kinds = {"transcript_counts": "transcript", "gene_counts": "gene", "psi": "psi"}
    return replace(
        bundle,
        samples=bundle.samples.iloc[columns].reset_index(drop=True),
        tables={k: t.iloc[rows[k]].reset_index(drop=True) for k, t in bundle.tables.items()},
        matrices={k: m[rows[kinds[k]]][:, columns] for k, m in bundle.matrices.items()},
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_samples_and_genes_changes_no_byte(seed: int, toy: Bundle) -> None:
    one = assess_quality(toy, study=study())
    other = assess_quality(shuffled(toy, seed), study=study())
    assert other.tables == one.tables
    assert other.result_hash == one.result_hash
    # a data set in another order is another data set, and its page says so
    other = replace(other, content_hash=one.content_hash)
    assert quality_page(other) == quality_page(one)


def test_numbers_of_a_sample_are_those_of_its_counts(toy: Bundle) -> None:
    quality = assess_quality(toy, study=study())
    counts = toy.matrices["transcript_counts"]
    order = np.argsort(toy.sample_ids)
    genes = pd.DataFrame(counts).groupby(toy.tables["transcript"]["gene_id"].to_numpy()).sum()
    assert quality.samples["sample_id"].tolist() == toy.sample_ids[order].tolist()
    assert quality.samples["library_size"].to_numpy() == pytest.approx(counts.sum(axis=0)[order])
    assert (
        quality.samples["detected_genes"].tolist() == (genes >= 1).sum().to_numpy()[order].tolist()
    )
    assert (
        quality.samples["detected_transcripts"].tolist()
        == (counts >= 1).sum(axis=0)[order].tolist()
    )
    assert np.exp(np.log(quality.samples["size_factor"]).mean()) == pytest.approx(1.0)


def test_the_top_fifty_genes_share_is_counted_by_sample() -> None:
    counts = np.random.default_rng(0).poisson(50, (120, 3)).astype(float)
    counts[:, 2] = 0
    expected = [np.sort(counts[:, i])[-50:].sum() / counts[:, i].sum() for i in range(2)]
    assert top_share(counts)[:2] == pytest.approx(expected)
    assert np.isnan(top_share(counts)[2])
    assert np.isnan(top_share(counts[:50])).all()


def test_mitochondrial_genes_are_known_by_name_or_chromosome() -> None:
    bundle = cohort(1)
    genes = bundle.tables["gene"]
    expected = bundle.matrices["gene_counts"][:2].sum(axis=0) / bundle.matrices["gene_counts"].sum(
        axis=0
    )
    names = ["MT-CO1", "mt-Nd1", *genes["gene_name"][2:]]
    chroms = ["chrM", "MT", *["chr1"] * (len(genes) - 2)]
    for table in (genes.assign(gene_name=names), genes.assign(chrom=chroms)):
        quality = assess_quality(replace(bundle, tables={"gene": table}), study=study())
        assert quality.samples["mitochondrial_share"].to_numpy() == pytest.approx(expected)
    quality = assess_quality(bundle, study=study())
    assert quality.samples["mitochondrial_share"].isna().all()
    assert "MT-" in quality.untold["mitochondrial_share"]


def test_ready_made_expression_is_compared_and_says_what_it_lacks() -> None:
    bundle = cohort(1)
    logs = np.log2(bundle.matrices["gene_counts"] + 1.0)
    logs[:3, 0] = np.nan
    logs[5] = np.nan
    quality = assess_quality(replace(bundle, matrices={"gene_expression": logs}), study=study())
    assert quality.assay == "gene_expression"
    assert quality.samples["detected_genes"].tolist()[:2] == [596.0, 599.0]
    assert quality.samples["median_r"].notna().all()
    assert quality.samples["library_size"].isna().all()
    assert "no counts" in quality.untold["library_size"]


def test_shares_alone_leave_only_the_sample_columns() -> None:
    bundle = with_columns(cohort(1), dx=["a", "b"] * 20, batch=["x", "x", "y", "y"] * 10)
    psi = pd.DataFrame({"psi_uid": ["p1", "p2"], "gene_id": ["G1", "G2"]})
    shares = np.random.default_rng(0).random((2, 40))
    bundle = replace(bundle, tables={"psi": psi}, matrices={"psi": shares})
    quality = assess_quality(bundle, study=study())
    assert quality.assay == ""
    assert {"library_size", "detected_genes", "correlation", "sex"} <= set(quality.untold)
    assert len(quality.tables["column_pairs"]) == 1
    assert quality_page(quality)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_any_number_of_samples_gives_a_page(n: int) -> None:
    bundle = cohort(1, n_samples=n, columns={"dx": (["a", "b"] * n)[:n]})
    quality = assess_quality(bundle, study=study())
    assert len(quality.samples) == n
    assert ("correlation" in quality.untold) == (n < 3)
    assert quality_page(quality)


def test_a_bundle_with_every_type_of_sample_column_gives_a_page() -> None:
    quality = assess_quality(small_bundle(), study=study())
    assert "20 are needed" in quality.untold["correlation"]
    assert quality_page(quality)


def test_samples_named_like_a_column_are_refused() -> None:
    bundle = cohort(1, n_samples=3)
    ids = ["a", "component", "variance_share"]
    bundle = replace(bundle, samples=bundle.samples.assign(sample_id=ids))
    with pytest.raises(StudyError, match=r"component, variance_share"):
        assess_quality(bundle, study=study())


def test_samples_of_one_donor_are_compared_where_the_importer_names_the_donor() -> None:
    bundle = cohort(1, n_genes=400)
    rng = np.random.default_rng(0)
    donors = np.arange(40) // 2
    own = np.exp(rng.normal(0, 0.8, (400, 20)))[:, donors]
    counts = rng.poisson(bundle.matrices["gene_counts"] * own)
    bundle = replace(
        with_columns(bundle, donor=[f"d{d}" for d in donors]),
        matrices={"gene_counts": counts},
        provenance={"block": "donor"},
    )
    found = assess_quality(bundle, study=study()).donors
    assert found is not None
    assert (found.column, found.n_repeated) == ("donor", 20)
    assert found.within > 0.5 > 0.1 > found.between
    assert assess_quality(replace(bundle, provenance={}), study=study()).donors is None


def test_an_order_that_the_bundle_has_is_not_changed(toy: Bundle) -> None:
    before = toy.content_hash
    assess_quality(toy, study=study())
    assert isograph.simulate("toy_multiplex_v1", seed=3).content_hash == before
