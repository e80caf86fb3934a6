"""`isograph validate`"""

from __future__ import annotations

import argparse
import sys

from isograph.bundle import validate_bundle


def run(options: argparse.Namespace) -> int:
    """Check a bundle; 1 if anything is wrong with it."""
    problems = validate_bundle(options.bundle)
    if not problems:
        print(f"{options.bundle}: a valid bundle")
        return 0
    print(f"{options.bundle}: {len(problems)} problem(s)", file=sys.stderr)
    for problem in problems:
        print(f"  - {problem}", file=sys.stderr)
    return 1
