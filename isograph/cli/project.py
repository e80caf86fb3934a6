"""`isograph project`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from isograph.bundle import load_bundle
from isograph.cli.text import counted, names, table
from isograph.progress import Steps
from isograph.projection.folder import PROJECTION, write_projection
from isograph.projection.project import Projection, project
from isograph.results import read_fit
from isograph.study import Study, make_study, study_name
from isograph.targets import check_target

_SHOWN = 20
_COLUMNS = (
    "module",
    "features",
    "covered",
    "variance",
    "of at most",
    "mean |r|",
    "closest trait",
    "q",
)


def run(options: argparse.Namespace) -> int:
    """Score the modules of a fit in another cohort."""
    fit, study = read_fit(options.fit), other_study(options)
    bundle = load_bundle(options.dataset_path)
    # folders of bundles are often called so, and nothing else
    home = Path("artifacts/projections") / fit.config["study"]
    folder = options.out or home / study_name(bundle.name)
    check_target(folder, result="projection", record=PROJECTION, overwrite=options.overwrite)
    steps = Steps(stream=None if options.quiet else sys.stderr)
    found = project(fit, bundle, study=study, steps=steps)
    told = {"name": bundle.name, "content_hash": bundle.content_hash}
    write_projection(found, fit, folder, bundle=told, overwrite=options.overwrite)
    if not options.quiet:
        print(_report(found, folder))
    return 0


def other_study(options: argparse.Namespace) -> Study:
    """The study of the other cohort."""
    return make_study(
        bundle=options.dataset_path,
        covariates=options.covariates,
        traits=names(options.traits),
        categorical=names(options.categorical) or (),
        block=options.block,
        drop_missing=options.drop_missing,
    )


def _report(found: Projection, folder: Path) -> str:
    tested = found.traits.dropna(subset=["pvalue"]).sort_values(["pvalue", "trait"])
    closest = {row["module_id"]: row for row in tested[::-1].to_dict("records")}
    rows = [
        _row(module, closest.get(module["module_id"]))
        for module in found.modules.head(_SHOWN).to_dict("records")
    ]
    lost = found.modules[found.modules["reason"].notna()]
    lines = [f"\n{counted(len(found.scores), 'score')}\n", table(rows, _COLUMNS)]
    if len(found.modules) > _SHOWN:
        lines.append(f"  … and {len(found.modules) - _SHOWN} more")
    if len(lost):
        shown = ", ".join(
            f"{m} ({why})" for m, why in zip(lost["module_id"], lost["reason"], strict=True)
        )
        lines.append(f"  without a score: {shown}")
    lines += [f"  {note}" for note in found.elsewhere.notes]
    return "\n".join([*lines, f"\nwritten to {folder}"])


def _row(module: Any, test: Any) -> tuple[Any, ...]:
    own = (module["module_id"], int(module["n_present"]), float(module["covered"]))
    figures = tuple(module[key] for key in ("variance_explained", "most_explained", "mean_r"))
    if test is None:
        return (*own, *figures, None, None)
    sign = "η " if test["test"] == "anova" else "r "
    return (*own, *figures, f"{test['trait']} ({sign}{test['r']:+.2f})", float(test["qvalue"]))
