"""`isograph export`"""

from __future__ import annotations

import argparse
import sys

from isograph.bundle import load_bundle
from isograph.bundle.model import Bundle
from isograph.bundle.names import gene_names
from isograph.cli.text import counted, names
from isograph.errors import Problems, StudyError
from isograph.exporters import FORMATS, export_fit, summarise_bundle
from isograph.files import to_json, write_text
from isograph.results import read_fit


def run(options: argparse.Namespace) -> int:
    """Write the summary of a bundle, or a fit for other tools."""
    _refuse(options)
    bundle = None if options.dataset_path is None else load_bundle(options.dataset_path)
    if options.fit is not None:
        return _export_fit(options, bundle)
    assert bundle is not None
    text = to_json(summarise_bundle(bundle))
    if options.output is None:
        sys.stdout.write(text)
    else:
        write_text(options.output, text)
        print(f"written to {options.output}")
    return 0


def _refuse(options: argparse.Namespace) -> None:
    problems = Problems()
    if options.fit is None:
        for name in ("to", "out"):
            if getattr(options, name) is not None:
                problems.add(f"--{name}", "is for fits", fix="name one with --fit")
        if options.dataset_path is None:
            problems.add("--dataset-path", "is missing", fix="name a bundle, or a fit with --fit")
    else:
        if options.out is None:
            problems.add("--out", "is missing", fix="name the folder to write to")
        if options.output is not None:
            problems.add("--output", "is for the summary of a bundle", fix="use --out")
    problems.raise_if_any(StudyError, "export refused")


def _export_fit(options: argparse.Namespace, bundle: Bundle | None) -> int:
    written = export_fit(
        read_fit(options.fit),
        options.out,
        formats=names(options.to) or FORMATS,
        names=None if bundle is None else _symbols(bundle),
        bundle=bundle,
        overwrite=options.overwrite,
    )
    print(f"{counted(len(written), 'file')} written to {options.out}")
    for path in written:
        print(f"  {path.relative_to(options.out)}")
    return 0


def _symbols(bundle: Bundle) -> dict[str, str]:
    """Symbol by gene id, of the genes that have one."""
    ids = bundle.gene_ids
    pairs = zip(ids.tolist(), gene_names(bundle, ids).tolist(), strict=True)
    return {gene: name for gene, name in pairs if name != gene}
