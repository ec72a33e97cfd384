"""openWakeWord's speech encoder as one ONNX file for `pretrain.encoder`: from a second at 16 kHz to
192 numbers.

pip install --no-deps openwakeword==0.4.0
python -m benchmarks.openwakeword models/pretrained/openwakeword.onnx

The package has two models: one from samples to a mel spectrogram, one from 76 frames of it to 96
numbers. This script joins them. Samples are brought to the 16-bit range. Silence is put before
them, because the encoder hears words that end with its window. Windows at 11 places are encoded,
and their maximum and mean are kept. The models' licence is CC BY-NC-SA 4.0.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from assay.training import onnx_graph

SAMPLES, HOP, OPSET = 16000, 160, 13
BEFORE, STEP, WINDOW, PLACES = 64, 8, 76, 11  # frames


def spectrogram(path: Path) -> bytes:
    """As it is, but for the loudest value, to which others are relative: an example's own, not that
    of all together.
    """
    model = onnx.load(path)
    loudest = next(node for node in model.graph.node if node.op_type == "ReduceMax")
    del loudest.attribute[:]
    loudest.attribute.extend(
        [helper.make_attribute("axes", [1, 2, 3]), helper.make_attribute("keepdims", 1)]
    )
    clip = next(
        node
        for node in model.graph.node
        if node.op_type == "Clip" and node.input[0] == loudest.input[0]
    )
    clip.op_type = "Max"  # Clip takes one number as its limit
    del clip.input[2:]
    return model.SerializeToString()


def joined(folder: Path) -> bytes:
    sound, windows, pooled = (onnx_graph.Graph(OPSET) for _ in range(3))
    loud = sound("Mul", "payload", float(2**15))
    sound("Pad", loud, [0, BEFORE * HOP, 0, 0], output="embedding")
    frames = STEP * np.arange(PLACES)[:, None] + np.arange(WINDOW)
    shifted = windows("Add", windows("Div", "payload", 10.0), 2.0)
    seen = windows("Gather", shifted, frames, axis=2)  # (n, 1, places, frames, bands)
    windows("Reshape", seen, [-1, WINDOW, 32, 1], output="embedding")
    places = pooled("Reshape", "payload", [-1, PLACES, 96])
    kept = [pooled.reduced(op, places, [1], keepdims=0) for op in ("ReduceMax", "ReduceMean")]
    pooled("Concat", *kept, axis=1, output="embedding")
    seen = windows.serialised(
        "windows", (TensorProto.FLOAT, [1, None, 32]), output_type=(TensorProto.FLOAT, 4)
    )
    content = onnx_graph.joined(
        sound.serialised("sound", (TensorProto.FLOAT, [SAMPLES])),
        spectrogram(folder / "melspectrogram.onnx"),
    )
    content = onnx_graph.joined(content, seen, "output")
    content = onnx_graph.joined(content, (folder / "embedding_model.onnx").read_bytes())
    return onnx_graph.joined(
        content, pooled.serialised("pooled", (TensorProto.FLOAT, [1, 1, 96])), "conv2d_19"
    )


def main() -> None:
    package = find_spec("openwakeword")
    if package is None:
        sys.exit(f"openwakeword is missing: install what the head of {__file__} says")
    (path,) = sys.argv[1:]
    Path(path).write_bytes(joined(Path(package.origin).parent / "resources/models"))


if __name__ == "__main__":
    main()
