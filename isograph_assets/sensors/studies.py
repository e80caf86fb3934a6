"""The studies folder, tick after tick: what is new, changed, half-copied, gone or back."""

import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import dagster as dg

from isograph_assets.copying import what_is_missing
from isograph_assets.jobs import DATASET_TAG, all_studies
from isograph_assets.partitions import STUDIES
from isograph_assets.policies import FIRST
from isograph_assets.resources import StudiesFolder
from isograph_assets.studies import Scan, scan_studies

MAX_STUDIES = 1000
MAX_REQUESTS = 100
MAX_GONE = 200
"""How many studies that are gone are remembered, in case they come back."""

PATIENCE = 600
"""Seconds after which a copy that has stopped is called a problem."""

_GONE = 2


@dataclass(frozen=True)
class Watched:
    """What the sensor remembers of one study.

    Attributes:
        seen: fingerprint at the last tick that saw it.
        since: when that fingerprint was first seen, Unix seconds.
        ran: fingerprint that was last run; empty if none was.
        gone: ticks running that it has not been there; counted up to two.
        source: name of the file or folder that makes it.
    """

    seen: str
    since: int
    ran: str = ""
    gone: int = 0
    source: str = ""


@dataclass(frozen=True)
class Tick:
    """What one look at the studies folder leads to.

    Attributes:
        run: run key by study that is to be run.
        add: studies that need a partition.
        remove: partitions of studies that are gone.
        waiting: studies that changed and must be seen unchanged once more, or are incomplete.
        memory: for the next tick.
        problems: everything in the folder that cannot be run, and why.
    """

    run: dict[str, str] = field(default_factory=dict)
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    memory: dict[str, Watched] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def decide(
    scan: Scan,
    memory: Mapping[str, Watched],
    *,
    known: Collection[str],
    now: int,
    missing: Callable[[Path], Collection[str]] = what_is_missing,
) -> Tick:
    """Run what is new or changed, is the same in two ticks running, and is there in full.

    Args:
        scan: the folder now.
        memory: what the last tick remembered.
        known: studies that have a partition.
        now: Unix seconds.
        missing: what a bundle folder lacks.
    """
    problems = list(scan.problems)
    names = list(scan.studies)
    if len(names) > MAX_STUDIES:
        problems.append(f"{len(names)} studies, only the first {MAX_STUDIES} are watched")
    run: dict[str, str] = {}
    waiting: list[str] = []
    after: dict[str, Watched] = {}
    for name in names[:MAX_STUDIES]:
        found = scan.studies[name]
        before = memory.get(name, Watched("", now))
        here = replace(before, gone=0, source=found.source.name)
        if before.seen != found.fingerprint:
            here = replace(here, seen=found.fingerprint, since=now)
            waiting.append(name)
        elif before.ran != found.fingerprint and len(run) < MAX_REQUESTS:
            if lacking := missing(found.study.bundle):
                told = f"{name} is incomplete: {_few(lacking, shown=3)}"
                stalled = now - before.since >= PATIENCE
                (problems if stalled else waiting).append(told)
            else:
                # the time makes the key new when former content comes back
                run[name] = f"{name}:{found.fingerprint}:{before.since}"
                here = replace(here, ran=found.fingerprint)
        after[name] = here
    gone, remove = _gone(scan, memory, known, problems, now=now)
    add = tuple(n for n, w in after.items() if w.ran == w.seen and n not in known)
    return Tick(run, add, remove, tuple(waiting), after | gone, tuple(problems))


def _gone(
    scan: Scan,
    memory: Mapping[str, Watched],
    known: Collection[str],
    problems: list[str],
    *,
    now: int,
) -> tuple[dict[str, Watched], tuple[str, ...]]:
    """What is remembered of studies that are not there, and which partitions go."""
    # the cursor may be younger than the partitions
    all_known = dict.fromkeys(known, Watched("", now)) | dict(memory)
    absent = {name: item for name, item in all_known.items() if name not in scan.studies}
    if not scan.has_entries:
        if known:
            problems.append(
                f"the studies folder is missing or empty though {len(known)} studies are known: "
                "nothing is removed, it may come back"
            )
        return {name: item for name, item in absent.items() if name in memory}, ()
    after: dict[str, Watched] = {}
    for name, item in absent.items():
        # a file that cannot be read, or is being edited, is still there
        kept = item.source in scan.unusable if item.source else bool(scan.unusable)
        after[name] = replace(item, gone=0 if kept else min(item.gone + 1, _GONE))
    newest = sorted(after, key=lambda name: (after[name].since, name), reverse=True)[:MAX_GONE]
    remove = tuple(sorted(n for n, w in after.items() if w.gone == _GONE and n in known))
    return {name: after[name] for name in newest}, remove


def read_memory(cursor: str | None) -> dict[str, Watched]:
    """The memory that a cursor holds; empty where it holds none that can be read."""
    try:
        entries = json.loads(cursor or "{}")
        return {name: Watched(*entry) for name, entry in entries.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def write_memory(memory: Mapping[str, Watched]) -> str:
    """The memory as a cursor."""
    entries = {
        name: [item.seen, item.since, item.ran, item.gone, item.source]
        for name, item in memory.items()
    }
    return json.dumps(entries, separators=(",", ":"))


@dg.sensor(
    job=all_studies,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Turns each bundle, folder of quantified samples and study file under studies/, and each "
        "bundle under bundles/, into a study, and runs it once its files are all there and have "
        "stopped changing. The partition of a study that is gone goes too; its results stay."
    ),
)
def studies_sensor(context: dg.SensorEvaluationContext, studies: StudiesFolder) -> dg.SensorResult:
    """Watch the studies folder."""
    known = context.instance.get_dynamic_partitions(str(STUDIES.name))
    scan = scan_studies(studies.root, bundles=studies.bundles_root)
    tick = decide(scan, read_memory(context.cursor), known=known, now=int(time.time()))
    for problem in tick.problems:
        context.log.info(problem)
    for name in tick.remove:
        context.log.info(f"{name} is gone: its partition goes, its results stay")
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    if tick.add:
        requests.append(STUDIES.build_add_request(list(tick.add)))
    if tick.remove:
        requests.append(STUDIES.build_delete_request(list(tick.remove)))
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(run_key=key, partition_key=name, tags={DATASET_TAG: name, **FIRST})
            for name, key in tick.run.items()
        ],
        dynamic_partitions_requests=requests,
        skip_reason=None if tick.run else _why_nothing(tick, studies.root),
        cursor=write_memory(tick.memory),
    )


def _why_nothing(tick: Tick, root: Path) -> str:
    there = sum(not item.gone for item in tick.memory.values())
    parts = [f"{there} studies in {root}, none changed"]
    if tick.waiting:
        parts = [f"waiting until they stop changing: {_few(tick.waiting)}"]
    if tick.remove:
        parts.append(f"gone, results stay: {_few(tick.remove)}")
    if tick.problems:
        parts.append(f"not usable: {_few(tick.problems)}")
    return "; ".join(parts)


def _few(items: Iterable[str], *, shown: int = 5) -> str:
    listed = list(items)
    more = len(listed) - shown
    return "; ".join(listed[:shown]) + (f"; and {more} more" if more > 0 else "")
