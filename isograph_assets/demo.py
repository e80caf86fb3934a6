"""`python -m isograph_assets.demo`: a few fixtures through the asset graph, told in one table."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import dagster as dg

from isograph.cli.text import table
from isograph.errors import ConfigError
from isograph.explanation.target import INDEX_PAGE
from isograph.files import read_json
from isograph_assets.definitions import defs
from isograph_assets.home import prepare_home
from isograph_assets.jobs import ALONE_TAG
from isograph_assets.partitions import FIXTURES, USUAL_FIXTURES, fit_key
from isograph_assets.resources import Artifacts

DEFAULT_FIXTURES = ("toy_multiplex_v1", "medium_multiplex_v1", "realistic_v1")
_BACKEND = "calibrated"
_HEADINGS = (
    "fixture",
    "modules",
    "planted",
    "recovery",
    "ARI",
    "coverage",
    "background",
    "seconds",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Materialize fixtures and show what was found; 0 if all went well."""
    known = FIXTURES.get_partition_keys()
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument(
        "fixtures",
        nargs="*",
        default=list(DEFAULT_FIXTURES),
        metavar="FIXTURE",
        help=(
            f"any fixture of `isograph simulate`, such as {', '.join(USUAL_FIXTURES)} "
            f"(default: {', '.join(DEFAULT_FIXTURES)})"
        ),
    )
    asked = parser.parse_args(arguments)
    if unknown := [name for name in asked.fixtures if name not in known]:
        parser.error(f"no such fixture: {', '.join(unknown)}")
    try:
        home = prepare_home()
    except ConfigError as error:
        parser.error(str(error))
    os.environ["DAGSTER_HOME"] = str(home)
    # Dagster keeps every event in its instance; the terminal gets our own lines
    logging.disable(logging.CRITICAL)
    with dg.DagsterInstance.get() as instance:
        return run_demo(asked.fixtures, definitions=defs, instance=instance)


def run_demo(
    fixtures: Sequence[str], *, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> int:
    """Materialize fixtures up to the leaderboard, each step a run of the instance.

    Args:
        fixtures: names of fixtures.
        definitions: say where results are written.
        instance: keeps the runs; the UI shows them if it uses the same one.

    Returns:
        0, or 1 if a run failed.
    """
    artifacts: Artifacts = (definitions.resources or {})["artifacts"]
    jobs: list[tuple[str, str, str | None]] = []
    for name in fixtures:
        jobs.append((f"{name}: data set and features", "all_fixtures", name))
        jobs.append((f"{name}: modules and scores", "fixture_fits", fit_key(name, _BACKEND)))
    shown = _explained(fixtures)
    jobs.append(
        (f"{shown}: pages of its modules", "fixture_explanations", fit_key(shown, _BACKEND))
    )
    jobs.append(("leaderboard", "leaderboard_report", None))
    print(f"Running {len(fixtures)} fixtures through the asset graph", flush=True)
    for what, job, partition in jobs:
        start = time.perf_counter()
        result = definitions.resolve_job_def(job).execute_in_process(
            partition_key=partition,
            instance=instance,
            tags={ALONE_TAG: "demo"},
            raise_on_error=False,
        )
        if not result.success:
            print(f"\n{what} failed:\n{_why(result)}", file=sys.stderr)
            return 1
        print(f"  {what:<44} {time.perf_counter() - start:6.1f} s", flush=True)
    rows = [read_json(artifacts.metrics(name, _BACKEND)) for name in fixtures]
    print("\n" + table([_cells(row) for row in rows], _HEADINGS))
    _say_where(artifacts, fixtures)
    return 0


def _why(result: dg.ExecuteInProcessResult) -> str:
    """The messages of all failed steps."""
    found = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause or error if error else None
            told = event.step_failure_data.user_failure_data
            found.append(str(told.description) if told else str(cause.message if cause else event))
    return "\n".join(found)


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    share = row["background_fraction"]
    background = None if share is None else f"{share:.2%}"
    scores = (row["recovery"], row["ari"], row["coverage"], background, row["seconds"])
    return (row["dataset"], row["n_modules"], row["n_truth_modules"], *scores)


def _explained(fixtures: Sequence[str]) -> str:
    """The fixture whose modules get pages: the second, which has more to show."""
    return fixtures[min(1, len(fixtures) - 1)]


def _say_where(artifacts: Artifacts, fixtures: Sequence[str]) -> None:
    first = artifacts.shown(artifacts.fit(fixtures[0], _BACKEND), "modules.parquet").value
    pages = artifacts.explanation(_explained(fixtures), _BACKEND)
    page = artifacts.shown(pages, INDEX_PAGE).value
    print(
        f"\nFiles\n"
        f"  fits         {artifacts.folder}/fits   (for example {first})\n"
        f"  bundles      {artifacts.folder}/bundles\n"
        f"  modules      {page}   (open it in a browser)\n"
        f"  leaderboard  {artifacts.shown(artifacts.report('leaderboard.png')).value}\n"
        f"\nSee them with their lineage:  bash scripts/ui.sh  → http://127.0.0.1:3000"
    )


if __name__ == "__main__":
    sys.exit(main())
