"""Training: stop by held-out entries, go back to the best epoch, begin anew if it diverges."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from isograph.backends.vae.data import TrainingData
from isograph.backends.vae.module import Vae
from isograph.backends.vae.objective import bound, constant_terms
from isograph.backends.vae.settings import VaeSettings
from isograph.backends.vae.start import start_from_components
from isograph.backends.vae.sweep import moments, update
from isograph.errors import InputError, Problem

_EXPLODED = 10.0  # times the error of predicting zero
_SLOWER = 0.1
_ROWS_AT_ONCE = 128  # samples whose reconstruction is in memory


class DivergenceError(InputError):
    """Training left the finite numbers at every step size that was tried."""


@dataclass(frozen=True)
class Epoch:
    """Where training stood after an epoch; epoch 0 is a model that predicts zero.

    Attributes:
        n_latent: latent dimensions of the model in training.
        epoch: number of passes over the data so far.
        loss: negative bound per training entry, KL at its weight then, nats; NaN at epoch 0.
        train_r2: 1 − squared error / squared values, over training entries.
        heldout_r2: the same over held-out entries.
        kl_weight: weight of the KL term in this epoch.
    """

    n_latent: int
    epoch: int
    loss: float
    train_r2: float
    heldout_r2: float
    kl_weight: float


Progress = Callable[[Epoch], None]


@dataclass(frozen=True)
class Trained:
    """A model at its best epoch.

    Attributes:
        model: weights of the best epoch.
        history: one entry an epoch of the last attempt, epoch 0 first.
        best_epoch: with the smallest held-out error (a later one must be better by
            `min_improvement` of that error); 0 where none predicts better than zero, and then the
            model's loadings are all 0.
        stopped: `patience` or `max_epochs`.
        learning_rate: of the attempt that did not diverge.
        restarts: attempts that diverged before.
        clipped_steps: steps whose gradient was cut, of the last attempt.
    """

    model: Vae
    history: tuple[Epoch, ...]
    best_epoch: int
    stopped: str
    learning_rate: float
    restarts: int
    clipped_steps: int

    @property
    def best(self) -> Epoch:
        """The best epoch's figures."""
        return self.history[self.best_epoch]


def train(
    data: TrainingData,
    *,
    n_latent: int,
    hidden_widths: tuple[int, ...],
    settings: VaeSettings,
    seed: int,
    progress: Progress | None = None,
) -> Trained:
    """Train a model on the entries that are not held out.

    An epoch is one closed-form sweep over loadings, noise and relevance, then `net_steps` steps
    of Adam for the networks g and h: a variational EM whose M step is exact where it can be.

    Args:
        data: entries on the device to train on.
        n_latent: latent dimensions, at least 1.
        hidden_widths: of the nonlinear part; empty for a linear model.
        settings: of training; its own latent dimension and widths are not looked at.
        seed: of first weights and latent draws.
        progress: called after each epoch.

    Raises:
        DivergenceError: the loss explodes or is not finite in every attempt.
    """
    rate, tried = settings.learning_rate, []
    for restart in range(settings.max_restarts + 1):
        model = Vae(data.n_features, n_latent, hidden_widths, torch.Generator().manual_seed(seed))
        run = _Run(data, model, settings, rate, seed)
        if run.to_the_end(progress):
            return run.result(restart)
        tried.append(f"{rate:.3g}")
        rate *= _SLOWER
    raise DivergenceError(
        "training of the autoencoder diverged",
        [
            Problem(
                "backend.learning_rate",
                f"loss was not finite or above {_EXPLODED:g} times that of predicting 0, at",
                examples=tuple(tried),
                count=len(tried),
                fix="set a smaller learning_rate, or look for features that are not standardised",
            )
        ],
    )


