"""`isograph null`"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from isograph.backends import get_backend
from isograph.bundle import load_bundle
from isograph.cli.text import counted, names, table
from isograph.errors import Problems, StudyError
from isograph.evaluation.null import NullProgress, NullResult, Share, permuted_null
from isograph.evaluation.null_plots import null_picture
from isograph.evaluation.permutation import FEWEST_EXCHANGEABLE
from isograph.files import atomic_file, write_json
from isograph.study import Study, make_study

_HOME = Path("artifacts") / "null"
_LEVELS = (0.01, 0.05, 0.1, 0.5)


def run(options: argparse.Namespace) -> int:
    """Permute one bundle and write what was found."""
    study = _study(options)
    folder: Path = options.output_dir or _HOME / study.name / options.backend
    result = permuted_null(
        load_bundle(study.bundle),
        study=study,
        n_permutations=options.permutations,
        seed=options.seed,
        report=None if options.quiet else _show,
    )
    record = {
        "study": study.name,
        "covariates": study.covariates,
        "settings": dict(study.set),
        **result.as_record(),
    }
    write_json(folder / "null.json", record)
    with atomic_file(folder / "null.png") as work:
        work.write_bytes(null_picture({result.name: result.smallest_p}))
    if not options.quiet:
        print(_report(result, folder))
    return 0


def _study(options: argparse.Namespace) -> Study:
    problems = Problems()
    bad = [word for word in options.set if "=" not in word]
    if bad:
        problems.add("--set", "is not KEY=VALUE", examples=bad, count=len(bad))
    problems.raise_if_any(StudyError, "settings refused")
    return make_study(
        bundle=Path(options.dataset_path),
        covariates=options.covariates,
        categorical=names(options.categorical) or (),
        block=options.block,
        drop_missing=options.drop_missing,
        backends=(options.backend,),
        set=dict(word.split("=", 1) for word in options.set),
    )


def _show(progress: NullProgress) -> None:
    seconds = progress.seconds_left
    about = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    text = f"  {progress.done} of {progress.total} permutations, about {about} left"
    if sys.stderr.isatty():
        end = "\n" if progress.done == progress.total else ""
        print(f"\r\x1b[K{text}", end=end, file=sys.stderr, flush=True)
    elif progress.done % max(1, progress.total // 10) == 0 or progress.done == progress.total:
        print(text, file=sys.stderr, flush=True)


def _report(result: NullResult, folder: Path) -> str:
    """The short table at the end."""
    found = result.with_modules
    searches = sum(draw.searched for draw in result.draws)
    sizes = sorted((size for draw in result.draws for size in draw.sizes), reverse=True)
    shown = ", ".join(map(str, sizes[:10])) + (", …" if len(sizes) > 10 else "")
    lines = [
        f"\n{counted(result.n_genes, 'gene')}, {counted(result.n_features, 'feature')} × "
        f"{result.n_samples} samples, {counted(found.total, 'permutation')}",
        f"  with any module: {_share(found)}",
        *_blocks(result),
        *([f"  genes of these modules: {shown}"] if sizes else []),
        *_edges(result),
        f"  searches for broad factors: {searches}",
        *_smallest_p(result),
        f"\nwritten to {folder / 'null.json'} and null.png",
    ]
    return "\n".join(lines)


def _blocks(result: NullResult) -> list[str]:
    """What kept together, and a warning where that leaves little to permute."""
    blocks = result.blocks
    if blocks is None:
        return []
    lines = [
        f"  samples of a {blocks.column} kept together: {blocks.n_exchangeable} of "
        f"{blocks.n_blocks} have as many samples as another and changed places"
    ]
    if blocks.too_few:
        lines.append(
            f"  warning: fewer than {FEWEST_EXCHANGEABLE} could: what they differ in was hardly "
            "permuted, and modules of it are no noise"
        )
    return lines


def _edges(result: NullResult) -> list[str]:
    """False edges beside their budget, where the backend has one."""
    if not np.isfinite(result.edge_ratio):
        return []
    return [f"  false edges for each that the budget expects: {result.edge_ratio:.2f}"]


def _smallest_p(result: NullResult) -> list[str]:
    """How often noise reaches each level, where the backend promises anything about it."""
    if not get_backend(result.backend).record.calibrated:
        return [f"\n{result.backend} keeps its modules whatever their p: the share above is all."]
    return [
        "\nsmallest p of any candidate module (no share should lie above its level)",
        table(
            [(a, s.share, s.low, s.high) for a, s in result.calibration(_LEVELS).items()],
            ("p ≤", "share", "95% from", "to"),
        ),
    ]


def _share(share: Share) -> str:
    return f"{share.n} of {share.total} (95% {share.low:.1%} to {share.high:.1%})"
