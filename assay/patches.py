"""Whitened random patches: an encoder of images that needs no training (Coates, Lee and Ng 2011; Coates and Ng 2011).

Each filter is a random patch of the data, contrast-normalised and ZCA-whitened. An image's embedding is the response
to every filter, positive and negative parts apart, averaged over each of nine regions, then its square root, which
keeps a few strong responses from drowning the others (Perronnin, Sánchez and Mensink 2010).

A. Coates, A. Ng: The Importance of Encoding Versus Training with Sparse Coding and Vector Quantization. ICML 2011.
"""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from assay import graphs

_CONTRAST_FLOOR = 10.0  # added to a patch's variance, for pixels 0..255 (Coates, Lee and Ng 2011)
_WHITENING_FLOOR = 0.1  # added to each eigenvalue of normalised patches (ibid.)
_LARGEST = 6  # pixels a side: what measured best from 28 to 32 pixels; smaller images get half their side
_FLAT = 0.1  # variance of a normalised patch, which is near 1 where there is contrast
_TINY = 1e-12  # added to the length of a filter, which is 0 where all patches are flat
_SAMPLED_PATCHES = 100_000
_REGIONS = 3  # along each side of an image


@dataclass
class Patches:
    """A bank of filters: the response to patch x is (filters · (x - mean x)) / sqrt(var x + floor) - offset."""

    filters: np.ndarray  # (count, size, size, channels) float32
    offset: np.ndarray  # (count,) float32


def learn(images: np.ndarray, count: int, seed: int) -> Patches:
    """Draw and whiten `count` filters.

    Parameters
    ----------
    images : np.ndarray of shape (n, height, width, channels), uint8
    count : number of filters
    seed : of the draw
    """
    rng = np.random.default_rng(seed)
    n, height, width, channels = images.shape
    size = min(_LARGEST, max(1, height // 2), max(1, width // 2))
    which = rng.integers(n, size=_SAMPLED_PATCHES)
    top = rng.integers(height - size + 1, size=_SAMPLED_PATCHES)
    left = rng.integers(width - size + 1, size=_SAMPLED_PATCHES)
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))  # (n, y, x, c, size, size)
    patches = windows[which, top, left].transpose(0, 2, 3, 1).reshape(_SAMPLED_PATCHES, -1).astype(np.float64)
    patches -= patches.mean(axis=1, keepdims=True)
    patches /= np.sqrt(patches.var(axis=1, keepdims=True) + _CONTRAST_FLOOR)
    mean = patches.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(patches, rowvar=False, bias=True).reshape(len(mean), -1))
    whitening = vectors / np.sqrt(values + _WHITENING_FLOOR) @ vectors.T
    varied = np.flatnonzero(patches.var(axis=1) > _FLAT)  # a flat patch whitens to noise
    chosen = rng.choice(varied if len(varied) else np.arange(len(patches)), count)
    filters = (patches[chosen] - mean) @ whitening
    filters /= np.linalg.norm(filters, axis=1, keepdims=True) + _TINY
    filters = filters @ whitening  # now they take patches that are normalised, not yet whitened
    offset = filters @ mean
    filters -= filters.mean(axis=1, keepdims=True)  # the same as subtracting each patch's mean
    return Patches(filters.reshape(count, size, size, channels).astype(np.float32), offset.astype(np.float32))


def to_onnx(patches: Patches, shape: tuple[int, int, int]) -> bytes:
    """The encoder as a graph from `payload` (n, height, width, channels) uint8 to `embedding` (n, 18 count) float32."""
    _, size, _, channels = patches.filters.shape
    positions = [side - size + 1 for side in shape[:2]]  # of a filter
    strides = [max(1, side // _REGIONS) for side in positions]
    pool = [max(1, side - (_REGIONS - 1) * stride) for side, stride in zip(positions, strides, strict=True)]
    window = {"kernel_shape": pool, "strides": strides}
    constants = {
        "filters": patches.filters.transpose(0, 3, 1, 2),
        "ones": np.full((1, channels, size, size), 1 / (channels * size * size), np.float32),
        "floor": np.float32(_CONTRAST_FLOOR),
        "zero": np.float32(0),
        "offset": patches.offset.reshape(1, -1, 1, 1),
    }
    nodes = [
        ("Cast", "payload", "pixels", {"to": TensorProto.FLOAT}),
        ("Transpose", "pixels", "image", {"perm": [0, 3, 1, 2]}),  # (n, c, h, w)
        ("Mul", "image image", "squares"),
        ("Conv", "image ones", "mean"),
        ("Conv", "squares ones", "mean_of_squares"),
        ("Mul", "mean mean", "square_of_mean"),
        ("Sub", "mean_of_squares square_of_mean", "raw_variance"),
        ("Max", "raw_variance zero", "variance"),  # rounding can leave it below 0
        ("Add", "variance floor", "floored"),
        ("Sqrt", "floored", "contrast"),
        ("Conv", "image filters", "responses"),
        ("Div", "responses contrast", "normalised"),
        ("Sub", "normalised offset", "centred"),
        ("Relu", "centred", "positive"),
        ("AveragePool", "positive", "pooled_positive", window),
        ("AveragePool", "centred", "pooled", window),
        ("Sub", "pooled_positive pooled", "pooled_negative"),  # relu(-x) = relu(x) - x
        ("Concat", "pooled_positive pooled_negative", "both", {"axis": 1}),
        ("Max", "both zero", "not_negative"),
        ("Sqrt", "not_negative", "root"),
        ("Flatten", "root", "embedding", {"axis": 1}),
    ]
    return graphs.to_onnx("patches", (TensorProto.UINT8, shape), nodes, constants)
