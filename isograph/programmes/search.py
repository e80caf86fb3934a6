"""Search for broad factors: start from several guesses, alternate with modules, let evidence say.

The model of a feature is its own module's factor, plus broad factors that many features share,
plus noise. Given modules, broad factors are the leading components of what modules leave; given
broad factors, modules are found in what those leave. The two steps alternate from several starting
points (components of all features; the broadest of their varimax rotations, Kaiser 1958), and the
account that saves most nats (`evidence`) is kept, if it beats modules alone, overlapping modules,
and one factor fewer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from isograph.communities.partition import Partition
from isograph.config import ProgrammeSettings
from isograph.features.model import FeatureSet
from isograph.network.association import Association
from isograph.programmes.breadth import ENOUGH_MEMBERS, breadth
from isograph.programmes.curves import curved_responses
from isograph.programmes.directions import Directions, principal_directions, remove
from isograph.programmes.evidence import (
    ModuleFactors,
    module_factors,
    modules_alone,
    overlapping_modules,
    with_directions,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FindModules = Callable[[FeatureSet], tuple[Association, Partition]]

_ROTATED = 12
_HIGH_LOADING = 0.3
_BROADEST = 2
_STILL = 2.0
_MARGIN = 20.0
_RELATIVE_MARGIN = 0.001


@dataclass(frozen=True)
class Account:
    """Modules with or without broad factors, and the nats that they save.

    Attributes:
        features: before removal.
        clean: after it; `features` itself without directions.
        association: pairs of `clean`.
        labels: modules of `clean`, shape (n_genes,).
        directions: the broad factors; None without.
        nats: saved by modules and directions together.
    """

    features: FeatureSet
    clean: FeatureSet
    association: Association
    labels: Ints
    directions: Directions | None
    nats: float

    @property
    def size(self) -> int:
        """Number of directions, curves aside."""
        return 0 if self.directions is None else len(self.directions)

    @cached_property
    def before(self) -> ModuleFactors:
        """Factors of the modules in features before removal."""
        return module_factors(self.features, self.association, self.labels)

    @cached_property
    def partition_alone(self) -> float:
        """Nats of the same modules without the directions."""
        return modules_alone(self.features, self.before, self.labels)

    @cached_property
    def overlapping(self) -> float:
        """Nats of the same modules without the directions, genes free to follow a second one."""
        return overlapping_modules(self.features, self.before, self.labels)


class Search:
    """One search; holds what does not change.

    Args:
        features: to explain.
        find: association and modules of features.
        settings: limits.
        log_depth: log library size, centred and scaled, if known, shape (n_samples,).
        strict: whether factors must be broad; a thinned sample of genes cannot tell.
    """

    def __init__(
        self,
        features: FeatureSet,
        find: FindModules,
        settings: ProgrammeSettings,
        *,
        log_depth: Floats | None,
        strict: bool = True,
    ) -> None:
        self.features = features
        self.find = find
        self.settings = settings
        self.log_depth = log_depth
        self.strict = strict
        # a direction costs a degree of freedom: half of them must be left
        room = max(features.df_residual // 2, 0)
        self.most = min(settings.max_factors, room)

    def run(self) -> tuple[Account, Account]:
        """The account without broad factors, and the best one (the same if none pays)."""
        plain = self.account(None)
        if self.most == 0:
            return plain, plain
        starts = self._starts()
        best = plain
        for accepted in (self._broad_and_better, self._told_apart):
            if best.directions is None:
                found = [start for start in starts if accepted(start, plain)]
                best = max([plain, *found], key=lambda one: one.nats)
        while 0 < best.size < self.most:
            further = self.climb(self._with_one_more(best))
            if not self._broad_and_better(further, best):
                break
            best = further
        return plain, self._with_curves(best)

    def account(self, directions: Directions | None) -> Account:
        """Modules after removal of `directions`, and what all save."""
        features = self.features
        if directions is None:
            association, partition = self.find(features)
            none = Account(features, features, association, partition.labels, None, 0.0)
            return replace(none, nats=none.partition_alone)
        n_named = len(directions.everything)
        clean = remove(features, directions, names=tuple(f"factor {k}" for k in range(n_named)))
        association, partition = self.find(clean)
        factors = module_factors(clean, association, partition.labels)
        nats = with_directions(features, directions, factors, partition.labels)
        return Account(features, clean, association, partition.labels, directions, nats)

    def climb(self, start: Account) -> Account:
        """Alternate between directions and modules; the best account on the way."""
        best = now = start
        for _ in range(self.settings.rounds):
            following = self.account(self._reestimated(now, now.size))
            moved = abs(following.nats - now.nats)
            now = following
            best = max(best, now, key=lambda one: one.nats)
            if moved < _STILL:
                break
        return best

    def _starts(self) -> list[Account]:
        rows = self.features.values
        found: list[Account] = []
        for k in range(1, self.most + 1):
            found.append(self.climb(self.account(principal_directions(rows, k))))
            if k > 1 and found[-1].nats < found[-2].nats:
                break
        rotated = min(_ROTATED, self.features.df_residual // 4)
        if rotated > 1:
            components = principal_directions(rows, rotated)
            loadings = rows @ components.values.T / self.features.n_samples
            turn = varimax(loadings)
            reach = np.count_nonzero(np.abs(loadings @ turn) > _HIGH_LOADING, axis=0)
            for k in np.argsort(-reach, kind="stable")[:_BROADEST]:
                found.append(self.climb(self.account(components.turned(turn[:, [k]].T))))
        return found

    def _with_one_more(self, account: Account) -> Account:
        return self.account(self._reestimated(account, account.size + 1))

    def _reestimated(self, account: Account, k: int) -> Directions:
        """Leading components of what modules leave."""
        assert account.directions is not None
        curves = account.directions.curves
        rest = self._left_by_modules(account)
        if len(curves):
            bent = np.linalg.qr(curves.T)[0]
            rest = rest - (rest @ bent) @ bent.T
        return principal_directions(rest, k, curves=curves)

    def _left_by_modules(self, account: Account) -> Floats:
        """Rows less the part of their module that the directions do not share."""
        assert account.directions is not None
        rows, directions = account.features.values, account.directions
        factors = module_factors(account.clean, account.association, account.labels)
        own = factors.own
        span = np.linalg.qr(directions.everything.T)[0]
        apart = own - (own @ span) @ span.T
        size = np.einsum("ij,ij->i", apart, apart)
        along = np.einsum("ij,ij->i", rows, apart) / np.maximum(size, 1e-9)
        rest: Floats = rows - along[:, None] * own
        # what a factor leaves of a few genes depends on one another: a direction made of it would
        # seem to explain them
        few = np.append(factors.size, ENOUGH_MEMBERS) < ENOUGH_MEMBERS  # label −1 is the last
        rest[few[factors.label]] = 0.0
        return rest

    def _broad_and_better(self, account: Account, reference: Account) -> bool:
        """Whether the account beats the reference, and its directions are broad."""
        if account.nats <= _raised(reference.nats):
            return False
        if not self.strict:
            return True
        assert account.directions is not None
        reach = breadth(self.features, account.directions, account.before, account.labels)
        # genes in two modules leave something behind too, but one direction of it never reaches
        # most genes of all modules
        if account.size == 1 and reach[0].reaches_most:
            return True
        rival = reference.overlapping if reference.directions is None else reference.nats
        return account.nats > _raised(rival) and all(
            one.is_broad(self.settings.broad_share) for one in reach
        )

    def _told_apart(self, account: Account, plain: Account) -> bool:
        """Whether taking one direction out serves to find modules that make sense with it in.

        Modules that something drives as wholes merge. Without the driver they fall apart, and
        that they were right shows in the features as they are.
        """
        bar = _raised(max(plain.nats, plain.overlapping))
        return account.size == 1 and min(account.nats, account.partition_alone) > bar

    def _with_curves(self, best: Account) -> Account:
        """Directions with the bent responses of what follows them."""
        for _ in range(self.settings.rounds):
            if best.directions is None:
                break
            curves = curved_responses(
                best.clean,
                best.association,
                best.labels,
                best.directions,
                log_depth=self.log_depth,
                least_share=self.settings.curve_share,
            )
            if len(curves) == 0:
                break
            best = self.climb(self.account(_bent(best.directions, curves)))
        return best


def _bent(directions: Directions, curves: Floats) -> Directions:
    return directions.with_curves(np.vstack([directions.curves, curves]))


def _raised(nats: float) -> float:
    """What an account must exceed to beat another with these nats."""
    return nats + _MARGIN + _RELATIVE_MARGIN * max(nats, 0.0)


def varimax(loadings: Floats, *, iterations: int = 60) -> Floats:
    """Rotation that makes squared loadings as uneven as they get (Kaiser 1958).

    Args:
        loadings: shape (n_rows, n_factors).
        iterations: at most.

    Returns:
        Orthogonal matrix, shape (n_factors, n_factors); rotated loadings are `loadings @ it`.
    """
    n_factors = loadings.shape[1]
    turn = np.eye(n_factors)
    reached = 0.0
    for _ in range(iterations):
        now = loadings @ turn
        slope = loadings.T @ (now**3 - now * np.mean(now**2, axis=0))
        left, strength, right = np.linalg.svd(slope)
        turn = left @ right
        if strength.sum() < reached * (1 + 1e-7):
            break
        reached = float(strength.sum())
    return turn
