"""The values that are compared: settings of one backend that differ in its main parameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isograph.backends.protocol import Backend, Found
from isograph.backends.settings import resolve_settings
from isograph.config import FitSettings, Settings
from isograph.errors import ConfigError, InputError, Problems, StudyError
from isograph.study import Study


@dataclass(frozen=True)
class Grid:
    """What stability selection runs over.

    Attributes:
        backend: whose modules they are.
        parameter: name of the setting that varies.
        shared: settings that all values share.
        own: the backend's settings as the study has them.
        settings: the backend's settings at each value, by ascending value.
    """

    backend: Backend
    parameter: str
    shared: FitSettings
    own: Settings
    settings: dict[float, Settings]

    def study_value(self, found: Found) -> float:
        """The value that the study itself uses.

        Args:
            found: modules of all samples with the study's own settings.

        Raises:
            StudyError: the data were to choose it and could not.
        """
        value = getattr(self.own, self.parameter)
        value = value or found.partition.association.calibration.get(self.parameter)
        if not value:
            raise StudyError(
                f"stability selection refused: {self.backend.record.name} chose no "
                f"{self.parameter} on these data; give one with --set"
            )
        return float(value)


def resolve_grid(
    study: Study, backend: Backend, *, values: Sequence[float | str] | None = None
) -> Grid:
    """The backend's settings at every value of its main parameter.

    Args:
        study: gives all other settings.
        backend: one that has a main parameter.
        values: to compare; the backend's own grid if None. Text is read as a number.

    Returns:
        The grid, without the study's own value where that is none of `values`.

    Raises:
        StudyError: the backend has nothing to vary.
        ConfigError: names every setting and value that is malformed or out of bounds.
    """
    shared, own = resolve_settings(study, backend)
    name = backend.record.name
    if backend.main is None:
        raise StudyError(
            f"stability selection refused: {name} looks for no modules, so that there is nothing "
            "to vary"
        )
    parameter = backend.main.name
    asked = backend.main.grid(own) if values is None else values
    problems = Problems()
    settings: dict[float, Settings] = {}
    for value in asked:
        one = study.model_copy(update={"set": {**study.set, f"{name}.{parameter}": value}})
        try:
            _, made = resolve_settings(one, backend)
        except InputError as error:
            problems.found += error.problems
            continue
        number = float(getattr(made, parameter))
        if number > 0:
            settings[number] = made
        else:
            where = f"{name}.{parameter}"
            problems.add(where, f"is {number:g}", fix="a value above 0: 0 is no value of a grid")
    if not asked:
        problems.add(f"{name}.{parameter}", "no value to compare", fix="name one or more")
    problems.raise_if_any(ConfigError, "grid of stability selection refused")
    return Grid(backend, parameter, shared, own, dict(sorted(settings.items())))
