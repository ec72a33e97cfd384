"""Log-mel spectrograms as an ONNX graph: what a sound shows over time and pitch (Davis and Mermelstein 1980).

The Fourier transform is written as a convolution with windowed waves, so that any ONNX runtime gives the same.
"""

import numpy as np
from onnx import TensorProto

from assay.training import onnx_graph

MELS = 64  # bands
_WINDOW, _HOP = 0.025, 0.010  # seconds
_LOWEST = 60.0  # Hz
_RANGE = 8.0  # powers of ten below a sound's loudest value that are told apart
_QUIETEST = -4.0  # the least that counts as loudest: log10 of power, full scale being about 3
_INAUDIBLE = 1e-10  # power, whose logarithm is taken


def to_onnx(kind: dict) -> bytes:
    """The graph from `payload` (n, samples) int16 to a picture (n, mels, frames, 1) uint8, 255 at a sound's loudest."""
    (samples,), rate = kind["shape"], kind["sample_rate"]
    window, hop = round(_WINDOW * rate), round(_HOP * rate)
    size = 2 ** (window - 1).bit_length()  # of the Fourier transform
    time, frequencies = np.arange(window), np.arange(size // 2 + 1)
    angles = 2 * np.pi * np.outer(frequencies, time) / size
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * time / window)
    waves = np.concatenate([np.cos(angles), np.sin(angles)]) * hann / 2**15  # (2 bins, window)
    bins, filters = len(frequencies), _filters(frequencies * rate / size)  # (mels, bins)
    graph = onnx_graph.Graph()
    sound = graph(
        "Unsqueeze", graph("Cast", "payload", to=TensorProto.FLOAT), [1]
    )  # (n, 1, samples)
    transform = graph(
        "Conv", sound, waves[:, None], strides=[hop], pads=[max(0, window - samples), 0]
    )
    squares = graph("Mul", transform, transform)
    real, imaginary = (graph("Slice", squares, [first], [first + bins], [1]) for first in (0, bins))
    bands = graph("MatMul", filters, graph("Add", real, imaginary))  # (n, mels, frames)
    log = graph("Div", graph("Log", graph("Max", bands, _INAUDIBLE)), np.log(10))
    loudest = graph("Max", graph.reduced("ReduceMax", log, [1, 2]), _QUIETEST)
    raised = graph("Max", graph("Add", graph("Sub", log, loudest), _RANGE), 0.0)
    grey = graph("Unsqueeze", graph("Mul", raised, 255 / _RANGE), [3])
    graph("Cast", grey, to=TensorProto.UINT8, output="embedding")
    return graph.to_onnx("log_mel", (TensorProto.INT16, [samples]), gives=(TensorProto.UINT8, 4))


def _filters(hertz: np.ndarray) -> np.ndarray:
    """Triangles of equal width on the mel scale (O'Shaughnessy 1987) over frequencies (bins,). Shape (mels, bins)."""
    low, high = (2595 * np.log10(1 + edge / 700) for edge in (_LOWEST, hertz[-1]))
    edges = 700 * (10 ** (np.linspace(low, high, MELS + 2) / 2595) - 1)
    rising = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    return np.minimum(rising, falling).clip(0)
