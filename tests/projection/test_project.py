"""Modules of a fit in its own cohort, in other samples, and where little is left of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import isograph
from isograph import schemas
from isograph.bundle import Bundle
from isograph.cli import main
from isograph.errors import OutputError, StudyError
from isograph.projection import Preserved, Projection, preserve, project
from isograph.results import Fit
from isograph.study import Study
from tests.shared_data import shared_path

Indices = np.ndarray[Any, np.dtype[np.int64]]


def study(**fields: Any) -> Study:
    return isograph.make_study(bundle="b", name="x", **fields)


def samples_of(bundle: Bundle, rows: Indices) -> Bundle:
    return replace(
        bundle,
        samples=bundle.samples.iloc[rows].reset_index(drop=True),
        matrices={name: matrix[:, rows] for name, matrix in bundle.matrices.items()},
    )


@pytest.fixture(scope="module")
def whole() -> Bundle:
    bundle = isograph.simulate("medium_multiplex_v1", seed=11)
    return replace(bundle, matrices={"transcript_counts": bundle.matrices["transcript_counts"]})


@pytest.fixture(scope="module")
def halves(whole: Bundle) -> tuple[Bundle, Bundle]:
    place = np.arange(whole.n_samples)
    return samples_of(whole, place[::2]), samples_of(whole, place[1::2])


@pytest.fixture(scope="module")
def fit(halves: tuple[Bundle, Bundle]) -> Fit:
    return isograph.fit(halves[0], study=study())


def correlations(fit: Fit, found: Projection) -> np.ndarray[Any, Any]:
    """r of the fit's eigengenes with the scores, in the order of modules."""
    mine = fit.eigengenes.set_index("module_id").drop(columns="variance_explained")
    other = found.scores.set_index("module_id").loc[mine.index, mine.columns]
    return np.array(
        [np.corrcoef(a, b)[0, 1] for a, b in zip(mine.values, other.values, strict=True)]
    )


@pytest.mark.parametrize("covariates", [None, "~ Age + C(Sex)"])
def test_on_its_own_cohort_a_score_is_the_eigengene(whole: Bundle, covariates: str | None) -> None:
    asked = study(covariates=covariates)
    made = isograph.fit(whole, study=asked)
    found = project(made, whole, study=asked)
    np.testing.assert_allclose(correlations(made, found), 1, atol=1e-12)
    assert (found.modules["covered"] == 1).all()
    np.testing.assert_allclose(
        found.modules["variance_explained"], made.eigengenes["variance_explained"], rtol=1e-9
    )
    pd.testing.assert_frame_equal(
        found.traits[["module_id", "trait", "r", "pvalue"]],
        made.traits[["module_id", "trait", "r", "pvalue"]],
        rtol=1e-6,
    )


def test_a_stored_fit_projects_as_well(
    fit: Fit, halves: tuple[Bundle, Bundle], tmp_path: Path
) -> None:
    stored = isograph.read_fit(isograph.write_fit(fit, tmp_path / "fit"))
    one, other = (project(made, halves[1], study=study()) for made in (fit, stored))
    pd.testing.assert_frame_equal(one.scores, other.scores)


def test_other_samples_follow_the_planted_factors(
    fit: Fit, whole: Bundle, halves: tuple[Bundle, Bundle]
) -> None:
    found = project(fit, halves[1], study=study())
    everything = isograph.fit(whole, study=study())
    truth = everything.eigengenes.set_index("module_id")
    scores = found.scores.set_index("module_id")
    for values in scores[list(found.elsewhere.sample_ids)].to_numpy():
        r = [
            np.corrcoef(values, truth.loc[m, found.elsewhere.sample_ids].astype(float))[0, 1]
            for m in truth.index
        ]
        assert np.max(np.abs(r)) > 0.98
    figures = found.modules
    assert (figures["agreement"] > 0.99).all()
    assert (figures["sign_share"] == 1).all()
    np.testing.assert_allclose(scores[list(found.elsewhere.sample_ids)].mean(axis=1), 0, atol=1e-9)


