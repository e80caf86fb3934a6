"""isograph as a Dagster pipeline: the same functions as the command line, with lineage around."""

import warnings

import dagster as dg

# Data versions, multi-dimensional partitions and partitioned checks are marked beta or preview.
# The Dagster version is pinned, so that they cannot change under us.
for _category in (dg.BetaWarning, dg.PreviewWarning):
    warnings.simplefilter("ignore", _category)
