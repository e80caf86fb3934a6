"""Whether a fit holds a model that can be asked, and what to do if it does not."""

from __future__ import annotations

from pathlib import Path

from isograph.errors import OutputError, Problem
from isograph.explanation.source import PROGRAMME, Profile
from isograph.results import Fit

CHECKPOINT = "vae_checkpoint.pt"
HEADLINE = "the fit cannot be attributed to features"
_BACKEND = "vae"


def check_model(fit: Fit) -> None:
    """Refuse a fit without a model of the `vae` backend; needs no torch.

    Raises:
        OutputError: says why there is none, and what to do.
    """
    problem = _why_no_model(fit)
    if problem is not None:
        raise OutputError(HEADLINE, [problem])


def reason_against(fit: Fit, profile: Profile) -> str | None:
    """Why the model of a fit has nothing to say about one profile; None if it has.

    A model is trained after broad factors are taken out, so it never saw those that were.
    """
    if profile.kind != PROGRAMME:
        return None
    removed = fit.programmes.loc[fit.programmes["removed"].astype(bool), "programme_id"]
    if profile.name not in set(removed.astype(str)):
        return None
    return (
        "was taken out before the autoencoder was trained, so the model does not know it: fit with "
        "--broad-factors report to keep it in"
    )


def _why_no_model(fit: Fit) -> Problem | None:
    if CHECKPOINT in fit.files:
        return None
    backend, study = str(fit.config["backend"]), str(fit.config["study"])
    if backend != _BACKEND:
        return Problem(
            f"study {study}",
            f"backend {backend} trains no autoencoder",
            fix=f"{_command(fit)}, then explain that fit",
        )
    model = (fit.calibration or {}).get("model", {})
    if model.get("fitted") is False:
        return Problem(
            f"study {study}",
            f"too little data for an autoencoder ({model.get('reason', 'no reason recorded')}), "
            "so none was trained",
            fix="explain it without attribution, or fit more samples",
        )
    return Problem(CHECKPOINT, "is not in the fit's folder", fix=f"fit again: {_command(fit)}")


def _command(fit: Fit) -> str:
    """What to type; covariates and settings of the study are the user's to repeat."""
    path = Path(str(fit.config["bundle"]["path"]))
    options = f" --covariates '{fit.config['covariates']}'" if fit.config["covariates"] else ""
    return f"isograph fit --dataset-path {path} --backend {_BACKEND}{options}"
