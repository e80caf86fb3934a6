"""`isograph run`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from isograph.annotation.places import default_cache
from isograph.backends import get_backend
from isograph.cli.fit import setting_pairs
from isograph.cli.fit_report import report
from isograph.cli.importing import import_options
from isograph.cli.text import names
from isograph.errors import Problems, StudyError
from isograph.explanation import ExplainOptions
from isograph.importers.of_study import is_bundle
from isograph.progress import Steps
from isograph.study import study_name
from isograph.workflow import Plan, run_cohort

_MOST_FLAGS = 12
_OF_IMPORTS = (
    "tx2gene",
    "samples",
    "sample_column",
    "sheet",
    "min_overlap",
    "without_gene",
    "allow_missing",
    "allow_union",
    "counts_from_abundance",
    "read_length",
    "aligner",
    "layer",
    "gene_column",
)


def run(options: argparse.Namespace) -> int:
    """Take a cohort from its files to its page."""
    plan = _plan(options)
    steps = Steps(stream=None if options.quiet else sys.stderr)
    result = run_cohort(plan, steps=steps)
    if not options.quiet:
        print(report(result.fit, plan.out / "fit", bundle=result.bundle, advice=False))
        print(_first(result.flags))
        print(f"open {result.page}")
    return 0


def _first(flags: tuple[str, ...]) -> str:
    """What to look at before the modules are believed."""
    if not flags:
        return "nothing stands out among samples and sample columns"
    rest = len(flags) - _MOST_FLAGS
    lines = [f"look at first ({len(flags)}):", *(f"  - {one}" for one in flags[:_MOST_FLAGS])]
    return "\n".join(lines + ([f"  … and {rest} more on the page"] if rest > 0 else []))


def _plan(options: argparse.Namespace) -> Plan:
    problems = Problems()
    if not options.source.exists():
        problems.add(str(options.source), "no such folder or file")
    if options.top is not None and options.top < 1:
        problems.add("--top", f"{options.top} modules", fix="give 1 or more")
    if is_bundle(options.source):
        # what would be left unread must not look as if it had been used
        for key in _OF_IMPORTS:
            if getattr(options, key):
                flag = f"--{key.replace('_', '-')}"
                problems.add(flag, "is for an import, and this is a bundle", fix="import it anew")
    problems.raise_if_any(StudyError, "nothing run")
    get_backend(options.backend)
    name = study_name(options.name or options.source.resolve().name)
    imports = import_options(options)
    study = {
        "covariates": options.covariates,
        "traits": names(options.traits),
        "categorical": names(options.categorical) or (),
        "drop_missing": options.drop_missing,
        "seed": options.seed,
        "set": setting_pairs(options.set),
    }
    if is_bundle(options.source):
        # a bundle is not imported again: what is said of donors and levels is said to the fit
        study |= {"block": options.block, "ordered": dict(imports.ordered)}
    return Plan(
        source=options.source,
        out=options.out or Path("artifacts") / "runs" / name,
        name=name,
        kind=options.kind,
        imports=imports,
        further={key: getattr(options, key) for key in ("aligner", "layer", "gene_column")},
        study=study,
        backend=options.backend,
        explain=ExplainOptions(
            gene_sets=options.gene_sets, gtf=options.gtf, cache_dir=default_cache()
        ),
        top=options.top,
        overwrite=options.overwrite,
    )
