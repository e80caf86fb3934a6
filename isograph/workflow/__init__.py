"""From a folder of quantified samples to a page: import, quality, fit, explanation, report."""

from isograph.workflow.cohort import Plan, Result, run_cohort

__all__ = ["Plan", "Result", "run_cohort"]
