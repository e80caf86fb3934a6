"""Scores of fits where the truth is known."""

from isograph.evaluation.labels import ScoreError
from isograph.evaluation.metrics import (
    PartitionScore,
    PooledBackground,
    pooled_background,
    score_fit,
    score_partition,
)

__all__ = [
    "PartitionScore",
    "PooledBackground",
    "ScoreError",
    "pooled_background",
    "score_fit",
    "score_partition",
]
