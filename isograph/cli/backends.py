"""`isograph backends`"""

from __future__ import annotations

import argparse
import textwrap

from isograph.backends import backend_names, get_backend
from isograph.cli.text import table

_WIDTH = 100


def run(options: argparse.Namespace) -> int:
    """List the backends, or tell everything about one."""
    if options.name is None:
        rows = [(name, get_backend(name).record.summary) for name in backend_names()]
        print(table(rows, ("backend", "what it does")))
        print("\nmore about one: isograph backends NAME")
        return 0
    backend = get_backend(options.name)
    record = backend.record
    print(_wrapped(record.summary))
    for title, text in (
        ("Assumes", record.assumes),
        ("Limits", record.limits),
        ("On noise", _NOISE[record.calibrated]),
        ("Broad factors", f"{backend.broad_factors} where a study does not say"),
        ("Reference", record.reference),
        ("Settings", f"isograph settings --backend {record.name}"),
    ):
        print(_wrapped(f"{title}: {text}"))
    return 0


_NOISE = {
    True: "finds a module in no more data sets than its family-wise level says",
    False: "may find modules; their p says how strong they are",
}


def _wrapped(text: str) -> str:
    return "\n" + textwrap.fill(text, _WIDTH)
