"""Runs whose process is gone with the machine or its code server: nobody else notices them.

A code server reports the runs that it started when they are killed; where it is killed itself, or
the power fails, its runs stay `STARTED`, and keep their data set and their pool.
"""

from __future__ import annotations

import re
from contextlib import suppress

import dagster as dg
import psutil

_STARTED = re.compile(r"Started process for run \(pid: (\d+)\)")
_LOCAL_LAUNCHER = "DefaultRunLauncher"
_SLACK_SECONDS = 5.0
_GONE = "Its process is gone: it was killed, or the machine went down."


def end_orphans(instance: dg.DagsterInstance) -> tuple[str, ...]:
    """Mark runs of this machine as failed whose process is gone; the daemon then retries them.

    Args:
        instance: one whose runs are processes of this machine alone; others are left alone.

    Returns:
        Their ids.
    """
    if type(instance.run_launcher).__name__ != _LOCAL_LAUNCHER:
        return ()
    active = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    orphans = [
        record.dagster_run
        for record in instance.get_run_records(dg.RunsFilter(statuses=active))
        if _is_gone(instance, record)
    ]
    for run in orphans:
        if run.status is dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, _GONE)
        else:
            instance.report_run_failed(run, _GONE)
    return tuple(run.run_id for run in orphans)


def _is_gone(instance: dg.DagsterInstance, record: dg.RunRecord) -> bool:
    run = record.dagster_run
    events = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    for event in reversed(events.records):
        told = _STARTED.search(event.event_log_entry.user_message or "")
        if told is None and event.event_log_entry.dagster_event is not None:
            told = _STARTED.search(event.event_log_entry.dagster_event.message or "")
        if told is not None:
            return not _lives(int(told.group(1)), started=event.event_log_entry.timestamp)
    # started by a script, which may still be at it
    return False


def _lives(pid: int, *, started: float) -> bool:
    """Whether that process is there and is not a younger one of the same number."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        younger = process.create_time() > started + _SLACK_SECONDS
        return not younger and process.status() != psutil.STATUS_ZOMBIE
    return False
