"""What the pipeline is cut into: data sets (fixtures and studies) by backends."""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

from isograph.backends import backend_names
from isograph.evaluation.plan import DEFAULT_SUITES
from isograph.simulation import list_fixtures

DATASET = "dataset"
BACKEND = "backend"
SUITE = "suite"

_INFOS = list_fixtures()
FIXTURES = dg.StaticPartitionsDefinition([info.name for info in _INFOS])
USUAL_FIXTURES = tuple(i.name for i in _INFOS if i.regular and i.suite in DEFAULT_SUITES)
"""Small fixtures with everything in them; made every night, the others every week."""

SUITE_NAMES = tuple(dict.fromkeys(info.suite for info in _INFOS))
SUITE_OF = {info.name: info.suite for info in _INFOS}

STUDIES = dg.DynamicPartitionsDefinition(name="study")
BACKENDS = dg.StaticPartitionsDefinition(list(backend_names()))

SAME_DATASET = dg.MultiToSingleDimensionPartitionMapping(DATASET)
"""From a data set to its fits by every backend."""


SUITE_REPORTS = dg.MultiPartitionsDefinition(
    {SUITE: dg.StaticPartitionsDefinition(list(SUITE_NAMES)), BACKEND: BACKENDS}
)
OF_SUITE = dg.MultiPartitionMapping(
    {
        DATASET: dg.DimensionPartitionMapping(SUITE, dg.StaticPartitionMapping(SUITE_OF)),
        BACKEND: dg.DimensionPartitionMapping(BACKEND, dg.IdentityPartitionMapping()),
    }
)
"""From the fits of a suite's fixtures by a backend to the reports of that suite and backend."""


@dataclass(frozen=True)
class DatasetKind:
    """One of the two sets of partitions that all assets are made for.

    Attributes:
        name: prefix of its assets.
        group: their group in the UI.
        datasets: one partition a data set.
        fits: one partition a data set and backend.
    """

    name: str
    group: str
    datasets: dg.PartitionsDefinition[str]
    fits: dg.MultiPartitionsDefinition

    def key(self, asset: str) -> dg.AssetKey:
        """The key of one of its assets, such as `fixture_bundle`."""
        return dg.AssetKey(f"{self.name}_{asset}")


def _by_backend(datasets: dg.PartitionsDefinition[str]) -> dg.MultiPartitionsDefinition:
    return dg.MultiPartitionsDefinition({DATASET: datasets, BACKEND: BACKENDS})


FIXTURE = DatasetKind("fixture", "fixtures", FIXTURES, _by_backend(FIXTURES))
STUDY = DatasetKind("study", "studies", STUDIES, _by_backend(STUDIES))
KINDS = (FIXTURE, STUDY)


def fit_key(dataset: str, backend: str) -> dg.MultiPartitionKey:
    """The partition of one data set and backend."""
    return dg.MultiPartitionKey({DATASET: dataset, BACKEND: backend})


def suite_key(suite: str, backend: str) -> dg.MultiPartitionKey:
    """The partition of one suite and backend."""
    return dg.MultiPartitionKey({SUITE: suite, BACKEND: backend})


def split_key(key: str) -> tuple[str, str | None]:
    """Data set (or suite) and backend of a partition key; no backend where there is none."""
    # dimensions stand in the order of their names, `backend` first, and no name holds a `|`
    backend, bar, rest = str(key).partition("|")
    return (rest, backend) if bar else (backend, None)
