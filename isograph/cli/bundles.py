"""`isograph validate` and `isograph export`"""

from __future__ import annotations

import argparse
import sys

from isograph.bundle import load_bundle, validate_bundle
from isograph.exporters import summarise_bundle
from isograph.files import to_json, write_text


def run(options: argparse.Namespace) -> int:
    """Check a bundle, or write its summary."""
    return _validate(options) if options.command == "validate" else _export(options)


def _validate(options: argparse.Namespace) -> int:
    problems = validate_bundle(options.bundle)
    if not problems:
        print(f"{options.bundle}: a valid bundle")
        return 0
    print(f"{options.bundle}: {len(problems)} problem(s)", file=sys.stderr)
    for problem in problems:
        print(f"  - {problem}", file=sys.stderr)
    return 1


def _export(options: argparse.Namespace) -> int:
    bundle = load_bundle(options.dataset_path)
    text = to_json(summarise_bundle(bundle))
    if options.output is None:
        sys.stdout.write(text)
    else:
        write_text(options.output, text)
        print(f"written to {options.output}")
    return 0
