"""Every setting of a fit, typed and bounded, and the way `--set key=value` reaches it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from isograph.errors import ConfigError, Problems


class Settings(BaseModel):
    """Base of all settings: unknown keys are refused, values are fixed once made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureSettings(Settings):
    """How counts become features (`isograph.features`)."""

    min_count: float = Field(
        10.0, ge=0, description="a gene needs this total count in enough samples"
    )
    min_samples: int = Field(3, ge=1, description="'enough samples' is at least this many")
    min_sample_share: float = Field(0.10, ge=0, le=1, description="… and at least this share")
    transcript_min_samples: int = Field(
        2, ge=0, description="a transcript must be seen in more samples than this"
    )
    transcript_min_share: float = Field(0.01, ge=0, le=1, description="… and than this share")
    max_tied_share: float = Field(
        0.80,
        gt=0,
        le=1,
        description="a feature with one value in a larger share of samples is left out",
    )
    normalisation: Literal["median_of_ratios", "tmm", "none"] = Field(
        "median_of_ratios", description="library sizes behind abundance"
    )
    usage_prior_min: float = Field(1.0, gt=0, description="bounds of the Dirichlet prior …")
    usage_prior_max: float = Field(50.0, gt=0, description="… of a gene's usage, in counts")
    abundance_prior_min: float = Field(1.0, gt=0, description="bounds of the gamma prior …")
    abundance_prior_max: float = Field(50.0, gt=0, description="… of a gene's abundance, in counts")
    max_axes: int = Field(8, ge=1, description="switch axes kept a gene, at most")
    axis_noise_ratio: float = Field(
        1.5, ge=0, description="a further axis is kept above this multiple of its count noise"
    )
    clip: float = Field(3.0, gt=1, description="winsorising, in robust standard deviations")


class CalibratedSettings(Settings):
    """The `calibrated` backend: edges that noise would not give."""

    false_edges_per_feature: float = Field(
        3e-3, gt=0, lt=1, description="false edges expected per feature, in all"
    )
    neighbours: int = Field(30, ge=1, le=1000, description="strongest partners kept a feature")
    proposals_per_feature: float = Field(
        1.0, ge=0, description="false pairs a feature that may propose a faint module; 0: none"
    )
    kernel: Literal["numpy", "torch"] = Field(
        "numpy", description="library of the all-pairs product; the edges are the same"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where the torch kernel runs; auto takes CUDA if it is there"
    )
    approximate_above: int = Field(
        120_000,
        ge=0,
        description="above this many features neighbours are searched for approximately; 0: never",
    )
    approximate_probes: int = Field(
        16, ge=1, description="cells an approximate search looks into for each feature"
    )


class CommunitySettings(Settings):
    """How edges become modules (`isograph.communities`), for every backend."""

    resolution: float = Field(1.0, gt=0, description="Leiden's resolution, on modularity")
    edge_fwer: float = Field(
        0.01, gt=0, lt=1, description="an edge this significant family-wise keeps its genes"
    )
    member_fwer: float = Field(
        0.05, gt=0, lt=1, description="family-wise level of a gene against the rest of its module"
    )
    joining_fdr: float = Field(
        0.01, gt=0, lt=1, description="false share of module genes, where they join by the factor"
    )
    joining_local_fdr: float = Field(
        0.2, gt=0, lt=1, description="chance that the last gene to join is a false one"
    )
    pair_fwer: float = Field(
        0.002, gt=0, lt=1, description="family-wise level for modules of two genes"
    )
    module_fwer: float = Field(0.01, gt=0, lt=1, description="family-wise level of a module")
    faint_modules: bool = Field(
        True, description="look for modules whose members no pair of genes shows"
    )
    faint_fdr: float = Field(
        0.05, gt=0, lt=1, description="false share of the genes that make a faint module's factor"
    )
    merge_correlation: float = Field(
        0.65, gt=0, lt=1, description="disattenuated correlation that makes two parts one module"
    )
    half_samples: int = Field(20, ge=2, description="subsamples behind membership and stability")


