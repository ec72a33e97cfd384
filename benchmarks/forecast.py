"""Forecasts at half of the data against what all of it gives, and the best lever against the truth.
"""

import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import yaml

from assay.contract.inference import Model
from assay.contract.remarks import Remarks
from assay.contract.sections import Collect, Pretrain
from assay.encoders import learning
from assay.modalities.audio import canonical
from benchmarks import planted
from benchmarks.modalities import sounds
from benchmarks.workspace import ROOT, SHARED


def payloads(name: str) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Format, payloads, given labels, true labels, and which of the rows are test examples."""
    if name == "banking77":
        sides = [pd.read_csv(SHARED / f"banking77/{side}.csv") for side in ("train", "test")]
        labels = pd.concat(sides)["category"].to_numpy()
        texts = pd.concat(sides)["text"].to_numpy(dtype=object)
        is_test = np.repeat([False, True], [len(side) for side in sides])
        return {"modality": "text"}, texts, labels, labels, is_test
    if name == "fsdd":
        frame = sounds()
        params = Collect.model_construct(sample_rate=16000, seconds=1.0)
        content = [path.read_bytes() for path in frame["path"]]
        waves = canonical(content, list(frame["file_name"]), params, Remarks())[:]
        labels = frame["label"].to_numpy()
        audio = {"modality": "audio", "shape": [16000], "sample_rate": 16000}
        return audio, waves, labels, labels, (frame["index"] < 5).to_numpy()
    sides = planted.load("mnist" if name == "mnist" else "cifar10")
    images = np.concatenate([sides[side][0] for side in ("train", "test")])
    truth = np.concatenate([sides[side][1] for side in ("train", "test")]).astype(str)
    is_test = np.arange(len(images)) >= len(sides["train"][0])
    given = truth.copy()
    if name == "cifar10n":
        people = pq.read_table(SHARED / "cifar10n/train-dev.parquet", columns=["label_1"])
        given[~is_test] = np.array(people["label_1"]).astype(str)
    return {"modality": "image", "shape": list(images.shape[1:])}, images, given, truth, is_test


def embedded(name: str) -> tuple[np.ndarray, ...]:
    """Embeddings as pretrain and embed make them, given labels, true labels, and the test rows."""
    payload_format, payload, given, truth, is_test = payloads(name)
    params = Pretrain(**yaml.safe_load((ROOT / "params.yaml").read_text())["pretrain"])
    learned = payload[~is_test][: params.examples]
    encoder = learning.learn(payload_format, learned, params, portable=False, threads=2)
    model = Model(encoder.onnx, portable=False, threads=2)
    blocks = (payload[start : start + 64] for start in range(0, len(payload), 64))
    return model.over(blocks), given, truth, is_test
