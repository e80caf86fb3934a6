"""A study: one analysis of one bundle, the same object from flags and from `studies/*.yaml`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from isograph.errors import Problems, StudyError

_MAX_NAME = 120
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
NAME_RULE = "a name is made of letters, digits, `.`, `_` and `-`"
MAX_SEED = 2**63 - 1


class Study(BaseModel):
    """What to fit and how.

    Attributes:
        name: letters, digits, `.`, `_`, `-`; names the result folder and the Dagster partition.
        bundle: folder of the data set; in a study file relative to that file.
        covariates: formula of what is removed before anything else, e.g. `~ RIN + C(batch)`.
        traits: sample columns to test modules against; None takes every usable column.
        categorical: sample columns that are groups although they are written as numbers.
        drop_missing: drop samples with a missing covariate instead of refusing.
        backends: backends to fit.
        seed: random seed; it enters subsampling only, never the partition.
        stability_selection: also compare values of each backend's main parameter over halves of
            the samples (`isograph.selection`).
        set: settings by name (see `isograph.config`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME_PATTERN, max_length=_MAX_NAME)
    bundle: Path
    covariates: str | None = None
    traits: tuple[str, ...] | None = None
    categorical: tuple[str, ...] = ()
    drop_missing: bool = False
    backends: tuple[str, ...] = Field(("calibrated",), min_length=1)
    seed: int = Field(0, ge=0, le=MAX_SEED)
    stability_selection: bool = False
    set: dict[str, Any] = Field(default_factory=dict)

    @field_validator("traits", "categorical", "backends", mode="before")
    @classmethod
    def _one_is_many(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


_FIELDS = ", ".join(Study.model_fields)
_PLAIN = {
    "path_type": "is not the path of a folder",
    "tuple_type": "is not a list of names",
    "missing": "is missing",
    "too_short": "is empty",
    "string_pattern_mismatch": NAME_RULE,
}


def study_name(text: str) -> str:
    """A study name made of any text: what a name cannot hold becomes a dash."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).lstrip("-._")[:_MAX_NAME] or "study"


def make_study(where: str = "study", **fields: Any) -> Study:
    """A `Study` from keyword fields.

    Args:
        where: what the error message calls the source of the fields.
        **fields: see `Study`; `name` defaults to that of the bundle's folder.

    Raises:
        StudyError: names every field that is unknown, missing or malformed.
    """
    if "name" not in fields and isinstance(fields.get("bundle"), str | Path):
        fields["name"] = study_name(Path(fields["bundle"]).resolve().name)
    try:
        return Study(**fields)
    except ValidationError as error:
        problems = Problems()
        for item in error.errors():
            name = ".".join(str(part) for part in item["loc"]) or "study"
            if item["type"] == "extra_forbidden":
                near = difflib.get_close_matches(name, Study.model_fields, n=1, cutoff=0.6)
                fix = f"did you mean {near[0]}?" if near else f"one of {_FIELDS}"
                problems.add(name, "no such field", fix=fix)
            else:
                problems.add(name, _PLAIN.get(item["type"], item["msg"]))
        raise StudyError(f"{where} refused", problems.found) from error


def read_study(path: Path) -> Study:
    """Read `studies/<study>.yaml`.

    The name defaults to the file's, and a relative `bundle` is taken from the file's folder.

    Raises:
        StudyError: the file is missing, is not YAML, or holds unknown or malformed fields.
    """
    path = Path(path)
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(fields, dict):
        raise StudyError(f"{path} holds no `key: value` lines")
    fields = {"name": path.stem, **fields}
    if isinstance(fields.get("bundle"), str):
        fields["bundle"] = path.parent / fields["bundle"]
    return make_study(str(path), **fields)


def default_study(
    bundle: Path, *, name: str | None = None, traits: Sequence[str] | None = None
) -> Study:
    """The study a bundle gets when nobody wrote one: no covariates, every usable trait."""
    bundle = Path(bundle)
    return make_study(
        name=study_name(name or bundle.resolve().name),
        bundle=bundle,
        traits=tuple(traits) if traits is not None else None,
    )
