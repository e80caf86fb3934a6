"""Which of several models to keep: how many dimensions, with or without the nonlinear part."""

from __future__ import annotations

from dataclasses import dataclass

from isograph.backends.vae.data import TrainingData
from isograph.backends.vae.response import heldout_gain, standard_errors
from isograph.backends.vae.select import Dimensions
from isograph.backends.vae.settings import VaeSettings
from isograph.backends.vae.train import Progress, Trained, train


@dataclass(frozen=True)
class Search:
    """The model that was kept, and those that it was compared with.

    Attributes:
        kept: one of the next two.
        linear: best of `tried`.
        bent: with hidden layers and as many dimensions; None where settings have no layers.
        bent_z: gain of `bent` over `linear` on held-out entries, in standard errors between
            samples.
        tried: linear models of one dimension more each.
        found: what parallel analysis said; None where the number of dimensions was set.
    """

    kept: Trained
    linear: Trained
    bent: Trained | None
    bent_z: float | None
    tried: tuple[Trained, ...]
    found: Dimensions | None


def search_model(
    data: TrainingData,
    found: Dimensions | None,
    settings: VaeSettings,
    *,
    seed: int,
    progress: Progress | None,
) -> Search:
    """Choose the number of dimensions with linear models, then try the nonlinear part.

    Parallel analysis misses factors that carry less variance than noise does; with relevance a
    dimension too many costs little, so one more is tried as long as held-out entries gain by it.
    A bent response is one more dimension to a linear decoder: where dimensions are free to choose,
    the nonlinear part seldom earns its keep, and where they are set too few it can.

    Args:
        data: to train and to score on.
        found: result of parallel analysis; None takes `settings.latent_dim`.
        settings: of model and training.
        seed: of each training.
        progress: called after each epoch of each model.

    Raises:
        DivergenceError: training diverged at every step size.
    """

    def trained(n_latent: int, hidden_widths: tuple[int, ...]) -> Trained:
        return train(
            data,
            n_latent=n_latent,
            hidden_widths=hidden_widths,
            settings=settings,
            seed=seed,
            progress=progress,
        )

    best = trained(settings.latent_dim or max(found.n if found else 0, 1), ())
    tried = [best]
    while found is not None and len(tried) - 1 - tried.index(best) < settings.latent_misses:
        n_latent = tried[-1].model.n_latent + 1
        if n_latent > found.most:
            break
        tried.append(trained(n_latent, ()))
        error, before = (1.0 - run.best.heldout_r2 for run in (tried[-1], best))
        if error < before * (1.0 - settings.min_improvement):
            best = tried[-1]
    if not settings.hidden_widths:
        return Search(best, best, None, None, tuple(tried), found)
    bent = trained(best.model.n_latent, settings.hidden_widths)
    gain = heldout_gain(bent.model, data)
    z = standard_errors(gain - heldout_gain(best.model, data))
    # on noise a model that says nothing beats one that says a little: that is no gain
    kept = bent if min(z, standard_errors(gain)) >= settings.sureness else best
    return Search(kept, best, bent, z, tuple(tried), found)