def test_order_and_depth_of_the_other_cohort_do_not_matter(
    fit: Fit, halves: tuple[Bundle, Bundle]
) -> None:
    other, rng = halves[1], np.random.default_rng(3)
    table = other.tables["transcript"]
    rows, columns = rng.permutation(len(table)), rng.permutation(other.n_samples)
    mixed = samples_of(other, columns)
    mixed = replace(
        mixed,
        tables={"transcript": table.iloc[rows].reset_index(drop=True)},
        matrices={"transcript_counts": mixed.matrices["transcript_counts"][rows]},
    )
    one, two = (project(fit, bundle, study=study()) for bundle in (other, mixed))
    pd.testing.assert_frame_equal(one.scores, two.scores, rtol=1e-8)


def test_ids_may_differ_by_version(fit: Fit, halves: tuple[Bundle, Bundle]) -> None:
    table = halves[1].tables["transcript"]
    other = replace(
        halves[1],
        tables={
            "transcript": table.assign(
                gene_id=table["gene_id"] + ".7", transcript_id=table["transcript_id"] + ".2"
            )
        },
    )
    plain, found = (project(fit, bundle, study=study()) for bundle in (halves[1], other))
    if found.scores.empty:
        pytest.fail("nothing was matched")
    np.testing.assert_allclose(
        found.scores[list(found.elsewhere.sample_ids)],
        plain.scores[list(found.elsewhere.sample_ids)],
        atol=1e-9,
    )
    assert any("without versions" in note for note in found.elsewhere.notes)


def test_what_is_missing_is_counted_and_a_module_of_little_has_no_score(
    fit: Fit, halves: tuple[Bundle, Bundle]
) -> None:
    loadings = fit.eigengene_loadings
    of_first = sorted(set(loadings.loc[loadings["module_id"] == "M000", "gene_id"]))
    table = halves[1].tables["transcript"]
    keep = ~table["gene_id"].isin(of_first[1:]).to_numpy()
    less = replace(
        halves[1],
        tables={"transcript": table[keep].reset_index(drop=True)},
        matrices={"transcript_counts": halves[1].matrices["transcript_counts"][keep]},
    )
    found = project(fit, less, study=study())
    figures = found.modules.set_index("module_id")
    assert figures.loc["M000", "covered"] < 0.5
    assert "features are there" in figures.loc["M000", "reason"]
    assert "M000" not in set(found.scores["module_id"])
    assert (figures.drop(index="M000")["covered"] == 1).all()
    assert "no such gene" in found.elsewhere.absent.values()


def test_nothing_in_common_is_refused(fit: Fit, halves: tuple[Bundle, Bundle]) -> None:
    table = halves[1].tables["transcript"]
    other = replace(halves[1], tables={"transcript": "x" + table.astype(str)})
    with pytest.raises(StudyError, match="has none of the fit's features"):
        project(fit, other, study=study())


def test_a_fit_of_a_former_version_says_so(fit: Fit, halves: tuple[Bundle, Bundle]) -> None:
    with pytest.raises(OutputError, match="fit again with this version"):
        project(replace(fit, files={}), halves[1], study=study())


def test_expression_needs_no_weights() -> None:
    rng = np.random.default_rng(5)
    latent = rng.normal(size=(2, 80))
    values = (
        rng.normal(size=(40, 80))
        + np.repeat(latent, 10, axis=0).repeat([1] * 20, axis=0)[np.r_[0:20, [0] * 20]]
        * np.r_[np.ones(20), np.zeros(20)][:, None]
        * 2
    )
    bundle = Bundle(
        name="chip",
        suite="x",
        description="",
        samples=pd.DataFrame({"sample_id": [f"S{i:02d}" for i in range(80)]}),
        tables={"gene": pd.DataFrame({"gene_id": [f"G{i:02d}" for i in range(40)]})},
        matrices={"gene_expression": values},
    )
    made = isograph.fit(bundle, study=study())
    assert len(made.summary) == 2
    np.testing.assert_allclose(correlations(made, project(made, bundle, study=study())), 1)


