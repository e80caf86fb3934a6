"""One random stream per fixture, seed and step, so that a new step never shifts the others."""

from __future__ import annotations

import hashlib

import numpy as np


def _name_entropy(name: str) -> int:
    """128 bits of a name's SHA-256: the same on every machine, unlike `hash`."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")


class Streams:
    """Hands out the random streams of one fixture.

    Each step (samples, latents, totals, …) has a PCG64 stream of its own, seeded from the seed,
    the fixture's name and the step's name alone. The order in which steps are asked for, and
    which others exist, has no influence.

    Args:
        fixture: name of the fixture.
        seed: not negative.
    """

    def __init__(self, fixture: str, seed: int) -> None:
        self.fixture = fixture
        self.seed = seed
        self._taken: set[str] = set()

    def rng(self, step: str) -> np.random.Generator:
        """The stream of `step`; each is given once, since two readers would draw the same."""
        if step in self._taken:
            raise RuntimeError(f"the stream {step!r} of {self.fixture} was already given")
        self._taken.add(step)
        entropy = [self.seed, _name_entropy(self.fixture), _name_entropy(step)]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
