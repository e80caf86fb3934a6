"""What tells an asset's place in the pipeline: its stage, its owner, its pool."""

from __future__ import annotations

from typing import Literal

Stage = Literal["bundle", "features", "fit", "explanation", "scores", "report"]

OWNERS = ["team:isograph"]

STAGE_TAG = "isograph/stage"
"""Tag of assets: which step of the pipeline they are."""

REPORTS_GROUP = "reports"
"""Group of the assets that look at many fits."""

FIXTURES_POOL = "fixtures"
"""Work on fixtures shares this pool, so that a night's benchmark leaves room for studies."""


def stage_tags(stage: Stage) -> dict[str, str]:
    """Tags of an asset of that stage; the UI filters by them: `tag:"isograph/stage"="fit"`."""
    return {STAGE_TAG: stage}
