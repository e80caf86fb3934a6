"""Scores of fits where the truth is known."""

from isograph.evaluation.labels import ScoreError
from isograph.evaluation.metrics import score_assignment, score_fit, score_partition
from isograph.evaluation.score import (
    PartitionScore,
    PooledBackground,
    background_interval,
    pooled_background,
)

__all__ = [
    "PartitionScore",
    "PooledBackground",
    "ScoreError",
    "background_interval",
    "pooled_background",
    "score_assignment",
    "score_fit",
    "score_partition",
]
