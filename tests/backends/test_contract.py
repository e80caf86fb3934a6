"""What every backend must do, run over the registry."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

import isograph
from isograph import schemas
from isograph.backends import backend_names, get_backend
from isograph.bundle.model import Bundle
from isograph.errors import ConfigError, StudyError
from isograph.machine import available_threads
from isograph.results import TABLES
from isograph.results.model import Fit
from isograph.study import Study, make_study

BACKENDS = backend_names()
WITH_PROGRAMMES = [name for name in BACKENDS if get_backend(name).broad_factors == "auto"]

# fits of a second and more: whatever does not need more data runs on 40 genes
SLOW = ("vae",)


class Planted(NamedTuple):
    """What a backend must reach on 200 genes × 160 samples with five modules."""

    ari: float = 0.99
    coverage: float = 0.99
    background: float = 0.01


# weaker ones, each with its reason
PLANTED: dict[str, Planted] = {}


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def data(backend: str, toy: Bundle, realistic: Bundle) -> Bundle:
    """Data with modules, as large as the backend is fast."""
    return toy if backend in SLOW else realistic


@pytest.fixture(scope="module")
def plain(backend: str, data: Bundle) -> Fit:
    """Fit of `data` with everything at its default, for tests that look or compare."""
    return isograph.fit(data, backend=backend)


def reordered(bundle: Bundle, rng: np.random.Generator) -> Bundle:
    """The same data with samples, transcripts and genes in another order."""
    columns = rng.permutation(bundle.n_samples)
    tables = dict(bundle.tables)
    matrices = {}
    rows_of = {kind: rng.permutation(len(table)) for kind, table in tables.items()}
    for assay, kind in (
        ("transcript_counts", "transcript"),
        ("gene_counts", "gene"),
        ("psi", "psi"),
    ):
        matrices[assay] = bundle.matrices[assay][np.ix_(rows_of[kind], columns)]
    for kind, rows in rows_of.items():
        tables[kind] = tables[kind].iloc[rows].reset_index(drop=True)
    samples = bundle.samples.iloc[columns].reset_index(drop=True)
    return dataclasses.replace(bundle, samples=samples, tables=tables, matrices=matrices)


def study(bundle: Bundle, **fields: object) -> Study:
    return make_study(name="test", bundle=bundle.name, **fields)


class TestEveryBackend:
    def test_writes_every_table_with_its_schema(self, data: Bundle, plain: Fit) -> None:
        assert_has_every_table(plain, data)

    def test_finds_what_is_planted(self, backend: str, realistic: Bundle) -> None:
        score = isograph.score_fit(realistic, isograph.fit(realistic, backend=backend)).as_dict()
        least = PLANTED.get(backend, Planted())
        assert score["ari"] >= least.ari
        assert score["coverage"] >= least.coverage
        assert score["background_fraction"] <= least.background

    def test_gives_back_different_genes_only(self, plain: Fit) -> None:
        edges = plain.edges
        assert len(edges) > 0
        assert (edges["source"] < edges["target"]).all()
        assert (edges["weight"] > 0).all()

    def test_is_the_same_twice(self, backend: str, data: Bundle, plain: Fit) -> None:
        second = isograph.fit(data, backend=backend)
        assert second.content_hash == plain.content_hash
        assert_same_tables(second, plain)
        assert second.files == plain.files

    def test_does_not_depend_on_the_order_of_samples_genes_and_transcripts(
        self, backend: str, data: Bundle, plain: Fit
    ) -> None:
        shuffled = isograph.fit(reordered(data, np.random.default_rng(0)), backend=backend)
        assert shuffled.content_hash == plain.content_hash

    @pytest.mark.parametrize("threads", [1, 2])
    def test_does_not_depend_on_the_number_of_threads(
        self,
        backend: str,
        data: Bundle,
        plain: Fit,
        threads: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("ISOGRAPH_THREADS", str(threads))
        with threadpool_limits(limits=threads):
            assert_same_tables(isograph.fit(data, backend=backend), plain)

    def test_the_seed_changes_confidence_only(self, backend: str, data: Bundle, plain: Fit) -> None:
        other = isograph.fit(data, study=study(data, seed=2), backend=backend)
        assert_same_but_for_confidence(other, plain)

    def test_works_with_twenty_samples_and_single_isoform_genes(
        self, backend: str, toy: Bundle
    ) -> None:
        few = isograph.fit(_first_samples(toy, 20), backend=backend)
        assert len(few.fates) == 40
        single = few.feature_scores.query("feature_type == 'abundance' and n_transcripts == 1")
        assert len(single) > 0
        assert not single["gene_id"].isin(_switch_genes(few)).any()

    def test_takes_broad_factors_out_where_a_study_asks_for_it(
        self, backend: str, toy: Bundle
    ) -> None:
        asked = study(toy, set={"broad_factors": "auto"})
        fit = isograph.fit(toy, study=asked, backend=backend)
        assert fit.calibration["broad_factors"]["mode"] == "auto"
        assert_has_every_table(fit, toy)

    def test_finds_nothing_in_noise_if_it_says_so(self, backend: str, realistic: Bundle) -> None:
        if not get_backend(backend).record.calibrated:
            pytest.skip(f"{backend} makes no such promise: see its record")
        fit = isograph.fit(_shuffled_within_genes(realistic), backend=backend)
        assert len(fit.modules) == len(fit.summary) == len(fit.eigengenes) == 0
        assert len(fit.traits) == 0
        assert set(fit.fates["fate"]) <= {
            "no_significant_edge",
            "outside_core",
            "module_too_small",
            "module_not_significant",
        }

    def test_refuses_unknown_settings_by_name(self, backend: str, toy: Bundle) -> None:
        with pytest.raises(
            ConfigError, match=r"clpi: no such setting → did you mean features.clip"
        ):
            isograph.fit(toy, study=study(toy, set={"clpi": 2}), backend=backend)

    def test_refuses_an_unknown_trait(self, backend: str, toy: Bundle) -> None:
        with pytest.raises(StudyError, match="Agee"):
            isograph.fit(toy, study=study(toy, traits=("Agee",)), backend=backend)

    def test_refuses_a_handful_of_samples(self, backend: str, toy: Bundle) -> None:
        with pytest.raises(StudyError, match="at least 6 samples are needed"):
            isograph.fit(_first_samples(toy, 5), backend=backend)

    def test_keeps_a_record_of_the_run(self, backend: str, plain: Fit) -> None:
        assert plain.calibration["backend"] == plain.config["backend"] == backend
        own = get_backend(backend).settings().model_dump(mode="json")
        assert plain.config["settings"]["backend"] == own

    def test_has_a_record_for_people(self, backend: str) -> None:
        record = get_backend(backend).record
        assert record.name == backend
        assert all((record.summary, record.assumes, record.limits, record.reference))


@pytest.fixture(scope="module", params=["cell_types-c0.50", "cell_composition_all-cv0.20"])
def confounded(request: pytest.FixtureRequest) -> Bundle:
    """Four cell types, or one cell fraction, act on all genes: there are programmes to find."""
    return isograph.simulate(request.param, seed=3)


@pytest.fixture(scope="module", params=WITH_PROGRAMMES)
def own_programmes(request: pytest.FixtureRequest) -> str:
    """A backend that looks for broad factors by itself."""
    return str(request.param)


@pytest.fixture(scope="module")
def cleared(own_programmes: str, confounded: Bundle) -> Fit:
    return isograph.fit(confounded, backend=own_programmes)


class TestEveryBackendWithProgrammes:
    def test_finds_some(self, cleared: Fit) -> None:
        assert len(cleared.programmes) >= 1
        assert len(cleared.tables["programme_loadings"]) >= 100

    def test_does_not_depend_on_the_order_of_samples_genes_and_transcripts(
        self, own_programmes: str, confounded: Bundle, cleared: Fit
    ) -> None:
        other = reordered(confounded, np.random.default_rng(0))
        assert isograph.fit(other, backend=own_programmes).content_hash == cleared.content_hash

    def test_depends_on_the_seed_in_confidence_only_and_not_on_the_number_of_threads(
        self,
        own_programmes: str,
        confounded: Bundle,
        cleared: Fit,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # one fit for both: these take seconds
        threads = 2 if available_threads() == 1 else 1
        monkeypatch.setenv("ISOGRAPH_THREADS", str(threads))
        chosen = study(confounded, seed=2)
        with threadpool_limits(limits=threads):
            other = isograph.fit(confounded, study=chosen, backend=own_programmes)
        assert_same_but_for_confidence(other, cleared)


def assert_has_every_table(fit: Fit, bundle: Bundle) -> None:
    ids = sorted(bundle.sample_ids)
    expected = {
        "modules": schemas.MODULES,
        "edges": schemas.EDGES,
        "traits": schemas.TRAITS,
        "feature_scores": schemas.feature_scores(ids),
        "module_gene_roles": schemas.ROLES,
        "eigengenes": schemas.eigengenes(ids),
        "eigengene_loadings": schemas.EIGENGENE_LOADINGS,
        "module_summary": schemas.SUMMARY,
        "gene_fates": schemas.FATES,
        "module_overlaps": schemas.OVERLAPS,
        "programmes": schemas.programmes(ids),
        "programme_loadings": schemas.PROGRAMME_LOADINGS,
    }
    assert set(fit.tables) == set(TABLES) == set(expected)
    for name, schema in expected.items():
        assert fit.tables[name].schema.equals(schema), name


def assert_same_tables(one: Fit, other: Fit) -> None:
    for name in TABLES:
        assert one.tables[name].equals(other.tables[name]), name


def assert_same_but_for_confidence(one: Fit, other: Fit) -> None:
    columns = ["gene_id", "module_id", "kme"]
    pd.testing.assert_frame_equal(one.modules[columns], other.modules[columns])
    for name in set(TABLES) - {"modules", "module_summary"}:
        assert one.tables[name].equals(other.tables[name]), name


def _first_samples(bundle: Bundle, n: int) -> Bundle:
    # halves of the fixture are the two levels of Dx: take both
    half = bundle.n_samples // 2
    columns = np.r_[: n // 2, half : half + n - n // 2]
    return dataclasses.replace(
        bundle,
        samples=bundle.samples.iloc[columns].reset_index(drop=True),
        matrices={assay: data[:, columns] for assay, data in bundle.matrices.items()},
    )


def _shuffled_within_genes(bundle: Bundle) -> Bundle:
    """Samples permuted anew for each gene, its transcripts together: nothing between genes."""
    rng = np.random.default_rng(11)
    genes, inverse = np.unique(bundle.tables["transcript"]["gene_id"], return_inverse=True)
    order = np.argsort(rng.random((len(genes), bundle.n_samples)), axis=1)
    counts = np.take_along_axis(bundle.matrices["transcript_counts"], order[inverse], axis=1)
    return dataclasses.replace(bundle, matrices={"transcript_counts": counts})


def _switch_genes(fit: Fit) -> set[str]:
    scores = fit.feature_scores
    return set(scores.loc[scores["feature_type"] == "switch", "gene_id"])


def test_an_unknown_backend_is_refused_with_the_near_ones(toy: Bundle) -> None:
    with pytest.raises(ConfigError, match="calibrated"):
        isograph.fit(toy, backend="calibratd")
