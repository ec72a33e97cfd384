"""The best epoch, and checkpoints: killed training goes on, and its result has the same bytes."""

import hashlib
import sys
from pathlib import Path

import keras
import numpy as np

from assay.contract import files, paths
from assay.contract.errors import say
from assay.contract.parameters import Parameters
from assay.training.batches import Batches
from assay.training.classifier import LabelledExamples
from assay.training.progress import Scores


def best_epoch(rows: list[Scores]) -> Scores:
    """The first epoch with the lowest validation loss."""
    return min(rows, key=lambda row: row["validation_loss"])


class Checkpoint(keras.callbacks.Callback):
    """Saves after each epoch all that the next epoch depends on, and restores what was saved.

    Keras's own BackupAndRestore saves neither the order of the batches nor the best weights so far.

    Parameters
    ----------
    batches : what the network learns from; its generator is saved too
    rows : the learning curve, to which a callback before this one appends
    stopping : the callback for early stopping, which runs before this one; None if there is none
    key : hash of all that the result depends on; a checkpoint with another key is not used. If the
        key is empty, nothing is saved
    """

    def __init__(
        self,
        batches: Batches,
        rows: list[Scores],
        stopping: keras.callbacks.EarlyStopping | None,
        key: str,
    ) -> None:
        super().__init__()
        self.batches = batches
        self.rows = rows
        self.stopping = stopping
        self.key = key
        self.arrays, self.state = files.read_checkpoint() if key else ({}, {})
        if self.state.get("key") != key:
            self.arrays = {}
            self.state = {}
        rows += self.state.get("rows", [])
        if rows:
            say(f"training was interrupted after epoch {len(rows)}, and goes on there")

    def on_train_begin(self, _logs: dict | None = None) -> None:
        """Restore what was saved."""
        self.model.optimizer.build(self.model.trainable_variables)
        self.variables = [*self.model.variables, *self.model.optimizer.variables]
        if not self.state:
            return
        for number, variable in enumerate(self.variables):
            variable.assign(self.arrays[str(number)])
        self.batches.resume(self.state["random"])
        if self.stopping:
            best = best_epoch(self.rows)
            names = sorted(name for name in self.arrays if name.startswith("best"))
            self.stopping.best_weights = [self.arrays[name] for name in names]
            self.stopping.best = best["validation_loss"]
            self.stopping.best_epoch = best["epoch"] - 1
            self.stopping.wait = len(self.rows) - best["epoch"]
        self.arrays = {}

    def on_epoch_end(self, _epoch: int, _logs: dict | None = None) -> None:
        """Save the weights, the optimizer, the learning curve and the state of the batches."""
        if not self.key or self.model.stop_training:  # a stopped training is not continued
            return
        arrays = {str(index): np.asarray(value) for index, value in enumerate(self.variables)}
        best = self.stopping.best_weights if self.stopping else []
        arrays |= {f"best{index:06}": weights for index, weights in enumerate(best)}
        state = {"key": self.key, "rows": self.rows, "random": self.batches.random}
        files.write_checkpoint(arrays, state)


def key(train: LabelledExamples, validation: LabelledExamples, params: Parameters) -> str:
    """Hash of all that a trained network depends on: examples, parameters, encoder and code.

    dvc.lock is part of the hash: once DVC has noted the result, no checkpoint fits, and training is
    over.
    """
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((params.train, params.portable, params.threads)).encode())
    digest.update(files.record())
    for examples in (train, validation):
        digest.update("\n".join(examples.ids).encode())
        for values in (examples.codes, examples.weights, examples.targets):
            digest.update(values.tobytes())
    modules = sorted(name for name in sys.modules if name.startswith(("assay.", "__main__")))
    names_of_code = [sys.modules[name].__file__ for name in modules]
    code = [Path(name) for name in names_of_code if name]
    encoder = (paths.ENCODER, paths.ENCODER_FRONT, paths.ENCODER_WEIGHTS, paths.ENCODER_INFO)
    for path in (*encoder, *code):
        digest.update(path.read_bytes())
    return digest.hexdigest()
