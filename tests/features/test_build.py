"""From a bundle to features: what must not matter, which assays give what, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.config import FeatureSettings
from isograph.errors import StudyError
from isograph.features import FeatureSet, build_features, channels, counts, design, standardise
from isograph.features import build as steps_of_build
from tests.features.counts import (
    Floats,
    gene_bundle,
    gene_names,
    multinomial_counts,
    null_counts,
    sample_table,
    study,
    transcript_bundle,
)

pytestmark = pytest.mark.filterwarnings("error")

SETTINGS = FeatureSettings()
COVARIATES = "~ age + batch"


def build(bundle: Bundle, *, settings: FeatureSettings = SETTINGS, **fields: object) -> FeatureSet:
    return build_features(bundle, study=study(**fields), settings=settings)


def feature(features: FeatureSet, feature_id: str) -> Floats:
    (row,) = np.flatnonzero(features.meta["feature_id"] == feature_id)
    return features.values[row]


def assert_same(first: FeatureSet, second: FeatureSet) -> None:
    """Equal to the last bit."""
    assert first.values.tobytes() == second.values.tobytes()
    assert first.observed.tobytes() == second.observed.tobytes()
    assert first.sample_ids.tolist() == second.sample_ids.tolist()
    pd.testing.assert_frame_equal(first.meta, second.meta)
    pd.testing.assert_frame_equal(first.genes, second.genes)
    assert first.design.basis.tobytes() == second.design.basis.tobytes()
    assert first.record == second.record
    assert first.content_hash == second.content_hash


class TestOrder:
    @pytest.mark.parametrize("covariates", [None, COVARIATES])
    def test_of_samples_does_not_matter(self, cohort: Bundle, covariates: str | None) -> None:
        order = np.random.default_rng(0).permutation(50)
        counts = cohort.matrices["transcript_counts"][:, order]
        samples = cohort.samples.iloc[order].reset_index(drop=True)
        other = replace(cohort, samples=samples, matrices={"transcript_counts": counts})
        assert_same(build(cohort, covariates=covariates), build(other, covariates=covariates))

    def test_of_transcripts_does_not_matter(self, cohort: Bundle) -> None:
        table = cohort.tables["transcript"]
        order = np.random.default_rng(1).permutation(len(table))
        tables = {**cohort.tables, "transcript": table.iloc[order].reset_index(drop=True)}
        counts = cohort.matrices["transcript_counts"][order]
        other = replace(cohort, tables=tables, matrices={"transcript_counts": counts})
        assert_same(build(cohort), build(other))

    def test_of_genes_does_not_matter(self, cohort: Bundle) -> None:
        genes = cohort.tables["gene"].iloc[::-1].reset_index(drop=True)
        assert_same(build(cohort), build(replace(cohort, tables={**cohort.tables, "gene": genes})))

    @pytest.mark.parametrize("assay", ["gene_counts", "gene_expression", "psi"])
    def test_of_rows_and_samples_of_other_assays_does_not_matter(self, assay: str) -> None:
        rng = np.random.default_rng(2)
        values = {
            "gene_counts": rng.poisson(50, (30, 20)).astype(np.float64),
            "gene_expression": rng.normal(8, 2, (30, 20)),
            "psi": rng.beta(2, 2, (30, 20)),
        }[assay]
        plain = gene_bundle(**{assay: values})
        kind = "psi" if assay == "psi" else "gene"
        rows, columns = rng.permutation(30), rng.permutation(20)
        other = replace(
            plain,
            samples=plain.samples.iloc[columns].reset_index(drop=True),
            tables={kind: plain.tables[kind].iloc[rows].reset_index(drop=True)},
            matrices={assay: values[np.ix_(rows, columns)]},
        )
        assert_same(build(plain), build(other))

    def test_of_the_result_is_by_gene_then_abundance_then_axis(self, cohort: Bundle) -> None:
        features = build(cohort)
        keys = list(
            zip(
                features.meta["gene_id"],
                features.meta["feature_type"],
                features.meta["axis"],
                strict=True,
            )
        )
        assert keys == sorted(keys)
        assert (np.diff(features.gene_of) >= 0).all()
        assert features.sample_ids.tolist() == sorted(features.sample_ids)


class TestBlocks:
    """Rows are worked on in blocks, several at a time."""

    @pytest.mark.parametrize("covariates", [None, COVARIATES])
    def test_of_any_size_give_the_same_features(
        self, cohort: Bundle, covariates: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = build(cohort, covariates=covariates)
        for module in (channels, counts, standardise, design, steps_of_build):
            monkeypatch.setattr(module, "ROWS_A_BLOCK", 7)
        parts = build(cohort, covariates=covariates)
        pd.testing.assert_frame_equal(whole.meta, parts.meta)
        np.testing.assert_array_equal(whole.observed, parts.observed)
        np.testing.assert_allclose(whole.values, parts.values, atol=1e-12)

    def test_on_any_number_of_threads_give_the_same_bits(
        self, cohort: Bundle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in (channels, counts, standardise, design, steps_of_build):
            monkeypatch.setattr(module, "ROWS_A_BLOCK", 7)
        monkeypatch.setenv("ISOGRAPH_THREADS", "1")
        alone = build(cohort, covariates=COVARIATES)
        monkeypatch.setenv("ISOGRAPH_THREADS", "2")
        assert_same(alone, build(cohort, covariates=COVARIATES))

    def test_a_gene_with_more_transcripts_than_a_block_stays_whole(
        self, cohort: Bundle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = build(cohort)
        monkeypatch.setattr(counts, "ROWS_A_BLOCK", 1)
        np.testing.assert_allclose(whole.values, build(cohort).values, atol=1e-12)


class TestTranscripts:
    def test_values_hold_what_the_feature_set_promises(self, cohort: Bundle) -> None:
        features = build(cohort, covariates=COVARIATES)
        assert not features.observed.all()
        np.testing.assert_allclose(features.values.mean(axis=1), 0.0, atol=1e-12)
        np.testing.assert_allclose(features.values.var(axis=1), 1.0, rtol=1e-12)
        np.testing.assert_allclose(features.values @ features.design.basis, 0.0, atol=1e-10)
        assert (features.values[~features.observed] == 0).all()
        assert features.df_residual == 50 - 2 - 2

    def test_usage_is_missing_where_the_gene_has_no_reads(self, cohort: Bundle) -> None:
        features = build(cohort)
        counts = cohort.matrices["transcript_counts"]
        genes = cohort.tables["transcript"]["gene_id"].to_numpy()
        for gene in ("G0001", "G0002", "G0009"):
            (row,) = np.flatnonzero(features.meta["feature_id"] == f"{gene}::switch")
            totals = counts[genes == gene].sum(axis=0)
            np.testing.assert_array_equal(features.observed[row], totals > 0)
            assert features.observed[features.meta["feature_id"] == f"{gene}::abundance"].all()

    def test_a_gene_of_one_isoform_has_abundance_only(self, cohort: Bundle) -> None:
        meta = build(cohort).meta
        single = meta[meta["gene_id"] == "G0000"]
        assert single["feature_id"].tolist() == ["G0000::abundance"]
        assert single["n_transcripts"].tolist() == [1]

    def test_a_gene_whose_second_isoform_is_never_seen_has_abundance_only(self) -> None:
        rng = np.random.default_rng(3)
        counts = rng.poisson(60, (4, 30)).astype(np.float64)
        counts[1] = 0.0
        counts[1, :2] = 5.0
        features = build(transcript_bundle(counts, [2, 2]))
        assert features.meta["feature_id"].tolist() == [
            "G0000::abundance",
            "G0001::abundance",
            "G0001::switch",
        ]

    def test_axes_are_numbered_from_the_second_on(self, cohort: Bundle) -> None:
        meta = build(cohort).meta
        ids = meta.loc[meta["gene_id"] == "G0005", "feature_id"].tolist()
        assert ids[:3] == ["G0005::abundance", "G0005::switch", "G0005::switch.2"]

    def test_an_unexpressed_gene_is_told_with_its_number(self, cohort: Bundle) -> None:
        features = build(cohort)
        fates = features.genes.set_index("gene_id")
        assert list(features.genes.columns) == ["gene_id", "fate", "value", "meaning"]
        assert fates.loc["G0003", "fate"] == "filtered_low_expression"
        assert fates.loc["G0003", "value"] == 0
        assert fates.loc["G0003", "meaning"] == "samples with at least 10 reads; 5 needed"
        others = fates.drop("G0003")
        assert others["fate"].isna().all()
        assert others.loc["G0001", "value"] == 33

    def test_a_gene_without_transcripts_is_filtered_not_lost(self, cohort: Bundle) -> None:
        genes = pd.DataFrame({"gene_id": [*gene_names(40), "Z1"]})
        fates = build(replace(cohort, tables={**cohort.tables, "gene": genes})).genes
        assert fates.iloc[-1][["gene_id", "fate", "value"]].tolist() == [
            "Z1",
            "filtered_low_expression",
            0.0,
        ]

    def test_the_gene_table_may_be_absent(self, cohort: Bundle) -> None:
        tables = {"transcript": cohort.tables["transcript"]}
        assert_same(build(cohort), build(replace(cohort, tables=tables)))

    @pytest.mark.parametrize(
        "marks",
        [
            [False, True, False, True],
            [None, True, None, True],
            pd.array([None, True, False, True], dtype="boolean"),
            [0, 1, 0, 1],
            [0.0, 1.0, np.nan, 1.0],
        ],
        ids=["bool", "object", "boolean", "int", "float"],
    )
    def test_the_marked_isoform_decides_the_sign_however_it_is_marked(self, marks: object) -> None:
        rng = np.random.default_rng(4)
        counts = multinomial_counts(
            rng, n_genes=2, n_isoforms=2, n_samples=40, reads=90, concentration=6
        )
        lengths = [900.0, 100.0, np.nan, np.nan]
        by_length = build(transcript_bundle(counts, [2, 2], length=lengths))
        marked = build(transcript_bundle(counts, [2, 2], length=lengths, is_reference=marks))
        second_share = counts[1] / counts[:2].sum(axis=0)
        assert np.corrcoef(feature(by_length, "G0000::switch"), second_share)[0, 1] < -0.9
        assert np.corrcoef(feature(marked, "G0000::switch"), second_share)[0, 1] > 0.9

    def test_gaps_do_not_let_a_covariate_through(self) -> None:
        rng = np.random.default_rng(5)
        batch = np.repeat([0.0, 1.0], 60)
        latent = rng.normal(size=120)
        share = 1 / (1 + np.exp(-latent - 3 * batch))
        totals = rng.poisson(200, 120)
        first = rng.binomial(totals, share)
        counts = np.stack([first, totals - first]).astype(np.float64)
        counts[:, rng.random(120) < 0.5] = 0.0
        # samples without any read are refused
        counts = np.vstack([counts, rng.poisson(100, 120)])
        samples = sample_table(120, batch=np.where(batch > 0, "late", "early"))
        features = build(
            transcript_bundle(counts, [2, 1], samples=samples), covariates="~ batch", traits=()
        )
        switch = feature(features, "G0000::switch")
        seen = counts[:2].sum(axis=0) > 0
        assert abs(np.corrcoef(switch[seen], batch[seen])[0, 1]) < 1e-9
        inside = latent - np.where(batch > 0, latent[seen & (batch > 0)].mean(), 0)
        inside -= np.where(batch == 0, latent[seen & (batch == 0)].mean(), 0)
        assert abs(np.corrcoef(switch[seen], inside[seen])[0, 1]) > 0.95


class TestSamples:
    def test_samples_without_a_read_are_refused_by_name(self, cohort: Bundle) -> None:
        counts = cohort.matrices["transcript_counts"].copy()
        counts[:, [3, 7]] = 0
        damaged = replace(cohort, matrices={"transcript_counts": counts})
        with pytest.raises(StudyError, match="samples without a single read") as error:
            build(damaged)
        assert list(error.value.problems[0].examples) == sorted(cohort.sample_ids[[3, 7]])

    def test_samples_without_a_covariate_can_be_dropped(self, cohort: Bundle) -> None:
        age = cohort.samples["age"].where(~cohort.samples.index.isin([4, 17]))
        gaps = replace(cohort, samples=cohort.samples.assign(age=age))
        whole = [i for i in range(50) if i not in (4, 17)]
        without = replace(
            cohort,
            samples=cohort.samples.iloc[whole].reset_index(drop=True),
            matrices={"transcript_counts": cohort.matrices["transcript_counts"][:, whole]},
        )
        dropped = build(gaps, covariates=COVARIATES, drop_missing=True)
        assert dropped.n_samples == 48
        assert not {"S004", "S017"} & set(dropped.sample_ids)
        assert "2" in dropped.design.notes[0]
        expected = build(without, covariates=COVARIATES)
        assert dropped.values.tobytes() == expected.values.tobytes()

    def test_samples_without_a_covariate_are_refused_unless_told(self, cohort: Bundle) -> None:
        age = cohort.samples["age"].where(cohort.samples.index != 4)
        gaps = replace(cohort, samples=cohort.samples.assign(age=age))
        with pytest.raises(StudyError, match=r"age.*S004"):
            build(gaps, covariates=COVARIATES)

    def test_a_handful_of_samples_is_refused(self) -> None:
        counts = null_counts(np.random.default_rng(6), n_genes=20, n_samples=5)
        with pytest.raises(StudyError, match="5"):
            build(transcript_bundle(counts, [2] * 20))

    def test_a_sample_named_like_a_column_of_the_results_is_refused(self) -> None:
        counts = null_counts(np.random.default_rng(7), n_genes=20, n_samples=12)
        bundle = transcript_bundle(counts, [2] * 20)
        samples = bundle.samples.replace({"sample_id": {"S003": "axis"}})
        with pytest.raises(StudyError, match="axis"):
            build(replace(bundle, samples=samples))

    def test_size_factors_are_recorded_by_sample(self, cohort: Bundle) -> None:
        factors = build(cohort).record["size_factors"]
        assert list(factors) == sorted(cohort.sample_ids)
        assert np.log(list(factors.values())).mean() == pytest.approx(0.0, abs=1e-12)


class TestNothingLeft:
    def test_unexpressed_genes_are_refused_with_their_number(self) -> None:
        bundle = transcript_bundle(np.full((40, 20), 1.0), [2] * 20)
        with pytest.raises(StudyError, match=r"20 genes.*20 samples.*10 reads"):
            build(bundle)

    def test_constant_genes_are_refused(self) -> None:
        with pytest.raises(StudyError):
            build(transcript_bundle(np.full((40, 20), 100.0), [2] * 20))

    def test_constant_expression_is_refused(self) -> None:
        with pytest.raises(StudyError):
            build(gene_bundle(gene_expression=np.full((5, 20), 7.0)))


class TestGeneAssays:
    def test_gene_counts_alone_give_abundance(self) -> None:
        counts = null_counts(np.random.default_rng(8), n_genes=30, n_samples=40)
        totals = np.add.reduceat(counts, np.arange(0, 60, 2), axis=0)
        from_genes = build(gene_bundle(gene_counts=totals))
        assert set(from_genes.meta["feature_type"]) == {"abundance"}
        assert (from_genes.meta["n_transcripts"] == 0).all()
        from_transcripts = build(transcript_bundle(counts, [2] * 30))
        abundance = ~from_transcripts.is_switch
        np.testing.assert_allclose(
            from_genes.values, from_transcripts.values[abundance], atol=1e-12
        )
        assert from_genes.genes["value"].equals(from_transcripts.genes["value"])

    def test_transcript_counts_are_what_counts_where_both_are_there(self, cohort: Bundle) -> None:
        totals = np.random.default_rng(9).poisson(50, (40, 50)).astype(np.float64)
        both = replace(cohort, matrices={**cohort.matrices, "gene_counts": totals})
        assert_same(build(cohort), build(both))

    def test_expression_alone_gives_abundance_without_a_filter(self) -> None:
        rng = np.random.default_rng(10)
        values = rng.normal(-3, 1, (25, 30))
        features = build(gene_bundle(gene_expression=values))
        assert features.meta["feature_id"].tolist() == [f"{g}::abundance" for g in gene_names(25)]
        assert features.record["size_factors"] is None
        centred = values - values.mean(axis=1, keepdims=True)
        plain = centred / values.std(axis=1, keepdims=True)
        assert (features.values * plain).mean(axis=1).min() > 0.97

    @pytest.mark.parametrize("covariates", [None, COVARIATES])
    def test_missing_expression_is_not_observed_and_zero(self, covariates: str | None) -> None:
        rng = np.random.default_rng(11)
        values = rng.normal(8, 2, (40, 60))
        gap = rng.random((40, 60)) < 0.2
        age, batch = rng.normal(size=60), np.tile(["a", "b"], 30)
        values += 2 * age + np.where(batch == "a", 0, 3)
        values[gap] = np.nan
        samples = sample_table(60, age=age, batch=batch)
        features = build(
            gene_bundle(gene_expression=values, samples=samples), covariates=covariates
        )
        np.testing.assert_array_equal(features.observed, ~gap)
        assert (features.values[gap] == 0).all()
        np.testing.assert_allclose(features.values @ features.design.basis, 0.0, atol=1e-10)

    def test_a_row_with_too_few_values_is_left_out(self) -> None:
        rng = np.random.default_rng(12)
        values = rng.normal(size=(4, 50))
        values[1, 10:] = np.nan  # a fifth is there
        values[2, 9:] = np.nan  # less
        values[3] = np.nan
        features = build(gene_bundle(gene_expression=values))
        assert features.meta["gene_id"].tolist() == ["G0000", "G0001"]
        assert features.genes["fate"].isna().tolist() == [True, True, False, False]

    @pytest.mark.parametrize("share", [0.5, 0.6, 0.7, 0.8, 0.9])
    def test_the_share_of_missing_values_may_just_be_reached(self, share: float) -> None:
        values = np.random.default_rng(13).normal(size=(2, 100))
        values[1, round(100 * (1 - share)) :] = np.nan
        settings = FeatureSettings(max_tied_share=share)
        features = build(gene_bundle(gene_expression=values), settings=settings)
        assert features.meta["gene_id"].tolist() == ["G0000", "G0001"]


class TestPsi:
    def test_psi_alone_gives_the_log_odds_as_switch(self) -> None:
        psi = np.random.default_rng(14).beta(3, 3, (20, 30))
        features = build(gene_bundle(psi=psi))
        assert features.meta["feature_id"].tolist() == [f"{g}::switch" for g in gene_names(20)]
        odds = np.log(psi / (1 - psi))
        plain = (odds - odds.mean(axis=1, keepdims=True)) / odds.std(axis=1, keepdims=True)
        assert (features.values * plain).mean(axis=1).min() > 0.97
        assert features.genes["gene_id"].tolist() == gene_names(20)

    def test_psi_of_nothing_and_everything_is_finite(self) -> None:
        rng = np.random.default_rng(15)
        psi = rng.choice([0.0, 0.5, 1.0], (10, 30))
        assert np.isfinite(build(gene_bundle(psi=psi)).values).all()

    def test_several_rows_of_a_gene_are_numbered(self) -> None:
        psi = np.random.default_rng(16).beta(3, 3, (3, 20))
        features = build(gene_bundle(psi=psi, psi_genes=["B", "A", "B"]))
        assert features.meta["feature_id"].tolist() == ["A::switch", "B::switch", "B::switch.2"]

    def test_psi_and_gene_counts_give_both_channels(self) -> None:
        rng = np.random.default_rng(17)
        psi, counts = rng.beta(3, 3, (10, 30)), rng.poisson(80, (10, 30)).astype(np.float64)
        features = build(gene_bundle(psi=psi, gene_counts=counts))
        assert features.meta["feature_type"].tolist() == ["abundance", "switch"] * 10

    def test_genes_of_psi_rows_need_no_gene_table_row(self) -> None:
        rng = np.random.default_rng(18)
        names = [*gene_names(3), "Z1"]
        bundle = gene_bundle(
            psi=rng.beta(3, 3, (4, 30)),
            psi_genes=names,
            gene_counts=rng.poisson(80, (3, 30)).astype(np.float64),
        )
        features = build(bundle)
        assert features.genes["gene_id"].tolist() == names
        assert features.genes["fate"].isna().all()

    def test_a_bundle_as_the_first_version_wrote_it_works(self, realistic: Bundle) -> None:
        assays = ("psi", "gene_counts")
        old = replace(
            realistic,
            tables={kind: realistic.tables[kind] for kind in ("psi", "gene")},
            matrices={assay: realistic.matrices[assay] for assay in assays},
        )
        score = isograph.score_fit(realistic, isograph.fit(old)).as_dict()
        assert score["ari"] > 0.95
