"""What a user should know about a fit before reading its modules, in sentences."""

from __future__ import annotations

from isograph.features.dependence import rarely_varying
from isograph.results.model import Fit

_CLEAR_Q = 0.05


def before_reading(fit: Fit) -> tuple[str, ...]:
    """Everything that a user should know about a fit before reading its modules."""
    blocks = fit.config.get("blocks")
    return (*removed_traits(fit), *(rarely_varying(blocks) if blocks else ()))


def removed_traits(fit: Fit) -> tuple[str, ...]:
    """Sample columns that a broad factor follows which was taken out, and how to keep it.

    A batch is better gone. A condition that was studied is not: modules can only go with what
    other directions leave of it, unless the study declares it as a trait.

    Args:
        fit: any.
    """
    programmes = fit.programmes
    known = {str(trait["name"]) for trait in fit.config["traits"]}
    clear = (
        programmes["removed"].astype(bool)
        & programmes["best_match"].isin(known)
        & (programmes["best_match_q"] <= _CLEAR_Q)
    )
    by_trait = programmes[clear].groupby("best_match", sort=True)["programme_id"]
    told = []
    for trait, names in by_trait:
        alone = len(names) == 1
        told.append(
            f"{', '.join(sorted(map(str, names)))} {'follows' if alone else 'follow'} {trait} and "
            f"{'was' if alone else 'were'} taken out before modules were found; --traits {trait} "
            "keeps it in"
        )
    return tuple(told)
