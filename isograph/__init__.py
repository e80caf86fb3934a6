"""Modules of genes that switch isoforms and change abundance together.

>>> import isograph
>>> bundle = isograph.simulate("toy_multiplex_v1", seed=1)
>>> fit = isograph.fit(bundle)
>>> fit.summary["n_genes"].tolist()
[20, 20]
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isograph.backends import backend_names, fit, study_features
    from isograph.bundle import Bundle, load_bundle, save_bundle, validate_bundle
    from isograph.errors import IsographError
    from isograph.evaluation.benchmark import benchmark
    from isograph.evaluation.comparison import compare
    from isograph.evaluation.metrics import score_fit
    from isograph.evaluation.snapshots import save_snapshot
    from isograph.explanation import ExplainOptions, explain
    from isograph.explanation.render import write_explanations
    from isograph.importers.cohort import import_cohort
    from isograph.importers.options import ImportOptions
    from isograph.results import Fit, read_fit, write_fit
    from isograph.selection import select_by_stability
    from isograph.simulation import simulate
    from isograph.study import Study, make_study, read_study

# Names are fetched when first used: `import isograph` and `isograph --help` stay instant.
_HOME = {
    "Bundle": "isograph.bundle",
    "ExplainOptions": "isograph.explanation",
    "Fit": "isograph.results",
    "ImportOptions": "isograph.importers.options",
    "IsographError": "isograph.errors",
    "Study": "isograph.study",
    "backend_names": "isograph.backends",
    "benchmark": "isograph.evaluation.benchmark",
    "compare": "isograph.evaluation.comparison",
    "explain": "isograph.explanation",
    "fit": "isograph.backends",
    "import_cohort": "isograph.importers.cohort",
    "load_bundle": "isograph.bundle",
    "make_study": "isograph.study",
    "read_fit": "isograph.results",
    "read_study": "isograph.study",
    "save_bundle": "isograph.bundle",
    "save_snapshot": "isograph.evaluation.snapshots",
    "score_fit": "isograph.evaluation.metrics",
    "select_by_stability": "isograph.selection",
    "simulate": "isograph.simulation",
    "study_features": "isograph.backends",
    "validate_bundle": "isograph.bundle",
    "write_explanations": "isograph.explanation.render",
    "write_fit": "isograph.results",
}

__all__ = [
    "Bundle",
    "ExplainOptions",
    "Fit",
    "ImportOptions",
    "IsographError",
    "Study",
    "backend_names",
    "benchmark",
    "compare",
    "explain",
    "fit",
    "import_cohort",
    "load_bundle",
    "make_study",
    "read_fit",
    "read_study",
    "save_bundle",
    "save_snapshot",
    "score_fit",
    "select_by_stability",
    "simulate",
    "study_features",
    "validate_bundle",
    "write_explanations",
    "write_fit",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
