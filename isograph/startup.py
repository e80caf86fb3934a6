"""What must hold before anything runs: only one package may own the import name `isograph`."""

from __future__ import annotations

from importlib import metadata

from isograph.errors import IsographError

_PUBLISHED = "isograph"


def check_installation() -> None:
    """Refuse to run beside the published package `isograph` 0.1.x.

    Both install the same import name, so files of the two would mix.

    Raises:
        IsographError: says how to remove it.
    """
    try:
        found = metadata.version(_PUBLISHED)
    except metadata.PackageNotFoundError:
        return
    raise IsographError(
        f"the published package isograph {found} is installed in the same environment and uses "
        "the same import name.\n"
        "  Remove it and install again:\n"
        "    pip uninstall isograph\n"
        "    pip install --force-reinstall --no-deps isograph-assets   (or: pip install -e .)"
    )
