"""Log-mel spectrograms as an ONNX graph: what a sound shows over time and pitch.

The Fourier transform is a convolution with windowed waves, so any ONNX runtime gives the same.

S. Davis, P. Mermelstein: Comparison of Parametric Representations for Monosyllabic Word
Recognition. IEEE Transactions on Acoustics, Speech, and Signal Processing 28, 1980.

A long sound gets no more frames than one of 10 s: each frame is the mean power of neighbours. So
later steps cost no more for an hour of sound. Results were better than with a longer step from
frame to frame, which skips sound.
"""

import numpy as np
from onnx import TensorProto

from assay.training import onnx_graph

MELS = 64  # bands
_WINDOW = 0.025  # seconds that a frame covers
_HOP = 0.010  # seconds from frame to frame
_LONG = 10  # seconds; a longer sound does not get more frames
_AT_ONCE = 5000  # frames of a long sound that are transformed at a time: 70 MB at 16 kHz
_LOWEST = 60.0  # Hz
_RANGE = 8.0  # powers of ten from a sound's loudest value down to where the picture is 0
_QUIETEST = -4.0  # a lower loudest value counts as this; log10 of power, about 3 at full scale
_INAUDIBLE = 1e-10  # least power, so that silence has a logarithm


def spectrogram_graph(payload_format: dict) -> bytes:
    """From `payload` (n, samples) int16 to a picture (n, mels, frames, 1) uint8.

    A sound's loudest value is 255.
    """
    (samples,) = payload_format["shape"]
    rate = payload_format["sample_rate"]
    window, hop = round(_WINDOW * rate), round(_HOP * rate)
    size = 2 ** (window - 1).bit_length()  # of the Fourier transform
    frequencies = np.arange(size // 2 + 1)
    bins = len(frequencies)
    filters = _mel_filters(frequencies * rate / size)  # (mels, bins)
    waves = _windowed_waves(frequencies, window, size)[:, None]  # (2 bins, 1, window)
    graph = onnx_graph.Graph()

    def power_of(
        sounds: str, pads: list[int], waves: str | np.ndarray, filters: str | np.ndarray
    ) -> str:
        """The power (n, mels, frames) of sounds (n, samples) int16."""
        sound = graph("Cast", sounds, to=TensorProto.FLOAT)
        sound = graph("Unsqueeze", sound, [1])  # (n, 1, samples)
        transform = graph("Conv", sound, waves, strides=[hop], pads=pads)  # (n, 2 bins, frames)
        squares = graph("Mul", transform, transform)
        real = graph("Slice", squares, [0], [bins], [1])
        imaginary = graph("Slice", squares, [bins], [2 * bins], [1])
        return graph("MatMul", filters, graph("Add", real, imaginary))

    frames = 1 + max(0, samples - window) // hop
    together = max(1, -(-samples // (_LONG * rate)))  # frames whose mean is one of the picture
    if together == 1:
        power = power_of("payload", [max(0, window - samples), 0], waves, filters)
    else:
        parts = []
        shared = (graph.constant(waves), graph.constant(filters))  # once for all parts
        step = together * max(1, _AT_ONCE // together)
        for first in range(0, frames, step):
            count = min(step, -(-(frames - first) // together) * together)
            start, end = first * hop, (first + count - 1) * hop + window
            part = graph("Slice", "payload", [start], [min(end, samples)], [1])
            pads = [0, max(0, end - samples)]  # so the last mean has all its frames
            fine = power_of(part, pads, *shared)
            parts.append(graph("AveragePool", fine, kernel_shape=[together], strides=[together]))
        power = graph("Concat", *parts, axis=2)
    log = graph("Div", graph("Log", graph("Max", power, _INAUDIBLE)), np.log(10))
    loudest = graph("Max", graph.reduced("ReduceMax", log, [1, 2]), _QUIETEST)
    raised = graph("Max", graph("Add", graph("Sub", log, loudest), _RANGE), 0.0)
    grey = graph("Unsqueeze", graph("Mul", raised, 255 / _RANGE), [3])
    graph("Cast", grey, to=TensorProto.UINT8, output="embedding")
    sounds = (TensorProto.INT16, [samples])
    pictures = (TensorProto.UINT8, 4)
    return graph.serialised("log_mel", sounds, output_type=pictures)


def _windowed_waves(frequencies: np.ndarray, window: int, size: int) -> np.ndarray:
    """Cosines, then sines, under a Hann window, for samples of 16 bits. Shape (2 bins, window)."""
    time = np.arange(window)
    angles = 2 * np.pi * np.outer(frequencies, time) / size
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * time / window)
    return np.concatenate([np.cos(angles), np.sin(angles)]) * hann / 2**15


def _mel_filters(hertz: np.ndarray) -> np.ndarray:
    """Triangles of equal width on the mel scale (O'Shaughnessy 1987). Shape (mels, bins).

    `hertz` (bins,) are the frequencies of the Fourier transform.
    """
    low, high = (2595 * np.log10(1 + edge / 700) for edge in (_LOWEST, hertz[-1]))
    edges = 700 * (10 ** (np.linspace(low, high, MELS + 2) / 2595) - 1)
    rising = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    return np.minimum(rising, falling).clip(0)
