"""Fits as AnnData and MuData: what is in them, that they are read again, what is refused."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import isograph
from isograph.bundle import Bundle
from isograph.cli import main
from isograph.errors import OutputError
from isograph.explanation.usage import transcript_usage
from isograph.exporters.annotated_data import write_h5ad, write_h5mu
from isograph.results import Fit

pytest.importorskip("anndata")
pytest.importorskip("mudata")

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def cohort() -> tuple[Fit, Bundle]:
    """A fit that left two samples out, of a bundle with fractions, lengths and odd columns."""
    bundle = isograph.simulate("toy_multiplex_v1", seed=3)
    samples = bundle.samples.assign(
        batch=pd.Series(["x", "y"] * bundle.n_samples)[: bundle.n_samples]
    )
    samples["RIN"] = np.linspace(5, 9, len(samples))
    samples.loc[[0, 3], "RIN"] = np.nan
    samples["note"] = pd.Series([None] * len(samples), dtype=object)
    samples.loc[1, "note"] = "re-run"
    samples["passed"] = pd.array([True, None] * (len(samples) // 2), dtype="boolean")
    table = bundle.tables["transcript"]
    table = table.assign(effective_length=np.linspace(300, 3000, len(table)))
    counts = bundle.matrices["transcript_counts"] + 0.25
    changed = replace(
        bundle,
        samples=samples,
        tables=dict(bundle.tables) | {"transcript": table},
        matrices={"transcript_counts": counts},
    )
    study = isograph.make_study(bundle="b", name="toy", covariates="~ RIN", drop_missing=True)
    return isograph.fit(changed, study=study), changed


@pytest.fixture(scope="module")
def genes(cohort: tuple[Fit, Bundle], tmp_path_factory: pytest.TempPathFactory) -> Any:
    import anndata

    return anndata.read_h5ad(write_h5ad(*cohort, tmp_path_factory.mktemp("x") / "fit.h5ad"))


def test_samples_are_those_of_the_fit(genes: Any, cohort: tuple[Fit, Bundle]) -> None:
    fit, bundle = cohort
    assert list(genes.obs_names) == list(fit.eigengenes.columns[2:])
    assert genes.n_obs == bundle.n_samples - 2
    known = bundle.samples.set_index("sample_id").loc[list(genes.obs_names)]
    np.testing.assert_allclose(genes.obs["RIN"], known["RIN"])
    assert genes.obs["note"].notna().sum() == known["note"].notna().sum()
    assert genes.obs["passed"].isna().tolist() == known["passed"].isna().tolist()


def test_columns_of_any_kind_are_stored(cohort: tuple[Fit, Bundle], tmp_path: Path) -> None:
    import anndata

    _, bundle = cohort
    n = bundle.n_samples
    days = pd.Series(pd.date_range("2026-03-01", periods=n))
    days[2] = pd.NaT
    odd = bundle.samples.assign(
        drawn=days,
        seen=pd.date_range("2026-03-01T08:30", periods=n, tz="UTC"),
        mixed=pd.Series([1, "a", None] * n, dtype=object)[:n],
        grade=pd.Categorical([2.5, 1.0] * (n // 2), categories=[1.0, 2.5], ordered=True),
        week=pd.Categorical(days),
        took=pd.to_timedelta(np.arange(n), unit="h"),
        _index=np.arange(n),
        **{"dose/day": np.arange(n), "dose_day": np.arange(n) + 1},
    )
    changed = replace(bundle, samples=odd)
    fit = isograph.fit(changed, study=isograph.make_study(bundle="b", name="odd"))
    for write, ending in ((write_h5ad, "h5ad"), (write_h5mu, "h5mu")):
        assert write(fit, changed, tmp_path / f"fit.{ending}").is_file()
    obs = anndata.read_h5ad(tmp_path / "fit.h5ad").obs
    assert list(obs["drawn"].astype(object)[:2]) == ["2026-03-01", "2026-03-02"]
    assert obs["drawn"].isna().sum() == 1
    assert obs["week"].astype(object).iloc[1] == "2026-03-02 00:00:00"
    assert obs["seen"].astype(object).iloc[0] == "2026-03-01T08:30:00+0000"
    assert list(obs["mixed"].astype(object)[:2]) == ["1", "a"]
    assert obs["mixed"].isna().sum() == changed.samples["mixed"].isna().sum()
    assert list(obs["grade"].cat.categories) == [1.0, 2.5]
    assert obs["grade"].cat.ordered
    assert list(obs["index"]) == list(range(n))
    assert list(obs["dose_day"]) == [place + 1 for place in range(n)]
    assert list(obs["dose_day_"]) == list(range(n))


def test_counts_are_sums_over_transcripts(genes: Any, cohort: tuple[Fit, Bundle]) -> None:
    _, bundle = cohort
    column = list(bundle.sample_ids).index(genes.obs_names[4])
    sums = (
        pd.Series(bundle.matrices["transcript_counts"][:, column])
        .groupby(bundle.tables["transcript"]["gene_id"].to_numpy())
        .sum()
    )
    np.testing.assert_allclose(genes.layers["counts"][4], sums.loc[list(genes.var_names)])
    cpm = sums / sums.sum() * 1e6
    np.testing.assert_allclose(genes.X[4], np.log2(1 + cpm.loc[list(genes.var_names)]), rtol=1e-5)


def test_modules_roles_and_eigengenes_are_there(genes: Any, cohort: tuple[Fit, Bundle]) -> None:
    fit, _ = cohort
    modules = fit.modules.set_index("gene_id")["module_id"]
    found = genes.var["module_id"].dropna().astype(str)
    assert found.to_dict() == modules.to_dict()
    roles = fit.roles.set_index("gene_id")["module_role"]
    assert genes.var["module_role"].dropna().astype(str).to_dict() == roles.to_dict()
    values = fit.eigengenes.set_index("module_id")[list(genes.obs_names)]
    np.testing.assert_allclose(genes.obsm["X_modules"], values.T)
    assert list(genes.uns["isograph"]["modules"]) == list(values.index)
    np.testing.assert_allclose(genes.obs["M000"], values.loc["M000"])
    assert genes.uns["isograph"]["fit_content_hash"] == fit.content_hash
    assert len(genes.uns["isograph"]["traits"]) == len(fit.traits)


def test_usage_of_transcripts_is_of_molecules(cohort: tuple[Fit, Bundle], tmp_path: Path) -> None:
    import mudata

    fit, bundle = cohort
    both = mudata.read_h5mu(write_h5mu(fit, bundle, tmp_path / "fit.h5mu"))
    assert sorted(both.mod) == ["gene", "transcript"]
    transcripts = both["transcript"]
    ids = np.array(list(transcripts.obs_names))
    gene = bundle.gene_ids[:1]
    usage = transcript_usage(bundle, sample_ids=ids, genes=gene)
    assert usage is not None
    mine = transcripts[:, list(usage.transcript_ids)].layers["usage"]
    np.testing.assert_allclose(np.asarray(mine), usage.share.T)
    assert both["gene"].var["module_id"].notna().sum() == len(fit.modules)


def test_two_files_of_one_fit_are_the_same(cohort: tuple[Fit, Bundle], tmp_path: Path) -> None:
    for write, ending in ((write_h5ad, "h5ad"), (write_h5mu, "h5mu")):
        one, other = (write(*cohort, tmp_path / f"{name}.{ending}") for name in "ab")
        assert one.read_bytes() == other.read_bytes()


def test_expression_has_no_counts(tmp_path: Path) -> None:
    import anndata

    rng = np.random.default_rng(2)
    latent = rng.normal(size=40)
    values = rng.normal(size=(30, 40)) + np.outer(np.repeat([2, 0], 15), latent)
    values[3, 5] = np.nan
    bundle = Bundle(
        name="chip",
        suite="x",
        description="",
        samples=pd.DataFrame({"sample_id": [f"S{i:02d}" for i in range(40)]}),
        tables={"gene": pd.DataFrame({"gene_id": [f"G{i:02d}" for i in range(30)]})},
        matrices={"gene_expression": values},
    )
    fit = isograph.fit(bundle, study=isograph.make_study(bundle="b", name="chip"))
    data = anndata.read_h5ad(write_h5ad(fit, bundle, tmp_path / "x.h5ad"))
    np.testing.assert_allclose(data.X, values.T, rtol=1e-6)
    assert list(data.layers) == []
    with pytest.raises(OutputError, match="has no transcript counts"):
        write_h5mu(fit, bundle, tmp_path / "x.h5mu")


def test_another_bundle_is_refused(cohort: tuple[Fit, Bundle], tmp_path: Path) -> None:
    other = isograph.simulate("toy_multiplex_v1", seed=4)
    with pytest.raises(OutputError, match="is not the data set of the fit"):
        write_h5ad(cohort[0], other, tmp_path / "x.h5ad")
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_the_way_out_is_named(
    cohort: tuple[Fit, Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(OutputError, match=r"pip install .isograph-assets\[anndata\]"):
        write_h5ad(*cohort, tmp_path / "x.h5ad")


def test_the_command_writes_both(
    cohort: tuple[Fit, Bundle], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit, bundle = cohort
    isograph.write_fit(fit, tmp_path / "fit")
    words = ["export", "--fit", str(tmp_path / "fit"), "--to", "h5ad,h5mu,gmt"]
    words += ["--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "h5ad: holds the data too → name the bundle" in capsys.readouterr().err
    isograph.save_bundle(bundle, tmp_path / "b")
    assert main([*words, "--dataset-path", str(tmp_path / "b")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "fit.h5ad",
        "fit.h5mu",
        "modules.gmt",
    ]
    assert main([*words, "--dataset-path", str(tmp_path / "b")]) == 2
    assert "has files already" in capsys.readouterr().err
