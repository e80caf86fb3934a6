"""`isograph preserve`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from isograph.bundle import load_bundle
from isograph.cli.project import other_study
from isograph.cli.text import counted, table
from isograph.errors import Problems, StudyError
from isograph.progress import Steps
from isograph.projection.folder import PRESERVATION, write_preservation
from isograph.projection.preserved import Preserved, preserve
from isograph.results import read_fit
from isograph.study import study_name
from isograph.targets import check_target

_SHOWN = 20
_COLUMNS = (
    "module",
    "features",
    "of",
    "Z density",
    "Z connectivity",
    "Z summary",
    "p",
    "median rank",
)
_KEYS = ("z_density", "z_connectivity", "z_summary", "p_summary", "median_rank")


def run(options: argparse.Namespace) -> int:
    """Compare the modules of a fit between its cohort and another."""
    problems = Problems()
    if options.permutations < 2:
        problems.add("--permutations", f"{options.permutations} sets", fix="give 2 or more")
    if options.power is not None and not 0 < options.power < float("inf"):
        problems.add("--power", f"is {options.power:g}", fix="give a positive number")
    if options.seed < 0:
        problems.add("--seed", "is negative")
    problems.raise_if_any(StudyError, "options refused")
    fit, study = read_fit(options.fit), other_study(options)
    bundle = load_bundle(options.dataset_path)
    # folders of bundles are often called so, and nothing else
    home = Path("artifacts/preservation") / fit.config["study"]
    folder = options.out or home / study_name(bundle.name)
    check_target(folder, result="comparison", record=PRESERVATION, overwrite=options.overwrite)
    found = preserve(
        fit,
        bundle,
        study=study,
        power=options.power,
        signed=options.signed,
        n_permutations=options.permutations,
        seed=options.seed,
        steps=Steps(stream=None if options.quiet else sys.stderr),
    )
    told = {"name": bundle.name, "content_hash": bundle.content_hash}
    write_preservation(found, fit, folder, bundle=told, overwrite=options.overwrite)
    if not options.quiet:
        print(_report(found, folder))
    return 0


def _report(found: Preserved, folder: Path) -> str:
    rows = [
        (
            row["module_id"],
            int(row["n_features"]),
            int(row["n_fit"]),
            *(float(row[k]) for k in _KEYS),
        )
        for row in found.table.head(_SHOWN).to_dict("records")
    ]
    lines = [f"\n{counted(len(found.table), 'module')}\n", table(rows, _COLUMNS)]
    if len(found.table) > _SHOWN:
        lines.append(f"  … and {len(found.table) - _SHOWN} more")
    if found.untested:
        lines.append(f"  fewer than three genes there: {', '.join(found.untested)}")
    lines += [f"  {note}" for note in found.elsewhere.notes]
    return "\n".join([*lines, f"\nwritten to {folder}, picture in {folder / 'preservation.png'}"])
