"""What is tried again, how a backfill is cut into runs, and what goes first in the queue.

A backfill is a run a partition, which is what Dagster does where an asset sets no backfill policy:
memory is measured by process, a failure costs one partition, and limits on runs hold. A policy of
one partition a run is not the same: its runs have a range and no partition key.
"""

import dagster as dg

RETRIES = dg.RetryPolicy(
    max_retries=2, delay=10, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
"""For trouble that may pass, such as a full disk. What isograph refuses is not tried again."""

PRIORITY_TAG = "dagster/priority"
FIRST = {PRIORITY_TAG: "1"}
"""Tags of runs that somebody waits for: they leave the queue before benchmarks that are older."""
