"""Which cells a benchmark has: fixtures by suite, scenario or name, seeds, names of stages."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from isograph.errors import Problems
from isograph.simulation import SUITES, FixtureInfo, list_fixtures
from isograph.study import study_name

SUITE_SEED = 7
DEFAULT_SUITES = ("core_v1", "multiplex_v1")


def derived_seeds(text: str, n_seeds: int) -> tuple[int, ...]:
    """Seeds nobody chose: the first 32 bits of SHA-256 of `text` and a counter.

    Args:
        text: e.g. a commit's hash.
        n_seeds: how many.
    """
    digests = (hashlib.sha256(f"{text}:{k}".encode()).digest() for k in range(n_seeds))
    return tuple(int.from_bytes(digest[:4], "big") for digest in digests)


def fixtures_of(
    suites: Iterable[str] | None = None,
    *,
    scenarios: Iterable[str] | None = None,
    large: bool = False,
) -> tuple[str, ...]:
    """Fixtures of the named suites and scenarios, in the order of the catalogue.

    Fixtures that are made only on request are left out, unless a suite or scenario has no others.

    Args:
        suites: names; all if None.
        scenarios: names; of all if None.
        large: with those made only on request.
    """
    wanted = None if scenarios is None else set(scenarios)
    groups: dict[str | None, list[FixtureInfo]] = {}
    allowed = set(SUITES if suites is None else suites)
    for info in list_fixtures():
        if info.suite in allowed and (wanted is None or info.scenario in wanted):
            group = info.suite if wanted is None else info.scenario
            groups.setdefault(group, []).append(info)
    return tuple(
        info.name
        for members in groups.values()
        for info in members
        if info.regular or large or not any(other.regular for other in members)
    )


def note_unknown(
    problems: Problems,
    *,
    suites: Sequence[str] | None,
    scenarios: Sequence[str] | None,
    datasets: Sequence[str] | None,
) -> None:
    """Note every suite, scenario and fixture that does not exist, each with near names."""
    fixtures = list_fixtures()
    known = {
        "suite": (suites, list(SUITES)),
        "scenario": (scenarios, list(dict.fromkeys(f.scenario for f in fixtures if f.scenario))),
        "fixture": (datasets, [f.name for f in fixtures]),
    }
    for kind, (asked, names) in known.items():
        for name in asked or ():
            if name not in names:
                near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
                fix = f"did you mean {', '.join(near)}?" if near else f"one of {', '.join(names)}"
                fix = "see `isograph simulate`" if kind == "fixture" and not near else fix
                problems.add(name, f"no such {kind}", fix=fix)


def selection_name(
    *,
    suites: Sequence[str] | None,
    scenarios: Sequence[str] | None,
    datasets: Sequence[str] | None,
    bundles: Path | None = None,
) -> str:
    """What was chosen, for the report and the name of its stage."""
    if bundles is not None:
        return study_name(Path(bundles).resolve().name)
    if datasets:
        return "selected"
    return "+".join(scenarios or suites or DEFAULT_SUITES)


def stage_name(
    backend: str, *, selection: str, stage: str | None, several: bool, settings: Mapping[str, str]
) -> str:
    """Name of one backend's reports and cells.

    Args:
        backend: its name.
        selection: see `selection_name`.
        stage: name that was asked for, if one was.
        several: whether other backends run under the same name.
        settings: settings of the fits; part of the name where none was asked for, so that a sweep
            of a constant keeps all its reports.
    """
    if stage is not None and not several:
        return stage
    own = study_name(backend)
    if stage is not None:
        return f"{stage}-{own}"
    changed = [f"{key.rpartition('.')[2]}-{value}" for key, value in sorted(settings.items())]
    return f"{selection}-{study_name('-'.join([own, *changed]))}"
