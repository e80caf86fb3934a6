"""Data sets and fits that many tests look at; made once."""

from __future__ import annotations

import pytest
from _pytest.terminal import TerminalReporter

import isograph
from isograph.bundle.model import Bundle
from isograph.results.model import Fit

# Tests build their data from this seed; evidence uses seeds derived from commits instead.
SEED = 3


@pytest.fixture(scope="session")
def toy() -> Bundle:
    """40 genes × 64 samples, two modules with all four roles."""
    return isograph.simulate("toy_multiplex_v1", seed=SEED)


@pytest.fixture(scope="session")
def realistic() -> Bundle:
    """200 genes × 160 samples, five modules, half background."""
    return isograph.simulate("realistic_v1", seed=SEED)


@pytest.fixture(scope="session")
def realistic_fit(realistic: Bundle) -> Fit:
    """Fit of `realistic` with everything at its default."""
    return isograph.fit(realistic)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say how many tests were skipped even where it is none; `-ra` lists the reasons."""
    skipped = len(terminalreporter.stats.get("skipped", []))
    terminalreporter.write_line(f"skipped: {skipped}" + (", reasons above" if skipped else ""))
