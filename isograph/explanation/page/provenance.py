"""What a page was made of, for its foot; taken from the fit, so that no clock is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from isograph.explanation.page.format import compact
from isograph.explanation.source import Source

Pairs = tuple[tuple[str, str], ...]

_DETAIL_OF = {"baseline": "integrated_gradients", "gene_set_sizes": "gene_sets"}


def provenance(source: Source, options: Mapping[str, Any]) -> Pairs:
    """Label and value of everything that the result depends on.

    Args:
        source: fit and data.
        options: of the explanation.
    """
    config = source.fit.config
    git = config.get("git") or {}
    commit = git.get("commit") or "unknown"
    told = {
        "Study": config["study"],
        "Backend": config["backend"],
        "Data set": config["bundle"]["name"],
        "Content hash of the data": config["bundle"]["content_hash"],
        "Samples": f"{len(source.sample_ids):,}",
        "Covariates": config["covariates"] or "none",
        "Taken as groups": ", ".join(map(str, config["categorical"])) or "nothing beyond the kinds",
        "Broad factors taken out": ", ".join(removed_programmes(source)) or "none",
        "Seed": config["seed"],
        "isograph": config["isograph_version"],
        "Commit": f"{commit}, with changes of its own" if git.get("dirty") else commit,
        "Asked for": ", ".join(_asked(options)) or "nothing beyond the defaults",
    }
    if "blocks" in config:
        told["Samples in blocks"] = _blocks(config["blocks"])
    return tuple((label, str(value)) for label, value in told.items())


def _blocks(record: Mapping[str, Any]) -> str:
    """Whose samples belong together, and which tests know of it."""
    units = [
        f"{', '.join(names)} tested {unit} them"
        for unit in ("within", "between")
        if (names := [name for name, one in record["traits"].items() if one == unit])
    ]
    told = [f"{record['n_blocks']} of {record['column']}", *units]
    untold = "transcript polarity and high against low take samples as independent"
    return "; ".join((*told, untold))


def removed_programmes(source: Source) -> list[str]:
    """Names of the programmes that were taken out before modules were found."""
    table = source.fit.programmes
    return [str(name) for name in table.loc[table["removed"].astype(bool), "programme_id"]]


def flat_record(record: Mapping[str, Any], *, above: str = "") -> Pairs:
    """The scalars of a nested record by readable path; lists of scalars by commas."""
    told: list[tuple[str, str]] = []
    for key, value in record.items():
        label = f"{above}{str(key).replace('_', ' ')}"
        if isinstance(value, Mapping):
            told += flat_record(value, above=f"{label}: ")
        elif isinstance(value, list | tuple):
            if value and not any(isinstance(v, Mapping | list | tuple) for v in value):
                told.append((label, ", ".join(_scalar(v) for v in value)))
        elif value is not None:
            told.append((label, _scalar(value)))
    return tuple(told)


def _scalar(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return compact(np.array([value], dtype=np.float64))[0]
    return "" if value is None or value is pd.NA else str(value)


def _asked(options: Mapping[str, Any]) -> list[str]:
    """What was asked for, in words; details of what was not are left out."""
    told = []
    for key, value in options.items():
        if value is None or value is False or not options.get(_DETAIL_OF.get(key, key)):
            continue
        name = key.replace("_", " ")
        if isinstance(value, list | tuple):
            value = " to ".join(map(str, value))
        told.append(name if value is True else f"{name} {value}")
    return told
