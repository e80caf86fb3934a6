"""Explanations that the tests of pages look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from isograph.bundle.model import Bundle
from isograph.explanation.contrasts import high_low_table
from isograph.explanation.drivers import driver_table
from isograph.explanation.model import Explanation, Explanations
from isograph.explanation.page import Picture
from isograph.explanation.polarity import polarity_table
from isograph.explanation.schema import POLARITY
from isograph.explanation.source import Source
from isograph.explanation.switch_contrasts import switch_contrasts

OPTIONS = {"integrated_gradients": False, "baseline": "zero", "gene_sets": None}


def explained(source: Source) -> Explanations:
    """Every module and programme of a fit, with the tables that are always there."""
    parts = []
    for profile in source.profiles.values():
        usage = source.usage.read(profile.genes)
        known = len(usage.transcript_ids) > 0
        polarity = polarity_table(source, profile, usage) if known else POLARITY.empty_table()
        tables = {
            "gene_driver_table": driver_table(source, profile),
            "transcript_polarity_table": polarity,
            "high_vs_low_table": high_low_table(source, profile),
        }
        missing = {} if known else {"transcript_polarity_table": "the data set has no counts"}
        parts.append(Explanation(profile=profile, tables=tables, missing=missing))
    return Explanations(source, tuple(parts), switch_contrasts(source), OPTIONS)


@pytest.fixture(scope="session")
def toy_explained(toy_source: Source) -> Explanations:
    """Two modules, no programme, three traits."""
    return explained(toy_source)


@pytest.fixture(scope="session")
def programmes_explained(with_programmes: Source) -> Explanations:
    """Modules and broad factors that were taken out."""
    return explained(with_programmes)


@pytest.fixture(scope="session")
def picture() -> Picture:
    """A white picture of 240 × 120 pixels."""
    out = BytesIO()
    Image.new("RGB", (240, 120), "white").save(out, format="PNG")
    return Picture(out.getvalue(), "What is seen.", "White")


@pytest.fixture
def renamed() -> Callable[[Explanations, str], Explanations]:
    """Explanations whose genes, traits, study and covariates all have one name."""

    def rename(explanations: Explanations, name: str) -> Explanations:
        source = explanations.source
        genes = source.bundle.tables["transcript"].assign(gene_name=name)
        bundle: Bundle = replace(source.bundle, tables={"transcript": genes})
        traits = source.fit.traits.assign(trait=name, level=name, reference_level=name)
        tables = dict(source.fit.tables)
        tables["traits"] = type(tables["traits"]).from_pandas(traits, preserve_index=False)
        told = dict(source.fit.config)
        config = told | {
            "study": name,
            "covariates": name,
            "bundle": told["bundle"] | {"name": name},
            "traits": [{"name": name, "kind": "constant", "reason": name}],
        }
        fit = replace(source.fit, config=config, tables=tables)
        return replace(explanations, source=replace(source, fit=fit, bundle=bundle))

    return rename
