"""The one runner: data sets × backends × seeds, one fresh process a cell, resumable."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from isograph.backends import get_backend, resolve_settings
from isograph.backends.registry import DEFAULT
from isograph.backends.settings import settings_for
from isograph.errors import ConfigError, InputError, Problem, Problems, StudyError
from isograph.evaluation.cache import cell_folder, read_cell, write_cell
from isograph.evaluation.cells import (
    Cell,
    CellResult,
    Progress,
    code_version,
    failure,
    from_record,
    to_record,
)
from isograph.evaluation.datasets import DataSet, bundle_sets, fixture_sets
from isograph.evaluation.history import append_history, history_line
from isograph.evaluation.kept import forget_fit, is_kept
from isograph.evaluation.measure import run_cell
from isograph.evaluation.peers import PEERS
from isograph.evaluation.plan import (
    DEFAULT_SUITES,
    SUITE_SEED,
    fixtures_of,
    note_unknown,
    selection_name,
    stage_name,
)
from isograph.evaluation.processes import Outcome, run_in_processes
from isograph.files import to_json
from isograph.study import make_study

Report = Callable[[Progress], None]
_PRELOADED = "isograph.evaluation.preloaded"
_REFUSED = "benchmark refused"


@dataclass(frozen=True)
class _Task:
    """A cell, of which data set and stage, and where its results go; None keeps them in memory."""

    cell: Cell
    data: DataSet
    stage: str
    folder: Path | None
    keep_fit: bool


def benchmark(
    *,
    datasets: Sequence[str] | None = None,
    suites: Sequence[str] | None = None,
    scenarios: Sequence[str] | None = None,
    bundles: Path | None = None,
    large: bool = False,
    backends: Sequence[str] = (DEFAULT,),
    peers: Sequence[str] = (),
    seeds: Sequence[int] = (SUITE_SEED,),
    settings: Mapping[str, str] | None = None,
    stage: str | None = None,
    cache: Path | None = None,
    keep_fits: bool = False,
    fresh: bool = False,
    jobs: int = 1,
    timeout: float | None = None,
    history: Path | None = None,
    report: Report | None = None,
) -> list[CellResult]:
    """Score backends on fixtures or bundles, each data set in a process of its own.

    Args:
        datasets: fixtures; None takes those of suites and scenarios.
        suites: names; `core_v1` and `multiplex_v1` if nothing is chosen at all.
        scenarios: names; of all suites if none is named.
        bundles: a folder of bundles, or one bundle, instead of fixtures. Those without planted
            modules are fitted and counted, not scored.
        large: with fixtures that suites leave out for their size.
        backends: names of backends.
        peers: names of simple methods to run beside them (`isograph.evaluation.peers`), on the
            fixtures that are small enough for them.
        seeds: one data set a fixture and seed; bundles have none.
        settings: settings of every fit by name, as `--set` takes them.
        stage: name of the folders in `cache`; made of the selection if None.
        cache: folder for finished cells. A cell that is there for the same data set, generator,
            seed, backend, settings and code is not run again; the data set of a bundle is that of
            its files' bytes. None keeps nothing.
        keep_fits: write every fit beside its cell (`isograph.evaluation.kept`).
        fresh: run finished cells again.
        jobs: cells at a time; times are honest with one only.
        timeout: seconds after which a cell is given up.
        history: file to append a line to for each cell that was run and did not fail, as it ends
            (`isograph.evaluation.history`); none is written if None.
        report: called with each result as it comes.

    Returns:
        A result a backend (then peer), fixture and seed, in that order; a cell that crashed, ran
        out of time or was refused is there with its `error`.

    Raises:
        StudyError: names every suite, scenario and fixture that does not exist, and every option
            that makes no sense; or the folder of bundles has none.
        ConfigError: a backend or a setting does not exist.
    """
    given = dict(settings or {})
    chosen = _refuse_or_choose(
        fixtures={"datasets": datasets, "suites": suites, "scenarios": scenarios},
        bundles=bundles,
        large=large,
        seeds=seeds,
        peers=peers,
        jobs=jobs,
        timeout=timeout,
        keep_fits=keep_fits and cache is None,
    )
    _refuse_settings(backends, given)
    selection = selection_name(
        suites=suites, scenarios=scenarios, datasets=datasets, bundles=bundles
    )
    tasks = []
    for backend in (*backends, *peers):
        several = len(backends) > 1 or backend in peers
        name = stage_name(
            backend, selection=selection, stage=stage, several=several, settings=given
        )
        pairs = tuple(sorted(settings_for(given, backend).items()))
        for data in chosen:
            if backend in peers and not data.fits_peer(backend):
                continue
            for cell in data.cells(backend, seeds=seeds, settings=pairs):
                folder = None if cache is None else cell_folder(cache, stage=name, cell=cell)
                tasks.append(_Task(cell, data, name, folder, keep_fits and backend not in peers))
    return _run(tasks, fresh=fresh, jobs=jobs, timeout=timeout, history=history, report=report)


def _refuse_or_choose(
    *,
    fixtures: Mapping[str, Sequence[str] | None],
    bundles: Path | None,
    large: bool,
    seeds: Sequence[int],
    peers: Sequence[str],
    jobs: int,
    timeout: float | None,
    keep_fits: bool,
) -> tuple[DataSet, ...]:
    """The data sets, or one error that names everything wrong."""
    problems = Problems()
    note_unknown(problems, **fixtures)
    for name in peers:
        if name not in PEERS:
            problems.add(name, "no such peer", fix=f"one of {', '.join(PEERS)}")
    if jobs < 1:
        problems.add("jobs", f"is {jobs}", fix="1 or more")
    if timeout is not None and timeout <= 0:
        problems.add("timeout", f"is {timeout:g} s", fix="more than 0")
    if keep_fits:
        problems.add("keep_fits", "needs a cache folder", fix="name one")
    found: tuple[DataSet, ...] = ()
    if bundles is not None:
        idle = [name for name, value in fixtures.items() if value]
        idle += ["large"] if large else []
        idle += ["seeds"] if tuple(seeds) != (SUITE_SEED,) else []
        if idle:
            problems.add(", ".join(idle), "is for fixtures, not for bundles", fix="leave it out")
        found = bundle_sets(bundles, problems)
    problems.raise_if_any(StudyError, _REFUSED)
    return found if bundles is not None else _fixtures(**fixtures, large=large)


def _fixtures(
    *,
    datasets: Sequence[str] | None,
    suites: Sequence[str] | None,
    scenarios: Sequence[str] | None,
    large: bool,
) -> tuple[DataSet, ...]:
    if datasets:
        return fixture_sets(tuple(dict.fromkeys(datasets)))
    named = suites or (None if scenarios else DEFAULT_SUITES)
    chosen = fixtures_of(named, scenarios=scenarios, large=large)
    if not chosen:
        problem = Problem(", ".join(scenarios or ()), f"is in none of {', '.join(suites or ())}")
        raise StudyError(_REFUSED, [problem])
    return fixture_sets(chosen)


def _refuse_settings(backends: Sequence[str], settings: Mapping[str, str]) -> None:
    problems = Problems()
    study = make_study(
        name="benchmark", bundle=Path("benchmark"), backends=list(backends), set=dict(settings)
    )
    for backend in backends:
        try:
            resolve_settings(study, get_backend(backend))
        except InputError as error:
            problems.found += [p for p in error.problems if p not in problems.found]
    problems.raise_if_any(ConfigError, _REFUSED)


def run_id() -> str:
    """What tells the cells of one run from those of any other: when it began, and chance."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:6]}"


