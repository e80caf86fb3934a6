"""The backends there are. A new one is a file and a line here."""

from __future__ import annotations

import difflib

from isograph.backends import calibrated
from isograph.backends.baseline import backend as baseline
from isograph.backends.graph import backend as graph
from isograph.backends.latent import backend as latent
from isograph.backends.protocol import Backend
from isograph.backends.vae import backend as vae
from isograph.backends.wgcna import backend as wgcna
from isograph.errors import ConfigError, Problem

DEFAULT = "calibrated"
_ALL = (
    calibrated.BACKEND,
    baseline.BACKEND,
    graph.BACKEND,
    latent.BACKEND,
    vae.BACKEND,
    wgcna.BACKEND,
)
_BACKENDS: dict[str, Backend] = {backend.record.name: backend for backend in _ALL}


def backend_names() -> tuple[str, ...]:
    """Names of all backends, the default first."""
    return (DEFAULT, *sorted(name for name in _BACKENDS if name != DEFAULT))


def get_backend(name: str) -> Backend:
    """The backend of that name.

    Raises:
        ConfigError: there is none; names the near ones.
    """
    if name not in _BACKENDS:
        near = difflib.get_close_matches(name, _BACKENDS, n=3, cutoff=0.4) or list(_BACKENDS)
        raise ConfigError(
            "unknown backend", [Problem(name, "no such backend", fix=f"one of {', '.join(near)}")]
        )
    return _BACKENDS[name]
