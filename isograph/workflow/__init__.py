"""From a folder of quantified samples to a page: import, quality, fit, explanation, report."""

from isograph.workflow.cohort import run_cohort
from isograph.workflow.model import Plan, Result

__all__ = ["Plan", "Result", "run_cohort"]
