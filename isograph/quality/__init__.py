"""What to know about a cohort before a fit: samples that stand out, columns that go together."""

from isograph.quality.folder import check_quality_target, write_quality
from isograph.quality.model import Flag, Quality
from isograph.quality.run import assess_quality

__all__ = ["Flag", "Quality", "assess_quality", "check_quality_target", "write_quality"]
