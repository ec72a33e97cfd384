"""How many colour images a network learns from in a second, on the device that Keras's backend
uses.

[KERAS_BACKEND=jax] python -m benchmarks.images_per_second [IMAGES]

It runs the code of `train`: the same network, augmentation, order, optimizer and mixed precision.
But the images are noise. The result is the median time of some epochs. The first epoch is left out,
because it compiles.
"""

import sys
import time
from statistics import median

import numpy as np

from assay.modalities import images
from assay.training import fitting, networks
from assay.training.batches import Batches, Examples
from benchmarks.workspace import machine, row

import keras  # isort: skip

SHAPE, CLASSES, EPOCHS = (32, 32, 3), 10, 5
IMAGES = 20_000


def as_it_is(payload: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    return payload


class Timed(Batches):
    """Batches that note when each epoch ended."""

    def __init__(self, *arguments: object) -> None:
        self.ends = []
        super().__init__(*arguments)

    def on_epoch_end(self) -> None:
        super().on_epoch_end()
        self.ends.append(time.perf_counter())


def seconds(examples: Examples, *, large: bool, augmented: bool, size: int) -> float:
    """The middle one of some epochs' times, the first, which compiles, left out."""
    model = networks.classifier(networks.encoder(SHAPE, large=large), CLASSES)
    batches = Timed(examples, size, images.augment if augmented else as_it_is, 0)
    fitting.fit(model, batches, fitting.CROSS_ENTROPY, learning_rate=0.001, epochs=1 + EPOCHS)
    return median(np.diff(batches.ends[-1 - EPOCHS :]))


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    rng = np.random.default_rng(0)
    labels, weights = rng.integers(CLASSES, size=n), np.ones(n, np.float32)
    examples = Examples(rng.integers(256, size=(n, *SHAPE), dtype=np.uint8), labels, weights)
    fitting.fix(0, portable=False, threads=2)
    devices = ", ".join(keras.distribution.list_devices())
    print(f"# {machine()}, {devices}, Keras on {keras.config.backend()}; {n:,} images {SHAPE}\n")
    row("network", "numbers", "images a step", "augmented", "images/s")
    row(*["---"] * 5)
    for large in (False, True):
        for bfloat16 in (False, True):
            fitting.fix(0, portable=False, threads=2, bfloat16=bfloat16)
            for size, augmented in ((128, True), (1024, True), (1024, False)):
                how = {"large": large, "augmented": augmented, "size": size}
                epoch = seconds(examples, **how)
                network, numbers = (
                    "large" if large else "small",
                    "bfloat16" if bfloat16 else "float32",
                )
                row(network, numbers, size, "yes" if augmented else "no", f"{n / epoch:,.0f}")


if __name__ == "__main__":
    main()
