"""Two design choices for long examples: spectrogram frames of mean power for long sounds, and fewer
n-grams for long texts.

python -m benchmarks.long_choices

Sounds: the class is the digit that is spoken most in 30 s. The score is the leave-one-out accuracy
of `clean`'s ridge classifier on the embeddings. Documents: the score is the accuracy of a linear
classifier on their n-grams.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import soundfile

from assay.contract.inference import Model
from assay.encoders import log_mel, ngrams, patches
from assay.measures import leave_one_out
from assay.training import linear_head, onnx_graph
from benchmarks import long_examples
from benchmarks.long_examples import RATE, spoken
from benchmarks.workspace import SHARED, machine, row

CLIPS, SECONDS = 300, 30
MOST_SPOKEN = 0.3  # share of the digits that are of the clip's class, beside chance
WINDOW = 10  # seconds
DOCUMENTS, LENGTHS, SHARE = 1500, (2_000, 8_000), 0.1
RUNTIME = {"portable": True, "threads": 1}


def clips() -> tuple[np.ndarray, np.ndarray]:
    """Payloads (n, samples) int16, and the digit that is spoken most in each."""
    digits: list[list[np.ndarray]] = [[] for _ in range(10)]
    for path in sorted((SHARED / "fsdd").rglob("*.wav")):
        digits[int(path.stem[0])].append(soundfile.read(path)[0])
    rng = np.random.default_rng(1)
    labels = np.arange(CLIPS) % 10
    sounds = np.zeros((CLIPS, SECONDS * RATE), np.int16)
    for sound, label in zip(sounds, labels, strict=True):
        drawn = [label if rng.random() < MOST_SPOKEN else rng.integers(10) for _ in range(200)]
        samples = spoken([digits[d][rng.integers(200)] for d in drawn], SECONDS, rng)
        sound[:] = np.rint(samples * 2**15).clip(-(2**15), 2**15 - 1)
    return sounds, labels


def embedded(sounds: np.ndarray, longest: int) -> tuple[np.ndarray, float]:
    """Embeddings, and seconds of CPU for all, if sounds above `longest` seconds are averaged."""
    log_mel._LONG = longest
    front = log_mel.spectrogram_graph({"shape": [sounds.shape[1]], "sample_rate": RATE})
    blocks = np.array_split(sounds, -(-len(sounds) // 4))
    pictures = Model(front, **RUNTIME).over(blocks)
    bank = patches.learn(pictures, 64, 0)
    network = patches.encoder_graph([bank], pictures.shape[1:])
    model = Model(onnx_graph.joined(front, network), **RUNTIME)
    start = time.process_time()
    return model.over(blocks), time.process_time() - start


def of_sounds() -> None:
    sounds, labels = clips()
    parts = sounds.reshape(-1, WINDOW * RATE)  # (n · windows, samples)
    in_windows, of_windows = embedded(parts, WINDOW)
    for name, (embeddings, seconds) in {
        "frames of 10 ms": embedded(sounds, SECONDS),
        "mean power of three frames": embedded(sounds, WINDOW),
        "the first 10 s": embedded(sounds[:, : WINDOW * RATE], WINDOW),
        "windows of 10 s, averaged": (in_windows.reshape(CLIPS, -1, 1152).mean(axis=1), of_windows),
    }.items():
        scores = leave_one_out.fit([embeddings.astype(float)], labels, 10).scores
        row(
            name, float((scores.argmax(axis=1) == labels).mean()), f"{seconds / CLIPS:.3f} s a clip"
        )


def of_documents() -> None:
    long_examples.CHARACTERS, long_examples.SHARE = LENGTHS, SHARE
    with TemporaryDirectory() as folder:
        long_examples.documents(Path(folder) / "mine", DOCUMENTS)
        frame = pd.read_parquet(Path(folder) / "mine" / "examples.parquet")
    texts, labels = frame.text.to_numpy(object), pd.factorize(frame.label)[0]
    part = np.arange(DOCUMENTS) % 5
    train, checked, test = part > 1, part == 1, part == 0
    for most in (40_000, 10_000):
        ngrams._MOST_OF_LONG = most
        model = Model(ngrams.learn(texts[train]), linear_head.FEATURES, **RUNTIME)
        features = linear_head.gather(
            model(block) for block in np.array_split(texts, DOCUMENTS // 15)
        )
        start = time.process_time()
        weights, validation = np.ones(train.sum()), (features[checked], labels[checked])
        head = linear_head.fit(
            features[train], labels[train], weights, labels.max() + 1, validation
        )
        seconds = time.process_time() - start
        right = head.logits(features[test]).argmax(axis=1) == labels[test]
        row(f"{most:,} n-grams", float(right.mean()), f"{seconds:.1f} s to fit")


def main() -> None:
    print(f"# {machine()}\n")
    row("what", "accuracy", "CPU")
    row(*["---"] * 3)
    of_sounds()
    of_documents()


if __name__ == "__main__":
    main()
