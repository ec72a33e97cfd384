"""What windows are worth: leave-one-out accuracy of `clean`'s ridge classifier on embeddings of
long sounds and long texts, by the number of windows (`pretrain.windows`).

python -m benchmarks.windows

Sounds: the class is the digit that is spoken most in 30 s. Texts: documents of 2,000 to 8,000
characters in 20 intents, read by a Transformer that learned from them without labels. See
`long_choices`.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from assay.contract import parameters
from assay.contract.inference import Model
from assay.encoders import learning
from assay.measures import leave_one_out
from benchmarks import long_choices, long_examples
from benchmarks.long_examples import RATE
from benchmarks.workspace import machine, row

AT_ONCE = 15  # examples
RUNTIME = {"portable": False, "threads": 2}


def of(
    name: str, payload_format: dict, payload: np.ndarray, labels: np.ndarray, **changes: object
) -> None:
    """A row for an encoder that is learned from payloads (n, ...)."""
    default = parameters.load().pretrain
    params = default.model_copy(update=changes)
    encoder = learning.learn(payload_format, payload, params, **RUNTIME)
    model = Model(encoder.onnx, **RUNTIME)
    start = time.process_time()
    embeddings = model.over(np.array_split(payload, -(-len(payload) // AT_ONCE)))
    seconds = time.process_time() - start
    scores = leave_one_out.fit([embeddings.astype(float)], labels, labels.max() + 1).scores
    right = float((scores.argmax(axis=1) == labels).mean())
    row(name, params.windows, right, f"{seconds / len(payload):.3f}")


def main() -> None:
    print(f"# {machine()}\n")
    row("what", "windows", "accuracy", "CPU seconds an example, to embed")
    row(*["---"] * 4)
    sounds, labels = long_choices.clips()
    sound = {"modality": "audio", "shape": [sounds.shape[1]], "sample_rate": RATE}
    for windows in (1, 3, 10):
        of("sounds of 30 s", sound, sounds, labels, windows=windows)
    long_examples.CHARACTERS, long_examples.SHARE = long_choices.LENGTHS, long_choices.SHARE
    with TemporaryDirectory() as folder:
        long_examples.documents(Path(folder) / "mine", long_choices.DOCUMENTS)
        frame = pd.read_parquet(Path(folder) / "mine" / "examples.parquet")
    texts, intents = frame["text"].to_numpy(object), pd.factorize(frame["label"])[0]
    text = {"modality": "text", "shape": []}
    for windows in (1, 8):
        of("documents", text, texts, intents, windows=windows, method="transformer")


if __name__ == "__main__":
    main()
