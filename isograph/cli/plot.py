"""`isograph plot`"""

from __future__ import annotations

import argparse

from isograph.plots import write_plots
from isograph.results import read_fit


def run(options: argparse.Namespace) -> int:
    """Draw the pictures of a stored fit."""
    fit = read_fit(options.fit)
    folder = options.output_dir or options.fit
    for path in write_plots(fit, folder):
        print(path)
    return 0
