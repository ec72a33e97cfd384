"""Training that goes on after it was killed, to the same bytes, and that stops early, at its best epoch."""

import sys

import keras
import numpy as np

from assay.contract import files


class Checkpoint(keras.callbacks.Callback):
    """Keeps, at the end of each epoch, all that the next one depends on; stops when no epoch has been better for long.

    Parameters
    ----------
    batches : with what it draws next from its generator, `random`, and `go_on`, which takes that
    rows : the scores of each epoch so far, to which another callback appends
    patience : epochs without a lower validation loss after which training stops, with the best one's weights; 0: never
    key : of all that the result depends on; a checkpoint of another key is not used. Nothing is kept where it is empty
    """

    def __init__(
        self, batches: keras.utils.PyDataset, rows: list[dict], patience: int, key: str
    ) -> None:
        super().__init__()
        self.batches, self.rows, self.patience, self.key = batches, rows, patience, key
        self.arrays, self.state = files.read_checkpoint() if key else ({}, {})
        if self.state.get("key") != key:
            self.arrays, self.state = {}, {}
        rows += self.state.get("rows", [])
        if rows:
            print(
                f"going on after epoch {len(rows)}, where training was interrupted", file=sys.stderr
            )

    def on_train_begin(self, _logs: dict | None = None) -> None:
        """Take up what was kept."""
        self.model.optimizer.build(self.model.trainable_variables)
        self.variables = [*self.model.variables, *self.model.optimizer.variables]
        self.best = [
            self.arrays.pop(name) for name in sorted(self.arrays) if name.startswith("best")
        ]
        if self.state:
            for number, variable in enumerate(self.variables):
                variable.assign(self.arrays.pop(str(number)))
            self.batches.go_on(self.state["random"])

    def on_epoch_end(self, _epoch: int, _logs: dict | None = None) -> None:
        """Keep it."""
        if self.patience:
            best = min(self.rows, key=lambda row: row["validation_loss"])["epoch"]
            if best == len(self.rows):
                self.best = [
                    weights.copy() for weights in self.model.get_weights()
                ]  # else training would change them
            if len(self.rows) - best >= self.patience:
                self.model.stop_training = True
                return  # what goes on from here would go on for one epoch more
        if self.key:
            arrays = {
                str(number): np.asarray(variable) for number, variable in enumerate(self.variables)
            }
            arrays |= {f"best{number:06}": array for number, array in enumerate(self.best)}
            files.write_checkpoint(
                arrays, {"key": self.key, "rows": self.rows, "random": self.batches.random}
            )

    def on_train_end(self, _logs: dict | None = None) -> None:
        """Put the best weights back."""
        if self.best:
            self.model.set_weights(self.best)
