"""Failed runs: a page a run that says what went wrong, to people first and in full."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import yaml

from isograph.files import write_text
from isograph.provenance import git_state, version
from isograph_assets.resources import Artifacts

FOLDER = "failures"
"""Folder of the records, below `artifacts/`."""

_ID_SHOWN = 8
_MAX_SLUG = 120
_PARTITION_TAG = "dagster/partition"
_RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_RETRY_TAG = "dagster/will_retry"
_RETRIED_TAG = "dagster/auto_retry_run_id"
_FROM_OUTSIDE = "This run has been marked as failed from outside"
# Dagster's own bookkeeping: addresses of servers, hashes
_HIDDEN = ".dagster/"
# a password inside an address, such as a database's
_PASSWORD = re.compile(r"(\w[\w+.-]*://[^\s:/@]*:)[^\s/]+@")


@dataclass(frozen=True)
class FailedStep:
    """One step that failed.

    Attributes:
        name: of the step; empty where the run failed outside of any.
        message: for people; a refusal of isograph lists every problem, a line each.
        refused: isograph refused the input: it is no better when tried again as it is.
        traceback: where it came from, causes included.
    """

    name: str
    message: str
    refused: bool
    traceback: str


@dataclass(frozen=True)
class FailedRun:
    """What is known of a failed run.

    Attributes:
        run: the run itself.
        at: when it failed.
        steps: those that failed, in the order in which they did.
        checks: what blocking checks found, a paragraph each.
    """

    run: dg.DagsterRun
    at: datetime
    steps: tuple[FailedStep, ...]
    checks: tuple[str, ...]

    @property
    def partition(self) -> str:
        """Its partition, or range of them; empty where it has none."""
        tags = self.run.tags
        ends = [tags[tag] for tag in _RANGE_TAGS if tag in tags]
        return tags.get(_PARTITION_TAG) or " to ".join(ends)

    @property
    def file_name(self) -> str:
        """`<YYYY-MM-DD>-<job>-<partition>-<run>.md`, of letters that every system takes."""
        parts = [f"{self.at:%Y-%m-%d}", self.run.job_name.strip("_"), self.partition]
        slug = "-".join(re.sub(r"[^A-Za-z0-9._-]+", "-", part) for part in parts if part)
        return f"{slug[:_MAX_SLUG]}-{self.run.run_id[:_ID_SHOWN]}.md"


def look_into(instance: dg.DagsterInstance, run: dg.DagsterRun) -> FailedRun:
    """Everything that the instance recorded of a failed run."""
    steps = tuple(_failed_steps(instance, run)) or (_cut_short(instance, run),)
    record = instance.get_run_record_by_id(run.run_id)
    ended = record.end_time if record is not None else None
    at = datetime.now(UTC) if ended is None else datetime.fromtimestamp(ended, UTC)
    # its tags may have changed since, such as whether it is tried again
    run = record.dagster_run if record is not None else run
    return FailedRun(run, at, steps, tuple(_failed_checks(instance, run)))


def _events(
    instance: dg.DagsterInstance, run: dg.DagsterRun, *kinds: dg.DagsterEventType
) -> Iterator[dg.DagsterEvent]:
    for record in instance.get_records_for_run(run.run_id, of_type=set(kinds)).records:
        if record.event_log_entry.dagster_event is not None:
            yield record.event_log_entry.dagster_event


def _cut_short(instance: dg.DagsterInstance, run: dg.DagsterRun) -> FailedStep:
    """The step at which a run ended from outside, as when it was killed, and what is known."""
    kind = dg.DagsterEventType
    unfinished: dict[str, None] = {}
    last_words = message = traceback = ""
    wanted = (kind.ENGINE_EVENT, kind.STEP_START, kind.STEP_SUCCESS, kind.RUN_FAILURE)
    for event in _events(instance, run, *wanted):
        if event.event_type is kind.STEP_START:
            unfinished[event.step_key or ""] = None
        elif event.event_type is kind.STEP_SUCCESS:
            unfinished.pop(event.step_key or "", None)
        elif event.event_type is kind.ENGINE_EVENT:
            last_words = event.message or last_words
        else:
            message = event.message or ""
            # a run that was ended from outside has no data at all
            error = getattr(event.event_specific_data, "error", None)
            traceback = error.to_string().strip() if error is not None else ""
            break
    # who ended it may have said why just before
    parts = [last_words, message] if message.startswith(_FROM_OUTSIDE) else [message]
    told = "\n".join(part for part in parts if part)
    return FailedStep(", ".join(unfinished), told or "it ended without a word", False, traceback)


def _failed_steps(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[FailedStep]:
    for event in _events(instance, run, dg.DagsterEventType.STEP_FAILURE):
        data = event.step_failure_data
        told, error = data.user_failure_data, data.error
        if told is not None and told.description:
            message, refused = told.description, True
        elif error is not None:
            inner = error
            while inner.cause is not None:
                inner = inner.cause
            message, refused = inner.message, False
        else:
            message, refused = event.message or "", False
        traceback = error.to_string() if error is not None else ""
        yield FailedStep(event.step_key or "", message.strip(), refused, traceback.strip())


def _failed_checks(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[str]:
    for event in _events(instance, run, dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        found = event.asset_check_evaluation_data
        if found.passed or not found.blocking:
            continue
        told = [f"`{found.check_name}` of `{found.asset_key.to_user_string()}`:"]
        shown = [
            str(value.value)
            for value in found.metadata.values()
            if isinstance(value, dg.MarkdownMetadataValue | dg.TextMetadataValue)
        ]
        yield "\n\n".join([*told, *(shown or [found.description or "it did not pass"])])


def render(failed: FailedRun) -> str:
    """The record as markdown: what and why, what to do, how it was run, tracebacks last."""
    run = failed.run
    what = f"`{run.job_name}`" + (f" for `{failed.partition}`" if failed.partition else "")
    steps = ", ".join(f"`{step.name}`" for step in failed.steps if step.name)
    blocks = [
        f"# {what} failed",
        f"{failed.at:%Y-%m-%d %H:%M:%S} UTC, "
        + (f"in {steps}" if steps else "outside of any step"),
        "## Why",
        *(_fence(message, "text") for message in _messages(failed.steps)),
        *failed.checks,
        "## What to do",
        "\n".join(f"- {line}" for line in _advice(failed)),
        "## How it was run",
        _facts(failed),
        "Tags:",
        _fence(yaml.safe_dump(_shown_tags(run), sort_keys=True), "yaml"),
        "Run configuration:",
        _fence(yaml.safe_dump(_plain(run.run_config), sort_keys=False), "yaml"),
    ]
    traces = [step for step in failed.steps if step.traceback]
    if traces:
        blocks.append("## Where it came from")
    for step in traces:
        blocks += [f"`{step.name or run.job_name}`:", _fence(step.traceback, "text")]
    return _PASSWORD.sub(r"\1***@", "\n\n".join(blocks) + "\n")


def _messages(steps: Sequence[FailedStep]) -> list[str]:
    """Each once: steps of one run often fail for the same reason."""
    return list(dict.fromkeys(step.message for step in steps))


def _fence(text: str, language: str) -> str:
    """A block in which nothing is markdown, whatever the text holds."""
    longest = max((len(marks) for marks in re.findall("`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{text.rstrip()}\n{marks}"


def _advice(failed: FailedRun) -> Iterator[str]:
    run = failed.run
    killed = any("running out of memory" in " ".join(s.message.split()) for s in failed.steps)
    if killed:
        yield (
            "It was killed, most likely because memory ran out: let fewer runs go at once "
            "(`max_concurrent_runs` in `dagster.yaml`), or give the machine more."
        )
    if failed.checks or any(step.refused for step in failed.steps):
        yield "Put right what is named above: as it is, it would fail again."
    if again := run.tags.get(_RETRIED_TAG):
        yield f"Dagster has tried it once more by itself; look at that run first: `/runs/{again}`."
    elif run.tags.get(_RETRY_TAG) == "true":
        yield "Dagster tries it once more by itself; look at that run first."
    yield f"Look at the run in the UI: `/runs/{run.run_id}`."
    yield (
        "Run it again from there: *Re-execute*, *From failure* (or *All steps* when its input has "
        "changed)."
    )
    if run.job_name == "all_studies":
        yield "A study runs again by itself once its files have changed."


def _facts(failed: FailedRun) -> str:
    run, git = failed.run, git_state()
    origin = run.remote_job_origin
    commit = git["commit"] or "unknown: not run from a checkout"
    changed = " with changes that are not committed" if git["dirty"] else ""
    facts = {
        "run": f"`{run.run_id}`",
        "run before it": f"`{run.parent_run_id}`" if run.parent_run_id else "",
        "job": f"`{run.job_name}`",
        "partition": f"`{failed.partition}`" if failed.partition else "none",
        "code location": f"`{origin.location_name}`" if origin else "none: run by a script",
        "isograph": version(),
        "commit": f"{commit}{changed}",
    }
    return "\n".join(f"- {name}: {fact}" for name, fact in facts.items() if fact)


def _shown_tags(run: dg.DagsterRun) -> dict[str, str]:
    return {name: value for name, value in run.tags.items() if not name.startswith(_HIDDEN)}


def _plain(config: object) -> object:
    """Mappings and lists that Dagster made read-only, as YAML knows them."""
    if isinstance(config, dict):
        return {str(key): _plain(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return [_plain(value) for value in config]
    return config


def write_failure(failed: FailedRun, artifacts: Artifacts) -> Path:
    """Write the record, whole or not at all; the same run gives the same file."""
    path = artifacts.root / FOLDER / failed.file_name
    with artifacts.writing(path):
        write_text(path, render(failed))
    return path


@dg.run_failure_sensor(
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Writes a page for each failed run, below failures/: what went wrong, what to do, how it "
        "was run."
    ),
)
def record_failures(context: dg.RunFailureSensorContext, artifacts: Artifacts) -> dg.SkipReason:
    """Record one failed run, of any job."""
    failed = look_into(context.instance, context.dagster_run)
    return dg.SkipReason(f"recorded in {write_failure(failed, artifacts)}")
