"""The one runner: data sets × backends × seeds, one fresh process a cell, resumable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from isograph.backends import get_backend, resolve_settings
from isograph.backends.settings import settings_for
from isograph.errors import ConfigError, InputError, Problems, StudyError
from isograph.evaluation.cache import FIT_FOLDER, cell_folder, read_cell, write_cell
from isograph.evaluation.cells import (
    Cell,
    CellResult,
    Progress,
    code_version,
    failure,
    from_record,
    to_record,
)
from isograph.evaluation.measure import run_cell
from isograph.evaluation.peers import PEERS, peer_takes
from isograph.evaluation.plan import (
    DEFAULT_SUITES,
    SUITE_SEED,
    expected_cost,
    fixtures_of,
    note_unknown,
    selection_name,
    stage_name,
)
from isograph.evaluation.processes import Outcome, run_in_processes
from isograph.files import to_json
from isograph.simulation import list_fixtures
from isograph.study import make_study

Report = Callable[[Progress], None]
_PRELOADED = "isograph.evaluation.preloaded"


@dataclass(frozen=True)
class _Task:
    """A cell and where its results go; None keeps them in memory only."""

    cell: Cell
    folder: Path | None
    keep_fit: bool

    @property
    def fit_folder(self) -> Path | None:
        return self.folder / FIT_FOLDER if self.keep_fit and self.folder else None


def benchmark(
    *,
    datasets: Sequence[str] | None = None,
    suites: Sequence[str] | None = None,
    scenarios: Sequence[str] | None = None,
    large: bool = False,
    backends: Sequence[str] = ("calibrated",),
    peers: Sequence[str] = (),
    seeds: Sequence[int] = (SUITE_SEED,),
    settings: Mapping[str, str] | None = None,
    stage: str | None = None,
    cache: Path | None = None,
    keep_fits: bool = False,
    fresh: bool = False,
    jobs: int = 1,
    timeout: float | None = None,
    report: Report | None = None,
) -> list[CellResult]:
    """Score backends on fixtures, each data set in a process of its own.

    Args:
        datasets: fixtures; None takes those of suites and scenarios.
        suites: names; `core_v1` and `multiplex_v1` if nothing is chosen at all.
        scenarios: names; of all suites if none is named.
        large: with fixtures that suites leave out for their size.
        backends: names of backends.
        peers: names of simple methods to run beside them (`isograph.evaluation.peers`), on the
            fixtures that are small enough for them.
        seeds: one data set a fixture and seed.
        settings: settings of every fit by name, as `--set` takes them.
        stage: name of the folders in `cache`; made of the selection if None.
        cache: folder for finished cells. A cell that is there for the same data set, generator,
            seed, backend, settings and code is not run again. None keeps nothing.
        keep_fits: write the tables of every fit beside its cell.
        fresh: run finished cells again.
        jobs: cells at a time; times are honest with one only.
        timeout: seconds after which a cell is given up.
        report: called with each result as it comes.

    Returns:
        A result a backend (then peer), fixture and seed, in that order; a cell that crashed, ran
        out of time or was refused is there with its `error`.

    Raises:
        StudyError: names every suite, scenario and fixture that does not exist, and every option
            that makes no sense.
        ConfigError: a backend or a setting does not exist.
    """
    given = dict(settings or {})
    chosen = _refuse_or_choose(
        datasets=datasets,
        suites=suites,
        scenarios=scenarios,
        large=large,
        peers=peers,
        jobs=jobs,
        timeout=timeout,
        keep_fits=keep_fits and cache is None,
    )
    _refuse_settings(backends, given)
    selection = selection_name(suites=suites, scenarios=scenarios, datasets=datasets)
    infos = {info.name: info for info in list_fixtures()}
    tasks = []
    for backend in (*backends, *peers):
        several = len(backends) > 1 or backend in peers
        name = stage_name(
            backend, selection=selection, stage=stage, several=several, settings=given
        )
        pairs = tuple(sorted(settings_for(given, backend).items()))
        taken = [n for n in chosen if backend not in peers or peer_takes(backend, infos[n])]
        for cell in (Cell(dataset, s, backend, pairs) for dataset in taken for s in seeds):
            folder = None if cache is None else cell_folder(cache, stage=name, cell=cell)
            tasks.append(_Task(cell, folder, keep_fits and backend not in peers))
    return _run(tasks, fresh=fresh, jobs=jobs, timeout=timeout, report=report)


def _refuse_or_choose(
    *,
    datasets: Sequence[str] | None,
    suites: Sequence[str] | None,
    scenarios: Sequence[str] | None,
    large: bool,
    peers: Sequence[str],
    jobs: int,
    timeout: float | None,
    keep_fits: bool,
) -> tuple[str, ...]:
    """The fixtures, or one error that names everything wrong."""
    problems = Problems()
    note_unknown(problems, suites=suites, scenarios=scenarios, datasets=datasets)
    for name in peers:
        if name not in PEERS:
            problems.add(name, "no such peer", fix=f"one of {', '.join(PEERS)}")
    if jobs < 1:
        problems.add("jobs", f"is {jobs}", fix="1 or more")
    if timeout is not None and timeout <= 0:
        problems.add("timeout", f"is {timeout:g} s", fix="more than 0")
    if keep_fits:
        problems.add("keep_fits", "needs a cache folder", fix="name one")
    problems.raise_if_any(StudyError, "benchmark refused")
    if datasets:
        return tuple(dict.fromkeys(datasets))
    named = suites or (None if scenarios else DEFAULT_SUITES)
    chosen = fixtures_of(named, scenarios=scenarios, large=large)
    if not chosen:
        problems.add(", ".join(scenarios or ()), f"is in none of {', '.join(suites or ())}")
        problems.raise_if_any(StudyError, "benchmark refused")
    return chosen


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
    problems.raise_if_any(ConfigError, "benchmark refused")


def _run(
    tasks: Sequence[_Task], *, fresh: bool, jobs: int, timeout: float | None, report: Report | None
) -> list[CellResult]:
    """Take what is finished from the cache and run the rest; each is written as it ends."""
    code = code_version()
    results: dict[int, CellResult] = {}
    costs = [expected_cost(task.cell.dataset) for task in tasks]

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
        folder = tasks[index].folder
        if folder is not None:
            write_cell(folder, result)
        seconds += outcome.seconds
        cost_done += costs[index]
        cost_left -= costs[index]
        tell(index, result, left=seconds / cost_done * cost_left / jobs, cached=False)
    return [results[index] for index in range(len(tasks))]


def _finished(task: _Task, *, code: str) -> CellResult | None:
    if task.folder is None:
        return None
    if task.fit_folder is not None and not task.fit_folder.is_dir():
        return None
    return read_cell(task.folder, cell=task.cell, code=code)


def _work(task: _Task) -> bytes:
    """In the cell's own process."""
    return to_json(to_record(run_cell(task.cell, keep=task.fit_folder))).encode()


def _result(cell: Cell, outcome: Outcome, *, code: str) -> CellResult:
    if outcome.data is None:
        reason = outcome.error or "no result"
        return failure(cell, reason, wall_seconds=outcome.seconds, code=code)
    return from_record(json.loads(outcome.data) | {"wall_seconds": outcome.seconds})
