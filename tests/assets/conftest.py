"""A pipeline of its own for each test: empty folders and an instance in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from isograph_assets.definitions import build_defs
from isograph_assets.partitions import fit_key
from isograph_assets.resources import Artifacts, StudiesFolder

_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
# pages are drawn in tests of their own
_FEW_PICTURES = {
    job: {"ops": {op: {"config": {"pictures": 1}}}}
    for job, op in (
        ("study_fits", "study_explanation"),
        ("fixture_explanations", "fixture_explanation"),
    )
}


@dataclass(frozen=True)
class Pipeline:
    """The definitions over folders of their own, and an instance that forgets."""

    artifacts: Artifacts
    studies: Path
    instance: dg.DagsterInstance
    defs: dg.Definitions

    def run(
        self,
        job: str,
        partition: str | None = None,
        *,
        run_config: Mapping[str, object] | None = None,
        **options: object,
    ) -> dg.ExecuteInProcessResult:
        """Execute one job for one partition, without raising."""
        if partition is not None and job == "all_studies":
            self.instance.add_dynamic_partitions("study", [partition])
        result = self.defs.resolve_job_def(job).execute_in_process(
            partition_key=partition,
            instance=self.instance,
            run_config={**_SILENT, **_FEW_PICTURES.get(job, {}), **(run_config or {})},
            raise_on_error=False,
            **options,  # type: ignore[arg-type]
        )
        for event in result.all_events:
            # pytest shows it where a test fails
            if event.is_failure:
                print(event.event_type_value, event.message, event.event_specific_data)
        return result

    def run_fixture(self, name: str, backend: str = "calibrated") -> dg.ExecuteInProcessResult:
        """From nothing to the metrics of one fixture."""
        assert self.run("all_fixtures", name).success
        result = self.run("fixture_fits", fit_key(name, backend))
        assert result.success
        return result

    @property
    def studies_resource(self) -> StudiesFolder:
        """The studies folder as a resource."""
        return StudiesFolder(folder=str(self.studies))


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    artifacts, studies = tmp_path / "artifacts", tmp_path / "studies"
    studies.mkdir()
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(
            artifacts=Artifacts(folder=str(artifacts)),
            studies=studies,
            instance=instance,
            defs=build_defs(artifacts=artifacts, studies=studies),
        )


@pytest.fixture(autouse=True)
def _no_pause_before_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dg.RetryPolicy, "calculate_delay", lambda policy, attempt: 0.0)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # pytest puts its own warning filters over those that isograph_assets sets on import
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::dagster.BetaWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::dagster.PreviewWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore:InitResourceContext.dagster_run"))
