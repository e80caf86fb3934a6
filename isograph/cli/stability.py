"""`isograph fit --stability-selection`: its options, its run and its table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from isograph.backends import get_backend
from isograph.bundle import Bundle
from isograph.cli.text import counted, names, table
from isograph.errors import InputError, Problems, StudyError
from isograph.features.model import FeatureSet
from isograph.progress import Steps
from isograph.selection import (
    N_PAIRS,
    StabilitySelection,
    deal_pairs,
    resolve_grid,
    select_by_stability,
    write_stability,
)
from isograph.selection.halves import check_pairs
from isograph.study import Study

_REPORTS = Path("artifacts") / "reports"
_OPTIONS = ("stability_pairs", "stability_grid", "reports_dir")


def check_options(options: argparse.Namespace, study: Study, backends: Sequence[str]) -> None:
    """Refuse everything that is wrong with the options before any work.

    Raises:
        StudyError: options without a stability selection, with `--modules`, or malformed.
    """
    problems = Problems()
    if not study.stability_selection:
        alone = [name for name in _OPTIONS if getattr(options, name) is not None]
        if alone:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in alone)
            problems.add(flags, "only with --stability-selection")
    elif options.modules is not None:
        what = "not together with --modules: named modules leave nothing to vary"
        problems.add("--stability-selection", what)
    else:
        check_pairs(_n_pairs(options), problems)
        for name in backends:
            try:
                resolve_grid(study, get_backend(name), values=_values(options))
            except InputError as error:
                problems.found += error.problems
    problems.raise_if_any(StudyError, "stability selection refused")


def check_data(options: argparse.Namespace, study: Study, bundle: Bundle) -> None:
    """Refuse a cohort whose halves cannot be fitted, before any work."""
    deal_pairs(bundle, study=study, n_pairs=_n_pairs(options))


def run(
    options: argparse.Namespace,
    study: Study,
    backend: str,
    *,
    bundle: Bundle,
    features: FeatureSet,
    steps: Steps,
) -> None:
    """Compare the values, write the report and show a short table."""
    found = select_by_stability(
        bundle,
        study=study,
        backend=backend,
        n_pairs=_n_pairs(options),
        values=_values(options),
        features=features,
        steps=steps,
    )
    path = write_stability(found, options.reports_dir or _REPORTS)
    if not options.quiet:
        print(_table(found, path))


def _n_pairs(options: argparse.Namespace) -> int:
    return N_PAIRS if options.stability_pairs is None else int(options.stability_pairs)


def _values(options: argparse.Namespace) -> tuple[str, ...] | None:
    return names(options.stability_grid)


def _table(found: StabilitySelection, path: Path) -> str:
    """One line a value, the recommended and the study's own one marked."""
    best = found.recommendation
    rows = []
    for one in found.values:
        marks = ["recommended"] if one.value == best.value else []
        marks += ["the study's"] if one.value == found.study_value else []
        score = one.score
        rows.append(
            (
                f"{one.value:g}",
                one.n_modules,
                int(one.stable_modules.sum()),
                one.n_stable_genes,
                one.n_edges,
                len(one.stable),
                f"{score.mean:.3f} ± {score.se:.3f}",
                ", ".join(marks),
            )
        )
    header = (
        found.parameter,
        "modules",
        "stable ones",
        "genes in these",
        "edges",
        "stable edges",
        "split-half ARI",
        "",
    )
    told = "none is recommended" if best.value is None else f"recommended: {best.value:g}"
    return "\n".join(
        [
            f"\nstability of {found.backend}, {counted(found.n_pairs, 'pair')} of halves of "
            f"{found.n_half} samples\n",
            table(rows, header),
            f"\n{told}; {best.reason}",
            f"written to {path}",
        ]
    )