class ProgrammeSettings(Settings):
    """Broad factors that members of several modules share (`isograph.programmes`)."""

    broad_factors: Literal["auto", "report", "off"] = Field(
        "auto", description="take them out before modules are found, only report them, or neither"
    )
    max_factors: int = Field(8, ge=1, le=50, description="broad factors, at most")
    least_residual_edges: int = Field(
        5, ge=1, description="significant pairs beside modules' own factors that start the search"
    )
    broad_share: float = Field(
        0.15, gt=0, lt=1, description="share of module genes that must load on a broad factor"
    )
    trait_share: float = Field(
        0.5, gt=0, lt=1, description="adjusted R² from which a declared trait explains a factor"
    )
    curve_share: float = Field(
        0.3, gt=0, lt=1, description="adjusted R² from which a module is a bent broad factor"
    )
    rounds: int = Field(5, ge=1, description="alternations between factors and modules, at most")
    search_genes: int = Field(2000, ge=100, description="genes that the search looks at, at most")


class RoleSettings(Settings):
    """Channel roles of genes (`isograph.modules.roles`)."""

    active_r: float = Field(0.2, gt=0, lt=1, description="a channel is active at this |r|")


class FitSettings(Settings):
    """All settings of a fit but the backend's own."""

    features: FeatureSettings = FeatureSettings()
    communities: CommunitySettings = CommunitySettings()
    programmes: ProgrammeSettings = ProgrammeSettings()
    roles: RoleSettings = RoleSettings()


def apply_overrides(
    overrides: Mapping[str, Any],
    *,
    settings: FitSettings,
    backend: Settings,
) -> tuple[FitSettings, Settings]:
    """Set fields by name: `section.field`, or `field` alone where only one section has it.

    Args:
        overrides: field name to value; text is read as the field's type.
        settings: the shared settings to start from.
        backend: the backend's settings to start from, section `backend`.

    Returns:
        The two settings with the overrides in place.

    Raises:
        ConfigError: names every unknown field (with near ones) and every value out of bounds.
    """
    sections: dict[str, Settings] = {
        name: getattr(settings, name) for name in FitSettings.model_fields
    }
    sections["backend"] = backend
    known = {
        f"{section}.{field}": (section, field)
        for section, values in sections.items()
        for field in type(values).model_fields
    }
    short: dict[str, list[str]] = {}
    for full, (_, field) in known.items():
        short.setdefault(field, []).append(full)

    problems = Problems()
    chosen: dict[str, dict[str, Any]] = {section: {} for section in sections}
    for key, value in overrides.items():
        full = key if key in known else (short[key][0] if len(short.get(key, [])) == 1 else "")
        if not full:
            _explain_unknown(problems, key, known=list(known), short=short)
            continue
        section, field = known[full]
        chosen[section][field] = value
    updated: dict[str, Settings] = {}
    for section, values in sections.items():
        try:
            updated[section] = type(values).model_validate(values.model_dump() | chosen[section])
        except ValidationError as error:
            for item in error.errors():
                name = ".".join([section, *(str(part) for part in item["loc"])])
                problems.add(name, f"{item['msg']}, got {item['input']!r}")
    problems.raise_if_any(ConfigError, "settings refused")
    shared = FitSettings.model_validate({n: updated[n] for n in FitSettings.model_fields})
    return shared, updated["backend"]


def _explain_unknown(
    problems: Problems, key: str, *, known: list[str], short: Mapping[str, list[str]]
) -> None:
    if len(short.get(key, [])) > 1:
        problems.add(key, "stands in several sections", examples=short[key], fix="name one")
        return
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
    near_short = difflib.get_close_matches(key.rpartition(".")[2], list(short), n=3, cutoff=0.6)
    near += [full for field in near_short for full in short[field] if full not in near]
    problems.add(
        key,
        "no such setting",
        fix=f"did you mean {', '.join(near[:3])}?" if near else "see `isograph settings`",
    )
