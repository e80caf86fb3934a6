"""The tables of one module that the pictures are drawn of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from isograph.annotation.model import TRANSCRIPT_COLUMNS, Annotation
from isograph.explanation.drivers import driver_table
from isograph.explanation.polarity import polarity_table
from isograph.explanation.source import Profile, Source


@pytest.fixture(scope="package")
def profile(toy_source: Source) -> Profile:
    return toy_source.profiles["M000"]


@pytest.fixture(scope="package")
def drivers(toy_source: Source, profile: Profile) -> pd.DataFrame:
    return driver_table(toy_source, profile).to_pandas()


@pytest.fixture(scope="package")
def polarity(toy_source: Source, profile: Profile) -> pd.DataFrame:
    return polarity_table(toy_source, profile, toy_source.usage.read(profile.genes)).to_pandas()


@pytest.fixture(scope="package")
def annotation(polarity: pd.DataFrame) -> Annotation:
    """Three exons a transcript, the middle one skipped in every second one; version 7 of each."""
    ids = np.sort(polarity["transcript_id"].to_numpy(dtype=str))
    genes = polarity.set_index("transcript_id")["gene_id"].reindex(ids).to_numpy()
    exons = [[(101, 300), (5_001, 5_100), (90_001, 98_000)] for _ in ids]
    for number, parts in enumerate(exons):
        if number % 2:
            del parts[1]
    rows = [
        (f"{t}.7", g, g, "chr1", "-", None, True, True) for t, g in zip(ids, genes, strict=True)
    ]
    start, end = np.array([pair for parts in exons for pair in parts], dtype=np.int64).T
    first = np.append(0, np.cumsum([len(parts) for parts in exons]))
    n = len(ids)
    return Annotation(
        transcripts=pd.DataFrame(rows, columns=list(TRANSCRIPT_COLUMNS)),
        exon_first=first,
        exon_start=start,
        exon_end=end,
        cds_first=np.arange(n + 1),
        cds_start=np.full(n, 201),
        cds_end=np.full(n, 300),
    )
