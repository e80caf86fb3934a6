"""Fits that the tests of explanations look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import isograph
from isograph.bundle.model import Bundle
from isograph.explanation.source import Source, open_source
from isograph.results.model import Fit
from isograph.study import make_study


@pytest.fixture(scope="session")
def toy_folder(toy: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`toy` as a bundle folder."""
    return isograph.save_bundle(toy, tmp_path_factory.mktemp("bundles") / "toy")


@pytest.fixture(scope="session")
def toy_fit(toy_folder: Path) -> Fit:
    """Fit of the bundle folder of `toy`."""
    return isograph.fit(toy_folder)


@pytest.fixture(scope="session")
def toy_source(toy_fit: Fit) -> Source:
    """Fit and data of `toy`."""
    return open_source(toy_fit)


@pytest.fixture(scope="session")
def gappy() -> Bundle:
    """`realistic_v1` with switching genes of M00 that have no reads in every seventh sample."""
    bundle = isograph.simulate("realistic_v1", seed=5)
    counts = bundle.matrices["transcript_counts"].copy()
    genes = bundle.tables["truth_module"].groupby("module_id")["gene_id"].head(3)
    rows = bundle.tables["transcript"]["gene_id"].isin(set(genes)).to_numpy()
    counts[np.ix_(rows, np.arange(bundle.n_samples) % 7 == 0)] = 0
    return replace(bundle, matrices={"transcript_counts": counts})


@pytest.fixture(scope="session")
def gappy_source(gappy: Bundle) -> Source:
    """Fit of `gappy` with a covariate."""
    study = make_study(bundle=Path("gappy"), covariates="~ Age")
    return open_source(isograph.fit(gappy, study=study), bundle=gappy)


@pytest.fixture(scope="session")
def with_programmes() -> Source:
    """A cohort whose batch is found as broad factors and taken out."""
    bundle = isograph.simulate("batch_effects-sd1.00", seed=4)
    return open_source(isograph.fit(bundle), bundle=bundle)


@pytest.fixture
def shuffled() -> Callable[[Bundle], Bundle]:
    """A bundle with samples and transcripts in another order."""

    def shuffle(bundle: Bundle) -> Bundle:
        rng = np.random.default_rng(8)
        columns = rng.permutation(bundle.n_samples)
        rows = rng.permutation(len(bundle.tables["transcript"]))
        return replace(
            bundle,
            samples=bundle.samples.iloc[columns].reset_index(drop=True),
            tables={"transcript": bundle.tables["transcript"].iloc[rows].reset_index(drop=True)},
            matrices={
                "transcript_counts": bundle.matrices["transcript_counts"][np.ix_(rows, columns)]
            },
        )

    return shuffle
