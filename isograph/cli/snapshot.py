"""`isograph snapshot`"""

from __future__ import annotations

import argparse

from isograph.cli.text import counted
from isograph.evaluation.snapshots import read_snapshot, save_snapshot
from isograph.evaluation.stored_fits import open_fit


def run(options: argparse.Namespace) -> int:
    """Keep a stored fit as a snapshot."""
    found = open_fit(options.fit, bundle=options.dataset_path)
    folder = save_snapshot(
        found.fit,
        options.name,
        options.output_dir,
        recovery=found.recovery,
        runtime_seconds=found.runtime_seconds,
        overwrite=options.overwrite,
    )
    kept = read_snapshot(folder)
    recovery = f"none, {found.note}" if found.recovery is None else f"{found.recovery:.3f}"
    print(
        f"{folder}: {kept.dataset}, {kept.backend}, "
        f"{counted(len(kept.module_sizes), 'module')}, recovery {recovery}"
    )
    return 0
