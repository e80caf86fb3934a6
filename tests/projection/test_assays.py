"""Cohorts of recorded shares, of several assays, and ids that end in numbers of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import isograph
from isograph.bundle import Bundle
from isograph.errors import OutputError
from isograph.projection import preserve, project
from tests.projection.test_project import correlations, samples_of, study


@pytest.fixture(scope="module")
def multiplex() -> Bundle:
    return isograph.simulate("medium_multiplex_v1", seed=11)


@pytest.fixture(scope="module")
def shares(multiplex: Bundle) -> Bundle:
    return replace(multiplex, matrices={"psi": multiplex.matrices["psi"]})


def test_recorded_shares_give_the_eigengenes_of_their_own_cohort(shares: Bundle) -> None:
    made = isograph.fit(shares, study=study(covariates="~ Age"))
    assert len(made.summary)
    found = project(made, shares, study=study(covariates="~ Age"))
    np.testing.assert_allclose(correlations(made, found), 1, atol=1e-12)
    assert not found.elsewhere.absent


def test_recorded_shares_are_matched_by_their_own_ids(shares: Bundle) -> None:
    place = np.arange(shares.n_samples)
    first, second = samples_of(shares, place[::2]), samples_of(shares, place[1::2])
    made = isograph.fit(first, study=study())
    # one more share a gene comes first by id, so that all others change their number
    table = second.tables["psi"]
    more = table.assign(psi_uid="A" + table["psi_uid"].astype(str))
    noise = np.random.default_rng(2).uniform(size=second.matrices["psi"].shape)
    other = replace(
        second,
        tables=second.tables | {"psi": pd.concat([more, table], ignore_index=True)},
        matrices={"psi": np.vstack([noise, second.matrices["psi"]])},
    )
    plain, found = (project(made, bundle, study=study()) for bundle in (second, other))
    pd.testing.assert_frame_equal(found.scores, plain.scores)
    kept = preserve(made, second, study=study(), n_permutations=40)
    assert kept.n_features == len(made.feature_scores), "shares of no module are in random sets"
    assert (kept.table["z_summary"] > 2).all()


def test_a_fit_of_shares_without_their_ids_says_so(shares: Bundle) -> None:
    made = isograph.fit(shares, study=study())
    with pytest.raises(OutputError, match="fit again with this version"):
        project(replace(made, files={}), shares, study=study())


def test_counts_come_before_ready_made_expression_as_in_a_fit(multiplex: Bundle) -> None:
    noise = np.random.default_rng(1).normal(
        size=(len(multiplex.tables["gene"]), multiplex.n_samples)
    )
    both = replace(
        multiplex,
        matrices={
            "transcript_counts": multiplex.matrices["transcript_counts"],
            "gene_expression": noise,
        },
    )
    made = isograph.fit(both, study=study())
    np.testing.assert_allclose(correlations(made, project(made, both, study=study())), 1)


def test_a_number_that_tells_transcripts_apart_is_no_version(multiplex: Bundle) -> None:
    table = multiplex.tables["transcript"]
    number = table.groupby("gene_id").cumcount().add(1).astype(str)
    named = replace(
        multiplex,
        tables={"transcript": table.assign(transcript_id=table["gene_id"] + "." + number)},
        matrices={"transcript_counts": multiplex.matrices["transcript_counts"]},
    )
    made = isograph.fit(named, study=study())
    only = (number == "1").to_numpy()
    less = replace(
        named,
        tables={"transcript": named.tables["transcript"][only].reset_index(drop=True)},
        matrices={"transcript_counts": named.matrices["transcript_counts"][only]},
    )
    # the lone first transcript of a gene must not stand for its others
    assert not project(made, less, study=study()).elsewhere.notes