@pytest.mark.slow
def test_broad_factors_are_scored_and_taken_out() -> None:
    folder = shared_path("data", "real", "geuvadis_chr19_ceu91")
    from isograph.importers.options import ImportOptions
    from isograph.importers.tables.table import import_table

    bundle = import_table(
        name="geuvadis",
        options=ImportOptions(samples=folder / "samples.parquet"),
        counts=folder / "transcript_counts.parquet",
        transcripts=folder / "transcripts.parquet",
    ).bundle
    asked = study(categorical=("lab",))
    made = isograph.fit(bundle, study=asked)
    assert made.programmes["removed"].any()
    found = project(made, bundle, study=asked)
    assert np.median(np.abs(correlations(made, found))) > 0.97
    scores = found.scores.set_index("module_id")
    first = made.programmes.set_index("programme_id").loc["P00"]
    ids = list(found.elsewhere.sample_ids)
    assert abs(np.corrcoef(first[ids].astype(float), scores.loc["P00", ids])[0, 1]) > 0.95


# ---- preservation


def preserved(fit: Fit, bundle: Bundle, **options: Any) -> Preserved:
    return preserve(fit, bundle, study=study(), n_permutations=40, **options)


def test_modules_are_preserved_in_other_samples(fit: Fit, halves: tuple[Bundle, Bundle]) -> None:
    found = preserved(fit, halves[1])
    assert list(found.table["module_id"]) == list(fit.summary["module_id"].sort_values())
    assert (found.table["z_summary"] > 10).all()
    again = preserved(fit, halves[1])
    pd.testing.assert_frame_equal(found.table, again.table)


def scrambled(bundle: Bundle, genes: set[str], seed: int) -> Bundle:
    """Samples permuted gene by gene: what each gene does stays, nothing is left between them."""
    rng = np.random.default_rng(seed)
    gene_of = bundle.tables["transcript"]["gene_id"]
    counts = bundle.matrices["transcript_counts"].copy()
    for gene in sorted(genes):
        rows = np.flatnonzero((gene_of == gene).to_numpy())
        counts[rows] = counts[rows][:, rng.permutation(counts.shape[1])]
    return replace(bundle, matrices={"transcript_counts": counts})


def test_what_is_left_within_genes_is_no_preservation(
    fit: Fit, halves: tuple[Bundle, Bundle]
) -> None:
    z, p, signs = [], [], []
    for seed in range(4):
        nothing = scrambled(halves[1], set(halves[1].gene_ids), seed)
        table = preserved(fit, nothing).table
        z += table["z_summary"].tolist()
        p += table["p_summary"].tolist()
        signs += project(fit, nothing, study=study()).modules["sign_share"].tolist()
    assert abs(np.median(z)) < 0.7
    assert np.mean(np.array(z) > 2) < 0.1
    assert np.mean(np.array(p) <= 0.05) < 0.2
    assert abs(np.mean(signs) - 0.5) < 0.06


def test_a_network_has_one_feature_a_gene(fit: Fit, halves: tuple[Bundle, Bundle]) -> None:
    found = preserved(fit, halves[1])
    genes = fit.eigengene_loadings.groupby("module_id")["gene_id"].nunique()
    sizes = found.table.set_index("module_id")
    assert sizes["n_fit"].to_dict() == genes.to_dict()
    assert (sizes["n_features"] <= sizes["n_fit"]).all()
    assert found.n_features <= len(halves[1].gene_ids)


def test_a_broad_factor_that_is_not_there_is_not_taken_out(whole: Bundle) -> None:
    place = np.arange(whole.n_samples)
    first, second = (samples_of(whole, place[start::2]) for start in (0, 1))
    rng = np.random.default_rng(4)
    batch = np.where(np.arange(first.n_samples) % 2, 1.0, -1.0)
    genes = first.tables["transcript"]["gene_id"]
    effect = pd.Series(rng.normal(0, 0.6, genes.nunique()), index=genes.unique())
    shift = np.exp(genes.map(effect).to_numpy()[:, None] * batch)
    counts = np.round(first.matrices["transcript_counts"] * shift)
    made = isograph.fit(replace(first, matrices={"transcript_counts": counts}), study=study())
    assert made.programmes["removed"].any()
    found = project(made, second, study=study())
    told = found.modules.set_index("module_id").loc[made.programmes["programme_id"]]
    assert (told["agreement"] < 0.5).all()
    assert told["reason"].str.startswith("is not seen there").all()
    assert not set(made.programmes["programme_id"]) & set(found.scores["module_id"])
    assert not set(made.programmes["programme_id"]) & set(found.traits["module_id"])


