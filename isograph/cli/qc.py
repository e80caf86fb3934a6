"""`isograph qc`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from isograph.bundle import load_bundle
from isograph.cli.orders import orders
from isograph.cli.text import counted, names, table
from isograph.progress import Steps
from isograph.quality import Quality, assess_quality, check_quality_target, write_quality
from isograph.study import make_study

_HOME = Path("artifacts") / "qc"
_SHOWN = 12


def run(options: argparse.Namespace) -> int:
    """Look at one cohort; what is found is no error."""
    steps = Steps(stream=None if options.quiet else sys.stderr)
    study = make_study(
        bundle=Path(options.dataset_path),
        covariates=options.covariates,
        traits=names(options.traits),
        categorical=names(options.categorical) or (),
        block=options.block,
        ordered=orders(options.ordered),
    )
    folder: Path = options.out or _HOME / study.name
    check_quality_target(folder, overwrite=options.overwrite)
    quality = assess_quality(load_bundle(study.bundle), study=study, steps=steps)
    with steps.step("pictures and page") as note:
        page = write_quality(quality, folder, overwrite=options.overwrite)
        note.result = str(folder)
    if not options.quiet:
        print(_report(quality, page))
    return 0


def _report(quality: Quality, page: Path) -> str:
    """The short table at the end."""
    n = len(quality.samples)
    lines = [f"\n{counted(n, 'sample')}, {len(quality.flagged):,} flagged (none dropped)\n"]
    rows = [(flag.sample_id, flag.check, flag.reason) for flag in quality.flags[:_SHOWN]]
    if rows:
        lines.append(table(rows, ("sample", "looked at for", "why")))
    if len(quality.flags) > _SHOWN:
        lines.append(f"  … and {counted(len(quality.flags) - _SHOWN, 'more flag')}")
    lines += [f"  warning: {text}" for text in quality.warnings[:_SHOWN]]
    if len(quality.warnings) > _SHOWN:
        lines.append(f"  … and {counted(len(quality.warnings) - _SHOWN, 'more warning')}")
    lines.append(f"\nopen {page}   content {quality.result_hash[:12]}")
    return "\n".join(lines)
