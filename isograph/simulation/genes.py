"""The genes of a fixture: how many isoforms each has, which module and role it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ISOFORM_NUMBERS = (2, 3, 4, 5)
ISOFORM_PROBABILITIES = (0.45, 0.30, 0.15, 0.10)


class Role(StrEnum):
    """Which of a gene's channels follow its module's latent."""

    SWITCH_ONLY = "switch_only"
    ABUNDANCE_ONLY = "abundance_only"
    COUPLED = "coupled"
    DISCORDANT = "discordant"
    BACKGROUND = "background"


PLANTED_ROLES = (Role.SWITCH_ONLY, Role.ABUNDANCE_ONLY, Role.COUPLED, Role.DISCORDANT)
SWITCHING = (Role.SWITCH_ONLY, Role.COUPLED, Role.DISCORDANT)
CARRYING_ABUNDANCE = (Role.ABUNDANCE_ONLY, Role.COUPLED, Role.DISCORDANT)


@dataclass(frozen=True)
class Placement:
    """What was planted in each gene.

    Attributes:
        module: index of its module, −1 for background, shape (n_genes,).
        role: a `Role` value as text, shape (n_genes,).
    """

    module: Ints
    role: npt.NDArray[np.str_]

    def has_role(self, *roles: Role) -> Bools:
        """Whether each gene has one of the roles, shape (n_genes,)."""
        return np.isin(self.role, [role.value for role in roles])


def even_sizes(n_members: int, *, n_modules: int) -> tuple[int, ...]:
    """Sizes of modules that members are dealt to in turn: they differ by one at most."""
    return tuple((n_members + n_modules - 1 - index) // n_modules for index in range(n_modules))


def place_genes(
    rng: np.random.Generator, *, n_genes: int, module_roles: Sequence[Sequence[tuple[Role, int]]]
) -> Placement:
    """Deal modules and roles to genes at random, so that gene order tells nothing.

    Args:
        rng: stream of the step.
        n_genes: number of genes; what the modules leave over is background.
        module_roles: for each module its roles with their numbers of genes.
    """
    module = np.full(n_genes, -1, dtype=np.int64)
    role = np.full(n_genes, Role.BACKGROUND.value, dtype="U16")
    order = rng.permutation(n_genes)
    start = 0
    for index, roles in enumerate(module_roles):
        for name, count in roles:
            genes = order[start : start + count]
            module[genes] = index
            role[genes] = name.value
            start += count
    return Placement(module=module, role=role)


@dataclass(frozen=True)
class Layout:
    """Where the transcripts of each gene stand: gene by gene, isoform 1 first.

    Attributes:
        n_isoforms: isoforms of each gene, at least 1, shape (n_genes,).
    """

    n_isoforms: Ints

    @cached_property
    def gene(self) -> Ints:
        """Gene of each transcript, shape (n_transcripts,)."""
        return np.repeat(np.arange(len(self.n_isoforms)), self.n_isoforms)

    @cached_property
    def first(self) -> Ints:
        """Row of each gene's isoform 1, shape (n_genes,)."""
        return np.cumsum(self.n_isoforms) - self.n_isoforms

    @cached_property
    def isoform(self) -> Ints:
        """Number of each transcript within its gene, from 0, shape (n_transcripts,)."""
        return np.arange(len(self.gene)) - self.first[self.gene]


def draw_isoform_numbers(rng: np.random.Generator, *, n_genes: int) -> Ints:
    """Draw 2, 3, 4 or 5 isoforms a gene with `ISOFORM_PROBABILITIES`, shape (n_genes,)."""
    bounds = np.cumsum(ISOFORM_PROBABILITIES)[:-1]
    drawn = np.searchsorted(bounds, rng.random(n_genes), side="right")
    return np.array(ISOFORM_NUMBERS, dtype=np.int64)[drawn]


def draw_share_of(rng: np.random.Generator, *, members: Bools, share: float) -> Bools:
    """Pick the given share of `members`, to the nearest whole number, at random.

    Args:
        rng: stream of the step.
        members: who can be picked, shape (n,).
        share: between 0 and 1.

    Returns:
        Who was picked, shape (n,).
    """
    candidates = rng.permutation(np.flatnonzero(members))
    picked = np.zeros(len(members), dtype=bool)
    picked[candidates[: round(share * len(candidates))]] = True
    return picked
