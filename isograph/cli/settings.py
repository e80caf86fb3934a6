"""`isograph settings`"""

from __future__ import annotations

import argparse

from isograph.backends import default_settings, get_backend
from isograph.cli.text import table
from isograph.config import FitSettings, Settings


def run(options: argparse.Namespace) -> int:
    """List every setting with its default and meaning."""
    shared, own = default_settings(get_backend(options.name or options.backend))
    sections: dict[str, Settings] = {n: getattr(shared, n) for n in FitSettings.model_fields}
    sections["backend"] = own
    rows = [
        (f"{section}.{name}", str(getattr(values, name)), field.description or "")
        for section, values in sections.items()
        for name, field in type(values).model_fields.items()
    ]
    print(table(rows, ("setting", "default", "meaning")))
    return 0
