"""A study: one analysis of one bundle, the same object from flags and from `studies/*.yaml`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from isograph.errors import Problems, StudyError

_MAX_NAME = 120
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
NAME_RULE = "a name is made of letters, digits, `.`, `_` and `-`"
MAX_SEED = 2**63 - 1
ORDER_RULE = "name two levels at least, each once, from lowest to highest"


class ImportFields(BaseModel):
    """How a study's samples become a bundle, where they are none yet.

    Attributes:
        kind: as `isograph import` names it; `auto` looks.
        tx2gene, gtf, samples: files; in a study file relative to that file. What is not named is
            taken from beside the samples where it bears its usual name.
        sample_column, sheet, allow_missing, allow_union, min_overlap, counts_from_abundance,
            read_length, without_gene, aligner, layer, gene_column: as the flags of
            `isograph import`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = "auto"
    tx2gene: Path | None = None
    gtf: Path | None = None
    samples: Path | None = None
    sample_column: str | None = None
    sheet: str | None = None
    allow_missing: bool = False
    allow_union: bool = False
    min_overlap: float | None = Field(None, ge=0, le=1)
    counts_from_abundance: Literal["no", "scaledTPM", "lengthScaledTPM", "dtuScaledTPM"] = "no"
    read_length: float | None = Field(None, gt=0)
    without_gene: Literal["keep", "drop"] = "keep"
    aligner: str | None = None
    layer: str | None = None
    gene_column: str | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are named."""
        return tuple(path for path in (self.tx2gene, self.gtf, self.samples) if path is not None)

    def below(self, folder: Path) -> ImportFields:
        """The same with relative files taken from a folder."""
        named = {name: getattr(self, name) for name in ("tx2gene", "gtf", "samples")}
        placed = {name: folder / path for name, path in named.items() if path is not None}
        return self.model_copy(update=placed)


class Study(BaseModel):
    """What to fit and how.

    Attributes:
        name: letters, digits, `.`, `_`, `-`; names the result folder and the Dagster partition.
        bundle: folder of the data set; in a study file relative to that file. For the pipeline it
            may be a folder of quantified samples.
        imports: how quantified samples are imported (`import:` in a study file).
        covariates: formula of what is removed before anything else, e.g. `~ RIN + C(batch)`.
        traits: sample columns to test modules against; None takes every usable column.
        categorical: sample columns that are groups although they are written as numbers.
        block: sample column that names the donor where donors have several samples; None takes the
            one that the bundle records, `none` takes samples as independent.
        ordered: levels from lowest to highest, by sample column; others may be recorded in the
            bundle.
        drop_missing: drop samples with a missing covariate instead of refusing.
        backends: backends to fit.
        seed: random seed; it enters subsampling only, never the partition.
        stability_selection: also compare values of each backend's main parameter over halves of
            the samples (`isograph.selection`).
        set: settings by name (see `isograph.config`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field(pattern=NAME_PATTERN, max_length=_MAX_NAME)
    bundle: Path
    imports: ImportFields | None = Field(None, alias="import")
    covariates: str | None = None
    traits: tuple[str, ...] | None = None
    categorical: tuple[str, ...] = ()
    block: str | None = Field(None, min_length=1)
    ordered: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    drop_missing: bool = False
    backends: tuple[str, ...] = Field(("calibrated",), min_length=1)
    seed: int = Field(0, ge=0, le=MAX_SEED)
    stability_selection: bool = False
    set: dict[str, Any] = Field(default_factory=dict)

    @field_validator("traits", "categorical", "backends", mode="before")
    @classmethod
    def _one_is_many(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value

    @field_validator("ordered", mode="before")
    @classmethod
    def _levels_are_text(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        split = {name: cls._one_is_many(levels) for name, levels in value.items()}
        return {
            name: tuple(map(_level_text, levels)) if isinstance(levels, list | tuple) else levels
            for name, levels in split.items()
        }

    @field_validator("ordered")
    @classmethod
    def _is_an_order(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        bad = [name for name, levels in value.items() if not 1 < len(set(levels)) == len(levels)]
        if bad:
            raise ValueError(f"levels of {', '.join(bad)}: {ORDER_RULE}")
        return value


def _level_text(level: Any) -> str:
    """A level as sample tables are read: `1`, not `1.0`."""
    whole = isinstance(level, float) and level.is_integer()
    return f"{level:.0f}" if whole else str(level).strip()


_FIELDS = ", ".join(field.alias or name for name, field in Study.model_fields.items())
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
    study = make_study(str(path), **fields)
    if study.imports is None:
        return study
    return study.model_copy(update={"imports": study.imports.below(path.parent)})


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
