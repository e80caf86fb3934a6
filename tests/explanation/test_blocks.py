"""Explanations of a fit in which donors have several samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import isograph
from isograph.bundle import Bundle
from isograph.explanation.drivers import feature_correlations
from isograph.explanation.source import Source, open_source
from isograph.explanation.switch_contrasts import switch_contrasts
from isograph.results import read_fit, write_fit


@pytest.fixture(scope="module")
def sources(toy: Bundle, tmp_path_factory: pytest.TempPathFactory) -> tuple[Source, Source]:
    """The same data with 16 donors, and as if samples were independent."""
    samples = toy.samples.assign(
        donor=[f"d{i // 4:02d}" for i in range(64)],
        group=["x" if i // 4 % 2 else "y" for i in range(64)],
    )
    bundle = replace(toy, samples=samples, provenance={"block": "donor"})
    plain = replace(bundle, provenance={})
    folder: Path = tmp_path_factory.mktemp("fit")
    write_fit(isograph.fit(bundle), folder / "f")
    stored = open_source(read_fit(folder / "f"), bundle=bundle)
    return stored, open_source(isograph.fit(plain), bundle=plain)


def test_a_stored_fit_knows_its_donors(sources: tuple[Source, Source]) -> None:
    stored, plain = sources
    assert stored.features.blocks is not None
    assert stored.features.blocks.n_blocks == 16
    assert plain.features.blocks is None


def test_intervals_of_drivers_respect_donors(sources: tuple[Source, Source]) -> None:
    stored, plain = sources
    profile = stored.profiles["M000"]
    found = feature_correlations(stored.features_for(profile), profile)
    same = feature_correlations(plain.features_for(profile), profile)
    np.testing.assert_array_equal(found.r, same.r)
    assert (found.df <= same.df).all()
    assert found.df.min() < same.df.min()


def test_contrasts_between_donors_count_donors(sources: tuple[Source, Source]) -> None:
    counts = []
    for source in sources:
        table = switch_contrasts(source)
        assert table is not None
        frame = table.to_pandas()
        counts.append(set(frame.loc[frame["trait"] == "group", "n"]))
    assert counts == [{16}, {64}]
