"""The learning curve of a training, and its progress for the terminal."""

import math
import sys
import time

import keras

from assay.contract import terminal
from assay.contract.errors import InputError, counted

_REPORTS = 10  # lines in a log, at least; fewer than twice as many

Scores = dict[str, float]  # of an epoch: epoch, loss, validation_loss, …


class LearningCurve(keras.callbacks.Callback):
    """Collects the scores of each epoch in `rows`; ends a training that diverges.

    Parameters
    ----------
    rows : the learning curve
    remedy : what the user can do if training diverges
    """

    def __init__(self, rows: list[Scores], remedy: str) -> None:
        super().__init__()
        self.rows = rows
        self.remedy = remedy

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Append the scores. Raise unless all are finite."""
        scores = {name.replace("val_", "validation_"): float(logs[name]) for name in sorted(logs)}
        for name, score in scores.items():
            if not math.isfinite(score):
                diverged = f"the {name.replace('_', ' ')} is not finite at epoch {epoch + 1}"
                raise InputError(f"{diverged}: {self.remedy}")
        self.rows.append({"epoch": epoch + 1, **scores})


class Progress(keras.callbacks.Callback):
    """Prints to stderr how far training is: one changing line in a terminal, a few lines in a log.

    Parameters
    ----------
    rows : the learning curve, to which a callback before this one appends
    epochs : of the whole training
    patience : training stops after so many epochs without a lower validation loss; 0: never
    """

    def __init__(self, rows: list[Scores], epochs: int, patience: int = 0) -> None:
        super().__init__()
        self.rows = rows
        self.epochs = epochs
        self.patience = patience
        self.is_first = True

    def on_train_begin(self, _logs: dict | None = None) -> None:
        """Start the clock, and say what is ahead."""
        self.counted_from = len(self.rows)  # epochs done when the clock started
        self.started = time.monotonic()
        steps = counted(self.params["steps"], "step")
        ahead = f"training: {'at most ' if self.patience else ''}{counted(self.epochs, 'epoch')}"
        print(f"{ahead} of {steps}", file=sys.stderr, flush=True)

    def on_epoch_end(self, epoch: int, _logs: dict | None = None) -> None:
        """Print the scores and the time left."""
        done = epoch + 1
        in_terminal = sys.stderr.isatty()
        now = time.monotonic()
        seconds_an_epoch = (now - self.started) / (done - self.counted_from)
        if self.is_first:  # this epoch took longer, because TensorFlow compiled
            self.counted_from = done
            self.started = now
            self.is_first = False
        if not in_terminal and done % max(1, self.epochs // _REPORTS):
            return
        seconds_left = seconds_an_epoch * (self.epochs - done)
        scores = {name: score for name, score in self.rows[-1].items() if name != "epoch"}
        shown = [f"{name.replace('_', ' ')} {score:.4f}" for name, score in scores.items()]
        line = self._line(done, shown, seconds_left)
        if in_terminal:
            width = terminal.covering_width()
            while shown and len(line) > width:
                del shown[0]  # the last ones are of the validation split
                line = self._line(done, shown, seconds_left)
            end = "\n" if done == self.epochs else "\r"
            print(line[:width].ljust(width), file=sys.stderr, end=end, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def on_train_end(self, _logs: dict | None = None) -> None:
        """Say that training stopped early, if it did."""
        done = len(self.rows)
        if done < self.epochs:
            lower = f"no lower validation loss for {counted(self.patience, 'epoch')}"
            line = f"stopped after epoch {done}: {lower}"
            width = terminal.covering_width() if sys.stderr.isatty() else 0
            print(line.ljust(width), file=sys.stderr, flush=True)

    def _line(self, done: int, scores: list[str], seconds_left: float) -> str:
        shown = f"{', '.join(scores)}; " if scores else ""
        return f"epoch {done}/{self.epochs}: {shown}{seconds_left:.0f} s left"
