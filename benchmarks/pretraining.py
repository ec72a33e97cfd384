"""Self-supervised methods for the network that `train` fine-tunes, and whitened patches, on 20,000
MNIST images.

python -m benchmarks.pretraining

Embeddings are scored by leave-one-out accuracy with 10,000 labels. Weights are scored by
fine-tuning with 600 labels (1 %), on 10,000 training images that no method saw. The test images are
not used.
"""

import gzip
import io
import sys
import time
from contextlib import redirect_stderr
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import numpy as np

from assay.contract.inference import Model
from assay.encoders import patches, self_supervised
from assay.measures import leave_one_out
from assay.modalities import images
from assay.training import fitting, networks
from assay.training.batches import Batches, Examples
from benchmarks.workspace import SHARED, machine, row

import keras  # isort: skip
from keras import layers, ops  # isort: skip

SHAPE = (28, 28, 1)
EPOCHS, SEEDS = 12, 3


def read(name: str, offset: int) -> np.ndarray:
    return np.frombuffer(
        gzip.decompress((SHARED / "mnist" / name).read_bytes()), np.uint8, offset=offset
    )


def barlow_twins(_labels, projected):
    """Zbontar et al. 2021: the views' cross-correlation is the identity."""
    first, second = (standardised(projected[:, number]) for number in (0, 1))
    correlation = ops.matmul(ops.transpose(first), second) / ops.cast(
        ops.shape(first)[0], first.dtype
    )
    on, off = (1 - ops.diagonal(correlation)) ** 2, correlation**2
    return ops.sum(on) + 0.02 * (ops.sum(off) - ops.sum(ops.diagonal(off)))


def simclr(_labels, projected):
    """Chen et al. 2020: a view is told from all others of the batch, temperature 0.5."""
    views = ops.concatenate([projected[:, 0], projected[:, 1]], axis=0)
    views = views / (ops.norm(views, axis=1, keepdims=True) + 1e-6)
    similarity = ops.matmul(views, ops.transpose(views)) / 0.5
    n = ops.shape(projected)[0]
    others = similarity - 1e9 * ops.eye(2 * n, dtype=views.dtype)
    partner = ops.sum(views * ops.roll(views, n, axis=0), axis=1) / 0.5
    return ops.mean(ops.logsumexp(others, axis=1) - partner)


def standardised(views):
    return (views - ops.mean(views, axis=0)) / (ops.std(views, axis=0) + 1e-4)


def reconstruct(payload: np.ndarray, damage) -> keras.Model:
    """Denoising (Vincent et al. 2008) or masked modelling (He et al. 2022): the clean image from a
    damaged one.
    """
    encoder = networks.encoder(SHAPE)
    pixels = layers.Dense(28 * 28)(layers.Flatten()(encoder.output))
    examples = Examples(payload, payload.reshape(len(payload), -1) / 255.0, np.ones(len(payload)))
    batches = Batches(examples, 128, damage, 0)
    model = keras.Model(encoder.input, pixels)
    fitting.fit(model, batches, keras.losses.MeanSquaredError(), learning_rate=0.004, epochs=EPOCHS)
    return encoder


def noise(payload: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (payload + rng.normal(0, 100, payload.shape)).clip(0, 255).astype(np.uint8)


def mask(payload: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    hidden = (rng.random((len(payload), 7, 7, 1)) < 0.6).repeat(4, axis=1).repeat(4, axis=2)
    return np.where(hidden, 128, payload).astype(np.uint8)


def two_views(payload: np.ndarray, loss) -> keras.Model:
    self_supervised.vicreg, kept = loss, self_supervised.vicreg
    try:
        return self_supervised.learn(
            lambda raw: raw, payload, images.view, epochs=EPOCHS, steps=1, seed=0
        )
    finally:
        self_supervised.vicreg = kept


def leave_one_out_accuracy(embeddings: np.ndarray, labels: np.ndarray) -> float:
    fitted = leave_one_out.fit([embeddings.reshape(len(embeddings), -1)], labels, 10)
    return float(np.mean(fitted.scores.argmax(axis=1) == labels))


def fine_tuned(weights, learn: tuple, score: tuple, seed: int) -> float:
    keras.utils.set_random_seed(100 + seed)
    chosen = np.random.default_rng(seed).permutation(len(learn[1]))[:600]
    trunk = networks.encoder(SHAPE)
    if weights is not None:
        trunk.set_weights(weights)
    model = networks.classifier(trunk, 10)
    examples = Examples(learn[0][chosen], learn[1][chosen], np.ones(600))
    batches = Batches(examples, 128, images.augment, seed)
    fitting.fit(model, batches, fitting.CROSS_ENTROPY, learning_rate=0.008, epochs=20)
    return float(np.mean(fitting.logits(model, score[0]).argmax(axis=1) == score[1]))


def main() -> None:
    fitting.fix(0, portable=False, threads=2)
    pixels = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
    labels = read("train-labels-idx1-ubyte.gz", 8).astype(int)
    order = np.random.default_rng(0).permutation(60_000)
    learn, judge, score = (
        (pixels[part], labels[part]) for part in np.split(order[:40_000], [20_000, 30_000])
    )
    print(f"# {machine()}\n")
    row(
        "method",
        "seconds",
        "leave-one-out accuracy",
        f"fine-tuned with 1 % of the labels, {SEEDS} seeds",
    )
    row(*["---"] * 4)
    methods = {
        "none: random weights": lambda: networks.encoder(SHAPE),
        "denoising": lambda: reconstruct(learn[0], noise),
        "masked": lambda: reconstruct(learn[0], mask),
        "Barlow Twins": lambda: two_views(learn[0], barlow_twins),
        "SimCLR": lambda: two_views(learn[0], simclr),
        "VICReg": lambda: two_views(learn[0], self_supervised.vicreg),
    }
    for name, train in methods.items():
        keras.utils.set_random_seed(0)
        start = time.perf_counter()
        with redirect_stderr(io.StringIO()):
            encoder = train()
            seconds = time.perf_counter() - start
            accuracy = leave_one_out_accuracy(
                encoder.predict(judge[0], batch_size=1000, verbose=0), judge[1]
            )
            tuned = [fine_tuned(encoder.get_weights(), learn, score, seed) for seed in range(SEEDS)]
        row(
            name,
            seconds,
            f"{accuracy:.4f}",
            f"{mean(tuned):.4f} ({', '.join(f'{each:.4f}' for each in tuned)})",
        )
    start = time.perf_counter()
    bank = patches.learn(learn[0], 64, seed=0)
    seconds = time.perf_counter() - start
    with TemporaryDirectory() as folder:
        path = Path(folder) / "encoder.onnx"
        path.write_bytes(patches.encoder_graph([bank], (28, 28, 1)))
        encode = Model(path, portable=False, threads=2)
        accuracy = leave_one_out_accuracy(encode.over(np.split(judge[0], 100)), judge[1])
    row("whitened patches (64)", seconds, f"{accuracy:.4f}", "no weights to fine-tune")


if __name__ == "__main__":
    sys.exit(main())
