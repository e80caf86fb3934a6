"""What `calibration.json` says about a trained model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from isograph.backends.vae.module import Posterior
from isograph.backends.vae.response import collapse_report
from isograph.backends.vae.search import Search
from isograph.backends.vae.settings import VaeSettings
from isograph.backends.vae.train import Trained


def _tried(run: Trained) -> dict[str, Any]:
    return {
        "latent_dim": run.model.n_latent,
        "best_epoch": run.best_epoch,
        "train_r2": run.best.train_r2,
        "heldout_r2": run.best.heldout_r2,
    }


def search_record(search: Search, settings: VaeSettings) -> dict[str, Any]:
    """How many dimensions, why, and whether the nonlinear part was worth its keep."""
    found = search.found
    return {
        "latent_dim": search.kept.model.n_latent,
        "latent_dim_rule": "set" if found is None else "parallel analysis, then held-out entries",
        "parallel_analysis": None if found is None else asdict(found),
        "latent_dims_tried": [_tried(run) for run in search.tried],
        "nonlinear": {
            "hidden_widths": list(settings.hidden_widths),
            "kept": search.kept is search.bent,
            "gain_over_linear_z": search.bent_z,
            "linear": _tried(search.linear),
            "with_hidden_layers": None if search.bent is None else _tried(search.bent),
        },
    }


def training_record(kept: Trained) -> dict[str, Any]:
    """How training went and what it reached, on both kinds of entries alike."""
    return {
        "best_epoch": kept.best_epoch,
        "epochs": len(kept.history) - 1,
        "stopped": kept.stopped,
        "train_r2": kept.best.train_r2,
        "heldout_r2": kept.best.heldout_r2,
        "train_r2_last_epoch": kept.history[-1].train_r2,
        "heldout_r2_last_epoch": kept.history[-1].heldout_r2,
        "learning_rate": kept.learning_rate,
        "restarts": kept.restarts,
        "clipped_steps": kept.clipped_steps,
    }


def latent_record(posterior: Posterior, *, level: float) -> dict[str, Any]:
    """Which dimensions are in use; `level` is the KL from which one is active, nats a sample."""
    collapse = collapse_report(posterior, level=level)
    variance = torch.exp(posterior.log_variance.detach()).double().mean(dim=0)
    return {
        "kl_per_dimension": list(collapse.kl),
        "active_kl": collapse.level,
        "active_dimensions": collapse.n_active,
        "posterior_collapsed": collapse.collapsed,
        "posterior_variance": variance.tolist(),
    }
