"""What cannot be projected says why; tables of no score keep their columns."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import isograph
from isograph.bundle import Bundle
from isograph.cli import main
from isograph.errors import OutputError, StudyError
from isograph.projection import preserve, project
from isograph.projection.folder import write_projection
from isograph.results import Fit
from tests.projection.test_project import correlations, samples_of, study


@pytest.fixture(scope="module")
def multiplex() -> Bundle:
    return isograph.simulate("medium_multiplex_v1", seed=11)


@pytest.fixture(scope="module")
def counts(multiplex: Bundle) -> Bundle:
    return replace(
        multiplex, matrices={"transcript_counts": multiplex.matrices["transcript_counts"]}
    )


@pytest.fixture(scope="module")
def fit(counts: Bundle) -> Fit:
    return isograph.fit(counts, study=study())


def of_genes(bundle: Bundle) -> Bundle:
    """The same cohort where only gene counts were kept."""
    gene = bundle.tables["transcript"]["gene_id"].to_numpy(dtype=str)
    ids, place = np.unique(gene, return_inverse=True)
    totals = np.zeros((len(ids), bundle.n_samples))
    np.add.at(totals, place, bundle.matrices["transcript_counts"])
    return replace(
        bundle,
        tables={"gene": pd.DataFrame({"gene_id": ids})},
        matrices={"gene_counts": totals},
    )


def test_a_cohort_without_any_fitting_assay_is_refused(fit: Fit, multiplex: Bundle) -> None:
    shares = replace(multiplex, matrices={"psi": multiplex.matrices["psi"]})
    for compare in (project, preserve):
        with pytest.raises(StudyError, match="no transcript counts") as told:
            compare(fit, shares, study=study())
        assert "no abundance of genes" in str(told.value)


def test_features_without_reads_are_not_blamed_on_ids(fit: Fit, counts: Bundle) -> None:
    stray = np.zeros(counts.matrices["transcript_counts"].shape)
    stray[0] = 1
    none = replace(counts, matrices={"transcript_counts": stray})
    with pytest.raises(StudyError, match="not expressed") as told:
        project(fit, none, study=study())
    assert "annotation" not in str(told.value)


def test_samples_without_a_read_are_refused_as_in_a_fit(fit: Fit, counts: Bundle) -> None:
    values = counts.matrices["transcript_counts"].copy()
    values[:, 3] = 0
    with pytest.raises(StudyError, match="samples without a single read"):
        project(fit, replace(counts, matrices={"transcript_counts": values}), study=study())


@pytest.mark.parametrize("change", ["cut", "column"])
def test_damaged_weights_are_refused(fit: Fit, counts: Bundle, change: str) -> None:
    content = fit.files["axis_weights.parquet"]
    stream = io.BytesIO()
    if change == "cut":
        stream.write(content[:100])
    else:
        pq.write_table(pq.read_table(io.BytesIO(content)).drop_columns(["weight"]), stream)
    damaged = replace(fit, files={"axis_weights.parquet": stream.getvalue()})
    with pytest.raises(OutputError, match=r"axis_weights\.parquet.*fit again"):
        project(damaged, counts, study=study())


def test_a_fit_without_modules_is_named(counts: Bundle) -> None:
    shape = counts.matrices["transcript_counts"].shape
    noise = np.random.default_rng(0).poisson(50, size=shape).astype(float)
    empty = isograph.fit(replace(counts, matrices={"transcript_counts": noise}), study=study())
    assert not len(empty.summary)
    for compare in (project, preserve):
        with pytest.raises(StudyError, match="the fit: has no modules"):
            compare(empty, counts, study=study())


def test_genes_alone_leave_switches_unscored_in_tables_of_the_same_columns(
    fit: Fit, counts: Bundle, tmp_path: Path
) -> None:
    loadings = fit.eigengene_loadings
    # the modules' abundance features are gone too, but for a few
    few = set(loadings["gene_id"].drop_duplicates().iloc[::6])
    other = of_genes(counts)
    keep = other.tables["gene"]["gene_id"].isin(few).to_numpy()
    other = replace(
        other,
        tables={"gene": other.tables["gene"][keep].reset_index(drop=True)},
        matrices={"gene_counts": other.matrices["gene_counts"][keep]},
    )
    found = project(fit, other, study=study())
    assert found.scores.empty
    assert found.modules["reason"].str.contains("% of its squared loadings").all()
    told = {"name": "x", "content_hash": "y"}
    folder = write_projection(found, fit, tmp_path / "none", bundle=told)
    schema = pq.read_schema(folder / "projected_eigengenes.parquet")
    assert schema.names == ["module_id", *found.elsewhere.sample_ids]
    assert schema.types[0] == pa.string()
    assert set(schema.types[1:]) == {pa.float64()}


@pytest.mark.parametrize("backend", ["wgcna", "baseline"])
def test_modules_of_other_backends_are_scored_as_well(counts: Bundle, backend: str) -> None:
    made = isograph.fit(counts, study=study(), backend=backend)
    assert len(made.summary)
    np.testing.assert_allclose(
        correlations(made, project(made, counts, study=study())), 1, atol=1e-12
    )


def test_a_cohort_of_repeated_donors_is_tested_as_one(fit: Fit, counts: Bundle) -> None:
    place = np.repeat(np.arange(counts.n_samples // 2), 2)
    twice = samples_of(counts, place)
    names = [f"R{number:04d}" for number in range(len(place))]
    twice = replace(
        twice, samples=twice.samples.assign(sample_id=names, donor=[f"D{p}" for p in place])
    )
    plain, blocked = (
        project(fit, twice, study=study(traits=("Dx",), **asked))
        for asked in (dict[str, str](), {"block": "donor"})
    )
    pd.testing.assert_frame_equal(plain.scores, blocked.scores)
    p = [found.traits["pvalue"].min() for found in (plain, blocked)]
    assert p[1] > p[0], "copies of a donor say nothing new"


def test_preserve_takes_no_traits(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["preserve", "--fit", "f", "--dataset-path", "b", "--traits", "Dx"])
    assert "--traits" in capsys.readouterr().err
