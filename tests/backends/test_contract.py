"""What every backend must do, run over the registry."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_limits

import isograph
from isograph import schemas
from isograph.backends import backend_names, get_backend
from isograph.bundle.model import Bundle
from isograph.errors import ConfigError, StudyError
from isograph.results import TABLES
from isograph.results.model import Fit
from isograph.study import Study, make_study

BACKENDS = backend_names()


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


@pytest.mark.parametrize("backend", BACKENDS)
class TestEveryBackend:
    def test_writes_every_table_with_its_schema(self, backend: str, realistic: Bundle) -> None:
        fit = isograph.fit(realistic, backend=backend)
        ids = sorted(realistic.sample_ids)
        expected = {
            "modules": schemas.MODULES,
            "edges": schemas.EDGES,
            "traits": schemas.TRAITS,
            "feature_scores": schemas.feature_scores(ids),
            "module_gene_roles": schemas.ROLES,
            "eigengenes": schemas.eigengenes(ids),
            "module_summary": schemas.SUMMARY,
            "gene_fates": schemas.FATES,
            "module_overlaps": schemas.OVERLAPS,
            "programmes": schemas.programmes(ids),
            "programme_loadings": schemas.PROGRAMME_LOADINGS,
        }
        assert set(fit.tables) == set(TABLES) == set(expected)
        for name, schema in expected.items():
            assert fit.tables[name].schema.equals(schema), name

    def test_finds_what_is_planted(self, backend: str, realistic: Bundle) -> None:
        score = isograph.score_fit(realistic, isograph.fit(realistic, backend=backend)).as_dict()
        assert score["ari"] >= 0.99
        assert score["coverage"] >= 0.99
        assert score["background_fraction"] <= 0.01

    def test_is_the_same_twice(self, backend: str, realistic: Bundle) -> None:
        first = isograph.fit(realistic, backend=backend)
        second = isograph.fit(realistic, backend=backend)
        assert first.content_hash == second.content_hash
        assert all(first.tables[name].equals(second.tables[name]) for name in TABLES)

    def test_does_not_depend_on_the_order_of_samples_genes_and_transcripts(
        self, backend: str, realistic: Bundle
    ) -> None:
        plain = isograph.fit(realistic, backend=backend)
        shuffled = isograph.fit(reordered(realistic, np.random.default_rng(0)), backend=backend)
        assert shuffled.content_hash == plain.content_hash

    def test_does_not_depend_on_the_number_of_threads(
        self, backend: str, realistic: Bundle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tables: list[dict[str, pa.Table]] = []
        for threads in (1, 2):
            monkeypatch.setenv("ISOGRAPH_THREADS", str(threads))
            with threadpool_limits(limits=threads):
                tables.append(dict(isograph.fit(realistic, backend=backend).tables))
        assert all(tables[0][name].equals(tables[1][name]) for name in TABLES)

    def test_the_seed_changes_confidence_only(self, backend: str, realistic: Bundle) -> None:
        first = isograph.fit(realistic, study=study(realistic, seed=1), backend=backend)
        other = isograph.fit(realistic, study=study(realistic, seed=2), backend=backend)
        columns = ["gene_id", "module_id", "kme"]
        pd.testing.assert_frame_equal(first.modules[columns], other.modules[columns])
        for name in ("edges", "traits", "eigengenes", "module_gene_roles", "gene_fates"):
            assert first.tables[name].equals(other.tables[name]), name

    def test_works_with_twenty_samples_and_single_isoform_genes(
        self, backend: str, toy: Bundle
    ) -> None:
        few = isograph.fit(_first_samples(toy, 20), backend=backend)
        assert len(few.fates) == 40
        single = few.feature_scores.query("feature_type == 'abundance' and n_transcripts == 1")
        assert len(single) > 0
        assert not single["gene_id"].isin(_switch_genes(few)).any()

    def test_finds_nothing_in_noise(self, backend: str, realistic: Bundle) -> None:
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

    def test_has_a_record_for_people(self, backend: str) -> None:
        record = get_backend(backend).record
        assert record.name == backend
        assert all((record.summary, record.assumes, record.limits, record.reference))


@pytest.fixture(scope="module", params=["cell_types-c0.50", "cell_composition_all-cv0.20"])
def confounded(request: pytest.FixtureRequest) -> Bundle:
    """Four cell types, or one cell fraction, act on all genes: there are programmes to find."""
    return isograph.simulate(request.param, seed=3)


@pytest.mark.parametrize("backend", BACKENDS)
class TestEveryBackendWithProgrammes:
    def test_finds_some(self, backend: str, confounded: Bundle) -> None:
        fit = isograph.fit(confounded, backend=backend)
        assert len(fit.programmes) >= 1
        assert len(fit.tables["programme_loadings"]) >= 100

    def test_does_not_depend_on_the_order_of_samples_genes_and_transcripts(
        self, backend: str, confounded: Bundle
    ) -> None:
        plain = isograph.fit(confounded, backend=backend)
        shuffled = isograph.fit(reordered(confounded, np.random.default_rng(0)), backend=backend)
        assert shuffled.content_hash == plain.content_hash

    def test_does_not_depend_on_the_number_of_threads(
        self, backend: str, confounded: Bundle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tables: list[dict[str, pa.Table]] = []
        for threads in (1, 2):
            monkeypatch.setenv("ISOGRAPH_THREADS", str(threads))
            with threadpool_limits(limits=threads):
                tables.append(dict(isograph.fit(confounded, backend=backend).tables))
        assert all(tables[0][name].equals(tables[1][name]) for name in TABLES)

    def test_the_seed_changes_confidence_only(self, backend: str, confounded: Bundle) -> None:
        first = isograph.fit(confounded, study=study(confounded, seed=1), backend=backend)
        other = isograph.fit(confounded, study=study(confounded, seed=2), backend=backend)
        columns = ["gene_id", "module_id", "kme"]
        pd.testing.assert_frame_equal(first.modules[columns], other.modules[columns])
        for name in set(TABLES) - {"modules", "module_summary"}:
            assert first.tables[name].equals(other.tables[name]), name


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
