"""`vae`: a variational autoencoder says how alike two features are, the data whether they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from isograph.backends.model_edges import edges_of_model
from isograph.backends.protocol import EDGE_BUDGET, Backend, BackendRecord, Found, Task, modules_of
from isograph.backends.vae.settings import VaeSettings
from isograph.progress import Steps

if TYPE_CHECKING:
    from isograph.backends.vae.fit import VaeFit
    from isograph.backends.vae.train import Epoch

CHECKPOINT = "vae_checkpoint.pt"
RECORD = BackendRecord(
    name="vae",
    summary="A variational autoencoder of the features, stopped by entries that it never saw; "
    "pairs are ranked by the correlation that its decoder implies and judged by the data's own.",
    assumes="What genes of a module share can be told from a few latent dimensions; after "
    "winsorising, features of unrelated genes are independent across samples.",
    limits="Factors too faint to predict held-out entries are not learned, and what is not "
    "learned makes no edge. With few samples nothing is learned and no module is found.",
    reference="Kingma & Welling (2014), arXiv:1312.6114",
)


def find(task: Task, steps: Steps) -> Found:
    """Modules in the graph of significant correlations that the decoder implies too."""
    # torch takes longer to load than many a fit of another backend
    from isograph.backends.vae.checkpoint import checkpoint_bytes
    from isograph.backends.vae.fit import fit_vae, too_small

    settings, features = task.settings, task.features
    assert isinstance(settings, VaeSettings)
    reason = too_small(features)
    if reason is not None:
        return _nothing(task, steps, reason)

    def show(epoch: Epoch) -> None:
        steps.tell(
            f"{epoch.n_latent} dimensions, epoch {epoch.epoch}, loss {epoch.loss:.4f}, "
            f"held-out R² {epoch.heldout_r2:.3f}"
        )

    with steps.step("autoencoder") as note:
        model = fit_vae(features, settings, seed=settings.training_seed, progress=show)
        note.result = _in_words(model)
    association = edges_of_model(
        features,
        embedding=model.embedding,
        communality=model.communality,
        settings=settings,
        steps=steps,
        record={"model": {"fitted": True, **model.record}},
    )
    files = {CHECKPOINT: checkpoint_bytes(model.checkpoint)}
    return Found(modules_of(task, association, steps), files=files)


def _nothing(task: Task, steps: Steps, reason: str) -> Found:
    """No model, so no edges and no modules."""
    assert isinstance(task.settings, VaeSettings)
    n_features = task.features.n_features
    association = edges_of_model(
        task.features,
        embedding=np.zeros((n_features, 1)),
        communality=np.zeros(n_features),
        settings=task.settings,
        steps=steps,
        record={"model": {"fitted": False, "reason": reason}},
    )
    return Found(modules_of(task, association, steps))


def _in_words(model: VaeFit) -> str:
    record: dict[str, Any] = dict(model.record)
    loss = model.history["loss"].iloc[max(model.best_epoch, 1)]
    what = f"{record['latent_dim']} dimensions ({record['active_dimensions']} active)"
    kind = ", nonlinear" if record["nonlinear"]["kept"] else ""
    return (
        f"{what}{kind}, epoch {model.best_epoch} of {record['epochs']}, loss {loss:.4f}, "
        f"R² {record['train_r2']:.3f} in training, {record['heldout_r2']:.3f} held out"
    )


BACKEND = Backend(record=RECORD, settings=VaeSettings, find=find, main=EDGE_BUDGET)
