"""Settings of a fit: defaults by backend, and what a study says of all backends or of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from isograph.backends.protocol import Backend
from isograph.backends.registry import backend_names, get_backend
from isograph.config import FitSettings, ProgrammeSettings, Settings, apply_overrides
from isograph.errors import ConfigError, InputError, Problems
from isograph.study import Study

_OWN = "backend"


def default_settings(backend: Backend) -> tuple[FitSettings, Settings]:
    """Shared settings and the backend's own where nobody says anything."""
    programmes = ProgrammeSettings(broad_factors=backend.broad_factors)
    return FitSettings(programmes=programmes), backend.settings()


def resolve_settings(study: Study, backend: Backend) -> tuple[FitSettings, Settings]:
    """Defaults with the study's `set` in place.

    `wgcna.power` is said of one backend and goes before `backend.power` or `power`, which are said
    of every backend of the study; what is said of another backend of the study is checked and left
    aside.

    Raises:
        ConfigError: settings that are unknown, malformed or of a backend that is not asked for,
            all of them at once.
    """
    said: dict[str, Any] = {}
    of_one: dict[str, dict[str, Any]] = {}
    for key, value in study.set.items():
        name, field = _addressed(key)
        if name is None:
            said[key] = value
        else:
            of_one.setdefault(name, {})[field] = value
    problems = Problems()
    asked = {*study.backends, backend.record.name}
    for name, fields in of_one.items():
        if name not in asked:
            where, what = f"{name}.{next(iter(fields))}", f"{name} is not among the backends"
            problems.add(where, what, fix=f"ask for --backend {name}, or leave it out")
        _check(name, fields, problems)
    shared, own = default_settings(backend)
    mine = {} if problems.found else of_one.get(backend.record.name, {})
    for field in mine:
        said.pop(field, None)
        said.pop(f"{_OWN}.{field}", None)
    try:
        found = apply_overrides(
            said | {f"{_OWN}.{field}": value for field, value in mine.items()},
            settings=shared,
            backend=own,
        )
    except InputError as error:
        problems.found += error.problems
    problems.raise_if_any(ConfigError, "settings refused")
    return found


def settings_for(settings: Mapping[str, Any], backend: str) -> dict[str, Any]:
    """Settings by name without those that are said of another backend."""
    return {k: value for k, value in settings.items() if _addressed(k)[0] in (None, backend)}


def _addressed(key: str) -> tuple[str | None, str]:
    """The backend that a setting is said of, None for all, and the setting's name there."""
    section, _, field = key.partition(".")
    return (section, field) if section in backend_names() else (None, key)


def _check(name: str, fields: Mapping[str, Any], problems: Problems) -> None:
    """Note what is wrong with settings that are said of one backend."""
    shared, own = default_settings(get_backend(name))
    overrides = {f"{_OWN}.{field}": value for field, value in fields.items()}
    try:
        apply_overrides(overrides, settings=shared, backend=own)
    except InputError as error:
        for problem in error.problems:
            where, fix = (
                text and text.replace(f"{_OWN}.", f"{name}.")
                for text in (problem.where, problem.fix)
            )
            problems.found.append(replace(problem, where=where, fix=fix))
