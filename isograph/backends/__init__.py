"""Backends say how strongly two features go together; the runner does all the rest, once."""

from isograph.backends.protocol import Backend, BackendRecord
from isograph.backends.registry import DEFAULT, backend_names, get_backend
from isograph.backends.runner import fit, study_features
from isograph.backends.settings import default_settings, resolve_settings

__all__ = [
    "DEFAULT",
    "Backend",
    "BackendRecord",
    "backend_names",
    "default_settings",
    "fit",
    "get_backend",
    "resolve_settings",
    "study_features",
]
