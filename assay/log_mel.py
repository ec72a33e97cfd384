"""Log-mel spectrograms as an ONNX graph: what a sound shows over time and pitch (Davis and Mermelstein 1980).

The Fourier transform is written as a convolution with windowed waves, so that any ONNX runtime gives the same.
"""

import numpy as np
from onnx import TensorProto

from assay import graphs

MELS = 64  # bands
_WINDOW, _HOP = 0.025, 0.010  # seconds
_LOWEST = 60.0  # Hz
_RANGE = 8.0  # powers of ten below a sound's loudest value that are told apart
_QUIETEST = -4.0  # the least that counts as loudest: log10 of power, full scale being about 3


def to_onnx(kind: dict) -> bytes:
    """The graph from `payload` (n, samples) int16 to a picture (n, mels, frames, 1) uint8, 255 at a sound's loudest."""
    (samples,), rate = kind["shape"], kind["sample_rate"]
    window, hop = round(_WINDOW * rate), round(_HOP * rate)
    size = 2 ** (window - 1).bit_length()  # of the Fourier transform
    time, frequencies = np.arange(window), np.arange(size // 2 + 1)
    angles = 2 * np.pi * np.outer(frequencies, time) / size
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * time / window)
    waves = np.concatenate([np.cos(angles), np.sin(angles)]) * hann / 2**15  # (2 bins, window)
    bins = len(frequencies)
    constants = {
        "one": np.array([1]),
        "waves": waves[:, None].astype(np.float32),
        "first": np.array([0]),
        "middle": np.array([bins]),
        "last": np.array([2 * bins]),
        "mels": _filters(frequencies * rate / size).astype(np.float32),  # (mels, bins)
        "tiny": np.float32(1e-10),
        "ten": np.float32(np.log(10)),
        "quietest": np.float32(_QUIETEST),
        "range": np.float32(_RANGE),
        "scale": np.float32(255 / _RANGE),
        "zero": np.float32(0),
        "three": np.array([3]),
    }
    nodes = [
        ("Cast", "payload", "samples", {"to": TensorProto.FLOAT}),
        ("Unsqueeze", "samples one", "channel"),  # (n, 1, samples)
        ("Conv", "channel waves", "transform", {"strides": [hop], "pads": [max(0, window - samples), 0]}),
        ("Mul", "transform transform", "squares"),
        ("Slice", "squares first middle one", "real"),
        ("Slice", "squares middle last one", "imaginary"),
        ("Add", "real imaginary", "power"),  # (n, bins, frames)
        ("MatMul", "mels power", "bands"),  # (n, mels, frames)
        ("Max", "bands tiny", "audible"),
        ("Log", "audible", "natural"),
        ("Div", "natural ten", "log"),
        ("ReduceMax", "log", "loudest", {"axes": [1, 2]}),
        ("Max", "loudest quietest", "reference"),
        ("Sub", "log reference", "below"),
        ("Add", "below range", "raised"),
        ("Max", "raised zero", "clipped"),
        ("Mul", "clipped scale", "scaled"),
        ("Unsqueeze", "scaled three", "grey"),
        ("Cast", "grey", "embedding", {"to": TensorProto.UINT8}),
    ]
    return graphs.to_onnx("log_mel", (TensorProto.INT16, [samples]), nodes, constants, gives=(TensorProto.UINT8, 4))


def _filters(hertz: np.ndarray) -> np.ndarray:
    """Triangles of equal width on the mel scale (O'Shaughnessy 1987) over frequencies (bins,). Shape (mels, bins)."""
    low, high = (2595 * np.log10(1 + edge / 700) for edge in (_LOWEST, hertz[-1]))
    edges = 700 * (10 ** (np.linspace(low, high, MELS + 2) / 2595) - 1)
    rising = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    return np.minimum(rising, falling).clip(0)