def _run(
    tasks: Sequence[_Task],
    *,
    fresh: bool,
    jobs: int,
    timeout: float | None,
    history: Path | None,
    report: Report | None,
) -> list[CellResult]:
    """Take what is finished from the cache and run the rest; each is written as it ends."""
    code, run = code_version(), run_id()
    results: dict[int, CellResult] = {}
    costs = [task.data.expected_seconds for task in tasks]

    def tell(index: int, result: CellResult, *, left: float | None, cached: bool) -> None:
        results[index] = result
        if report is not None:
            report(Progress(result, len(results), len(tasks), left, cached))

    for index, task in enumerate(tasks):
        found = None if fresh else _finished(task, code=code)
        if found is not None:
            tell(index, found, left=None, cached=True)
    open_tasks = [index for index in range(len(tasks)) if index not in results]
    seconds = cost_done = 0.0
    cost_left = sum(costs[index] for index in open_tasks)
    for outcome in run_in_processes(
        [tasks[index] for index in open_tasks],
        _work,
        jobs=jobs,
        timeout=timeout,
        preload=(_PRELOADED,),
    ):
        index = open_tasks[outcome.index]
        result = _result(tasks[index].cell, outcome, code=code)
        _keep(tasks[index], result, history=history, run=run, jobs=jobs)
        seconds += outcome.seconds
        cost_done += costs[index]
        cost_left -= costs[index]
        tell(index, result, left=seconds / cost_done * cost_left / jobs, cached=False)
    return [results[index] for index in range(len(tasks))]


def _keep(task: _Task, result: CellResult, *, history: Path | None, run: str, jobs: int) -> None:
    """Write what a cell gave before the next one is waited for."""
    if task.folder is not None:
        if result.failed or not task.keep_fit:
            # a fit of former code says nothing about this cell
            forget_fit(task.folder)
        write_cell(task.folder, result)
    if history is not None and not result.failed:
        suite = task.data.suite
        line = history_line(result, suite=suite, stage=task.stage, run=run, jobs=jobs)
        append_history(history, [line])


def _finished(task: _Task, *, code: str) -> CellResult | None:
    if task.folder is None or (task.keep_fit and not is_kept(task.folder)):
        return None
    return read_cell(task.folder, cell=task.cell, code=code)


def _work(task: _Task) -> bytes:
    """In the cell's own process."""
    keep = task.folder if task.keep_fit else None
    return to_json(to_record(run_cell(task.cell, keep=keep))).encode()


def _result(cell: Cell, outcome: Outcome, *, code: str) -> CellResult:
    if outcome.data is None:
        reason = outcome.error or "no result"
        return failure(cell, reason, wall_seconds=outcome.seconds, code=code)
    return from_record(json.loads(outcome.data) | {"wall_seconds": outcome.seconds})