def test_switches_of_genes_that_are_not_expressed_are_not_used(
    fit: Fit, halves: tuple[Bundle, Bundle]
) -> None:
    loadings = fit.eigengene_loadings
    mine = sorted(set(loadings.loc[loadings["module_id"] == "M001", "gene_id"]))[:20]
    rows = halves[1].tables["transcript"]["gene_id"].isin(mine).to_numpy()
    counts = halves[1].matrices["transcript_counts"].copy()
    counts[rows] = np.random.default_rng(2).poisson(0.05, counts[rows].shape)
    elsewhere = replace(halves[1], matrices={"transcript_counts": counts})
    absent = project(fit, elsewhere, study=study()).elsewhere.absent
    lost = loadings[loadings["gene_id"].isin(mine)]["feature_id"]
    assert {absent[one] for one in lost} == {"not expressed"}


def test_a_neighbour_that_the_fit_knows_is_no_version_of_a_gene(
    fit: Fit, halves: tuple[Bundle, Bundle]
) -> None:
    def renamed(bundle: Bundle, *, without_first: bool) -> Bundle:
        table = bundle.tables["transcript"]
        number = pd.Series(pd.factorize(table["gene_id"])[0])
        clone = "RP11-" + (number // 2).astype(str) + "P1." + (number % 2 + 1).astype(str)
        keep = (~clone.str.endswith(".1") if without_first else clone.notna()).to_numpy()
        named = table.assign(gene_id=clone.to_numpy())
        return replace(
            bundle,
            tables={"transcript": named[keep].reset_index(drop=True)},
            matrices={"transcript_counts": bundle.matrices["transcript_counts"][keep]},
        )

    made = isograph.fit(renamed(halves[0], without_first=False), study=study())
    found = project(made, renamed(halves[1], without_first=True), study=study()).elsewhere
    assert not any("genes matched without versions" in note for note in found.notes)


def test_a_module_that_falls_apart_is_told(fit: Fit, halves: tuple[Bundle, Bundle]) -> None:
    loadings = fit.eigengene_loadings
    broken = set(loadings.loc[loadings["module_id"] == "M002", "gene_id"])
    found = preserved(fit, scrambled(halves[1], broken, 8))
    z = found.table.set_index("module_id")["z_summary"]
    assert z["M002"] < 2
    assert (z.drop("M002") > 10).all()
    rank = found.table.set_index("module_id")["median_rank"]
    assert rank["M002"] == rank.max()


# ---- commands


def test_the_commands_write_tables_and_a_picture(
    fit: Fit,
    halves: tuple[Bundle, Bundle],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    isograph.write_fit(fit, tmp_path / "fit")
    isograph.save_bundle(halves[1], tmp_path / "second")
    asked = ["--fit", "fit", "--dataset-path", "second"]
    assert main(["project", *asked, "--covariates", "~ Age", "--traits", "Dx"]) == 0
    folder = Path("artifacts/projections/x") / halves[1].name
    assert sorted(path.name for path in folder.iterdir()) == [
        "projected_eigengenes.parquet",
        "projected_traits.parquet",
        "projection.json",
        "projection.parquet",
    ]
    assert pq.read_schema(folder / "projection.parquet").equals(schemas.PROJECTION)
    traits = pq.read_table(folder / "projected_traits.parquet").to_pandas()
    assert set(traits["trait"]) == {"Dx"}
    assert main(["preserve", *asked, "--permutations", "5", "--out", "kept"]) == 0
    assert (tmp_path / "kept" / "preservation.png").read_bytes().startswith(b"\x89PNG")
    told = capsys.readouterr().out
    assert "M000" in told
    assert "Z summary" in told
    first = {path.name: path.read_bytes() for path in Path("kept").iterdir()}
    assert main(["preserve", *asked, "--permutations", "5", "--out", "kept", "--quiet"]) == 0
    assert {path.name: path.read_bytes() for path in Path("kept").iterdir()} == first
    assert main(["preserve", *asked, "--permutations", "0", "--power", "-1"]) == 2
    assert "--permutations" in (told := capsys.readouterr().err)
    assert "--power" in told
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    assert main(["project", *asked, "--out", "mine"]) == 2
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