class _Run:
    """One attempt at one step size."""

    def __init__(
        self, data: TrainingData, model: Vae, settings: VaeSettings, rate: float, seed: int
    ) -> None:
        # draws are made on the CPU: a seed means the same there and on a GPU
        self.generator = torch.Generator().manual_seed(seed)
        self.data, self.settings, self.rate = data, settings, rate
        self.total = float(data.x.double().square().sum())
        self.seen_total = float(data.squares.double().sum())
        self.n_entries = float(data.counts.double().sum())
        self.model = model.to(data.x.device)
        self.weights = list(self.model.parameters())
        # losses per entry make small gradients; Adam's usual epsilon would matter to them
        self.optimiser = (
            torch.optim.Adam(self.weights, lr=rate, eps=1e-12) if self.weights else None
        )
        self.clipped = 0
        # as made, a model predicts zero: what does not beat that has learned nothing
        self.history = [Epoch(model.n_latent, 0, math.nan, 0.0, 0.0, 0.0)]
        self.best_epoch = 0
        self.best_state = self._state()
        start_from_components(self.model, data)
        self.stopped = "max_epochs"

    def to_the_end(self, progress: Progress | None) -> bool:
        """Train until nothing gets better; False if it diverged."""
        settings = self.settings
        for epoch in range(1, settings.max_epochs + 1):
            kl_weight = settings.beta * min(1.0, epoch / max(settings.warm_up_epochs, 1))
            now = self._look(epoch, self._one_epoch(kl_weight), kl_weight)
            if not _sound(now):
                return False
            self.history.append(now)
            if progress is not None:
                progress(now)
            before = 1.0 - self.history[self.best_epoch].heldout_r2
            if 1.0 - now.heldout_r2 < before * (1.0 - settings.min_improvement):
                self.best_epoch, self.best_state = epoch, self._state()
            elif epoch - self.best_epoch >= settings.patience:
                self.stopped = "patience"
                break
        return True

    def result(self, restarts: int) -> Trained:
        """The model with the weights of its best epoch."""
        self.model.load_state_dict(self.best_state)
        return Trained(
            model=self.model,
            history=tuple(self.history),
            best_epoch=self.best_epoch,
            stopped=self.stopped,
            learning_rate=self.rate,
            restarts=restarts,
            clipped_steps=self.clipped,
        )

    def _state(self) -> dict[str, Tensor]:
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def _noise(self) -> Tensor:
        shape = (self.settings.draws, self.data.n_samples, self.model.n_latent)
        return torch.randn(shape, generator=self.generator).to(self.data.x.device)

    def _one_epoch(self, kl_weight: float) -> float:
        """A sweep, then steps for the networks; the bound per entry at the end."""
        data, model = self.data, self.model
        with torch.no_grad():
            evidence = model.evidence(data.visible, data.share)
            posterior = model.posterior(evidence, beta=kl_weight)
            found = moments(model, data.visible, posterior, self._noise())
            update(model, found, data.squares, data.counts)
            evidence = model.evidence(data.visible, data.share)
            constant = constant_terms(model, data.squares, data.counts)
        for _ in range(self.settings.net_steps if self.weights else 1):
            posterior = model.posterior(evidence, beta=kl_weight)
            loss = bound(
                model,
                evidence,
                posterior,
                self._noise(),
                constant=constant,
                n_entries=self.n_entries,
            ).per_entry(kl_weight)
            if self.optimiser is not None:
                self._step(self.optimiser, loss)
        return float(loss.detach())

    def _step(self, optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        limit = self.settings.clip_norm
        norm = torch.nn.utils.clip_grad_norm_(self.weights, limit)
        self.clipped += int(float(norm) > limit)
        optimiser.step()

    @torch.no_grad()
    def _look(self, epoch: int, loss: float, kl_weight: float) -> Epoch:
        """Score the model as it is: from posterior means, held-out entries hidden."""
        data, model = self.data, self.model
        mean = model.encode(data.visible, data.share).mean
        held = seen = 0.0
        for start in range(0, data.n_samples, _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            miss = (data.x[rows] - model.decode(mean[rows])).square_()
            held += float((miss * data.is_held[rows]).sum(dtype=torch.float64))
            seen += float((miss * data.is_seen[rows]).sum(dtype=torch.float64))
        return Epoch(
            n_latent=model.n_latent,
            epoch=epoch,
            loss=loss,
            train_r2=_share_explained(seen, self.seen_total),
            heldout_r2=_share_explained(held, self.total - self.seen_total),
            kl_weight=kl_weight,
        )


def _sound(now: Epoch) -> bool:
    figures = (now.loss, now.train_r2, now.heldout_r2)
    return all(map(math.isfinite, figures)) and now.train_r2 > 1.0 - _EXPLODED


def _share_explained(error: float, total: float) -> float:
    return 1.0 - error / total if total > 0 else 0.0
