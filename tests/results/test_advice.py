"""Sentences about broad factors that a user may have wanted to keep."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest

import isograph
from isograph.results import Fit
from isograph.results.advice import removed_traits


@pytest.fixture(scope="module")
def fit() -> Fit:
    return isograph.fit(isograph.simulate("toy_v1", seed=2))


def with_programmes(fit: Fit, *rows: tuple[str, bool, str | None, float]) -> Fit:
    names = ["programme_id", "removed", "best_match", "best_match_q"]
    table = pa.Table.from_pandas(pd.DataFrame(list(rows), columns=names), preserve_index=False)
    return replace(fit, tables=dict(fit.tables) | {"programmes": table})


def test_a_trait_that_was_taken_out_is_named_with_the_way_to_keep_it(fit: Fit) -> None:
    told = removed_traits(
        with_programmes(fit, ("P00", True, "Dx", 1e-9), ("P01", True, "Dx", 1e-4))
    )
    assert told == (
        "P00, P01 follow Dx and were taken out before modules were found; --traits Dx keeps it in",
    )


@pytest.mark.parametrize(
    "row",
    [
        ("P00", False, "Dx", 1e-9),
        ("P00", True, None, 1.0),
        ("P00", True, "Dx", 0.2),
        ("P00", True, "log library size", 1e-9),
    ],
)
def test_what_stays_in_or_follows_no_sample_column_is_not(
    fit: Fit, row: tuple[str, bool, str | None, float]
) -> None:
    assert removed_traits(with_programmes(fit, row)) == ()
