"""Fixtures: simulated data sets with planted modules, the same everywhere for the same seed."""

from isograph.simulation.catalogue import (
    SUITE_SEEDS,
    SUITES,
    FixtureError,
    FixtureInfo,
    list_fixtures,
    simulate,
)

__all__ = ["SUITES", "SUITE_SEEDS", "FixtureError", "FixtureInfo", "list_fixtures", "simulate"]
