"""Whitened random patches: an encoder of images that needs no training.

Each filter is a random patch of the data, contrast-normalised and ZCA-whitened. An image's
embedding has the positive and the negative part of the response to every filter, averaged over each
of nine regions. Their square root is taken, so that a few strong responses do not hide the others
(Perronnin, Sánchez and Mensink 2010).

A. Coates, H. Lee, A. Ng: An Analysis of Single-Layer Networks in Unsupervised Feature Learning.
AISTATS 2011.
A. Coates, A. Ng: The Importance of Encoding Versus Training with Sparse Coding and Vector
Quantization. ICML 2011.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from onnx import TensorProto

from assay.training import onnx_graph

_CONTRAST_FLOOR = 10.0  # added to a patch's variance, for pixels 0..255 (Coates, Lee and Ng 2011)
_WHITENING_FLOOR = 0.1  # added to each eigenvalue of normalised patches (ibid.)
# pixels a side of a filter, without and with a halving: the best ones for images of 28 to 32 pixels
_LARGEST = (6, 4)
_FLAT = 0.1  # a normalised patch of less variance is flat; a patch with contrast has about 1
_TINY = 1e-12  # added to the length of a filter, which is 0 if all patches are flat
_SAMPLED_PATCHES = 100_000
_REGIONS = 3  # along each side of an image
_FIRST = (0, 3, 1, 2)  # axes with the channels first
_SIDE = 64  # pixels of the shorter side that filters see; larger images are reduced


@dataclass
class Patches:
    """A bank of filters.

    The response to patch x is (filters · (x - mean x)) / sqrt(var x + floor) - offset.

    Attributes
    ----------
    filters : (count, size, size, channels) float32
    offset : (count,) float32
    halvings : how often an image's sides are halved, by averaging pixels, before the filters
    stride : pixels from one position of a filter to the next
    """

    filters: np.ndarray
    offset: np.ndarray
    halvings: int = 0
    stride: int = 1


def learn(
    images: np.ndarray, count: int, seed: int, *, halvings: int = 0, stride: int = 1
) -> Patches:
    """Draw and whiten filters.

    Parameters
    ----------
    images : (n, height, width, channels) with values 0..255, from `reduced`
    count : number of filters
    seed : of the draw
    halvings : how often the images' sides are halved, for coarser structure; a pixel is always left
    stride : pixels from one position of a filter to the next
    """
    rng = np.random.default_rng(seed)
    halvings = min(halvings, min(images.shape[1:3]).bit_length() - 1)
    for _ in range(halvings):
        images = reduced(images, 2)
    height, width, channels = images.shape[1:]
    size = min(_LARGEST[halvings > 0], max(1, height // 2), max(1, width // 2))
    patches = _random_patches(images, size, rng)  # (sampled, values)
    patches -= patches.mean(axis=1, keepdims=True)
    patches /= np.sqrt(patches.var(axis=1, keepdims=True) + _CONTRAST_FLOOR)
    mean = patches.mean(axis=0)
    whitening = _zca(patches)  # (values, values)
    varied = np.flatnonzero(patches.var(axis=1) > _FLAT)  # a flat patch whitens to noise
    chosen = rng.choice(varied if len(varied) else np.arange(len(patches)), count)
    filters = (patches[chosen] - mean) @ whitening  # (count, values)
    filters /= np.linalg.norm(filters, axis=1, keepdims=True) + _TINY
    filters = filters @ whitening  # now they take patches that are normalised, not yet whitened
    offset = filters @ mean
    filters -= filters.mean(axis=1, keepdims=True)  # the same as subtracting each patch's mean
    shaped = filters.reshape(count, size, size, channels)
    return Patches(shaped.astype(np.float32), offset.astype(np.float32), halvings, stride)


def reduction(shape: tuple[int, ...]) -> int:
    """The factor by which images (height, width, channels) are reduced before the filters.

    So the cost of an embedding does not grow with the number of pixels.
    """
    return max(1, -(-min(shape[:2]) // _SIDE))


def reduced(images: np.ndarray, factor: int) -> np.ndarray:
    """Images (n, height, width, channels) with sides smaller by a factor, by averaging pixels."""
    if factor == 1:
        return images
    height, width = (side // factor for side in images.shape[1:3])
    whole = images[:, : factor * height, : factor * width]  # without the rest of a division
    squares = whole.reshape(len(images), height, factor, width, factor, -1)
    return squares.mean(axis=(2, 4), dtype=np.float32)


def _random_patches(images: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Patches of random images at random places. Shape (sampled, size · size · channels)."""
    n, height, width = images.shape[:3]
    number = rng.integers(n, size=_SAMPLED_PATCHES)
    top = rng.integers(height - size + 1, size=_SAMPLED_PATCHES)
    left = rng.integers(width - size + 1, size=_SAMPLED_PATCHES)
    windows = sliding_window_view(images, (size, size), axis=(1, 2))  # (n, y, x, c, size, size)
    patches = windows[number, top, left].transpose(0, 2, 3, 1)  # (sampled, size, size, c)
    return patches.reshape(_SAMPLED_PATCHES, -1).astype(np.float64)


def _zca(rows: np.ndarray) -> np.ndarray:
    """The matrix (values, values) that whitens rows (n, values) and changes them least.

    So a whitened patch is still a patch. `measures.outliers`, `training.unlike` and
    `annotation.whitening` do not need this, because they whiten embeddings.
    """
    covariance = np.cov(rows, rowvar=False, bias=True).reshape(rows.shape[1], -1)
    variances, axes = np.linalg.eigh(covariance)
    return axes / np.sqrt(variances + _WHITENING_FLOOR) @ axes.T


def encoder_graph(
    banks: Sequence[Patches], shape: tuple[int, int, int], *, mirror: bool = False
) -> bytes:
    """The graph from `payload` (n, height, width, channels) uint8 to `embedding` float32.

    Its shape is (n, 18 · filters) if an image has room for nine regions.

    Parameters
    ----------
    banks : one bank of filters for each scale; their responses are concatenated. They were learned
        from images of this shape, `reduced` by the factor `reduction`
    shape : height, width and channels of an image
    mirror : add up the responses of an image and its mirror image
    """
    graph = onnx_graph.Graph()
    factor = reduction(shape)
    if factor > 1:
        image = _reduced_in_graph(graph, shape, factor)
    else:
        image = graph("Transpose", graph("Cast", "payload", to=TensorProto.FLOAT), perm=_FIRST)
    seen = (shape[0] // factor, shape[1] // factor, shape[2])
    views = [image]
    if mirror:
        views.append(graph("Slice", image, [-1], [-(2**31)], [3], [-1]))  # the width, backwards
    responses = [_responses(graph, bank, views, seen) for bank in banks]
    # for each view, the responses of all banks
    embeddings = [graph("Concat", *parts, axis=1) for parts in zip(*responses, strict=True)]
    graph("Sum", *embeddings, output="embedding")
    return graph.serialised("patches", (TensorProto.UINT8, shape))


def _reduced_in_graph(graph: onnx_graph.Graph, shape: tuple[int, int, int], factor: int) -> str:
    """The payload `reduced` by a factor, channels first: (n, channels, height, width) float.

    Rows are added up by a product of matrices of bytes, which is exact and twice as fast as
    AveragePool.
    """
    height, width, channels = shape
    rows, columns = height // factor, width // factor
    added = np.zeros((rows, height), np.uint8)  # which rows are added up for each reduced one
    added[:, : rows * factor] = np.repeat(np.eye(rows, dtype=np.uint8), factor, axis=1)
    lines = graph("Reshape", "payload", [-1, height, width * channels])
    sums = graph("MatMulInteger", graph.exact(added), lines)  # (n, rows, width * channels)
    whole = graph("Slice", sums, [0], [columns * factor * channels], [2])
    squares = graph("Reshape", whole, [-1, rows, columns, factor, channels])
    totals = graph.reduced("ReduceSum", squares, [3], keepdims=0)  # (n, rows, columns, channels)
    mean = graph("Div", graph("Cast", totals, to=TensorProto.FLOAT), float(factor**2))
    return graph("Transpose", mean, perm=_FIRST)


def _responses(
    graph: onnx_graph.Graph, bank: Patches, views: Sequence[str], shape: tuple[int, int, int]
) -> list[str]:
    """For each view, the square roots of its pooled responses (n, 18 · filters)."""
    size, channels = bank.filters.shape[2:]
    steps: dict[str, Any] = {"strides": [bank.stride] * 2} if bank.stride > 1 else {}
    window = _regions(shape, size, bank)
    filters = graph.constant(bank.filters.transpose(0, 3, 1, 2))
    values = channels * size * size
    average = graph.constant(np.full((1, channels, size, size), 1 / values))
    responses = []
    for view in views:
        x = view
        for _ in range(bank.halvings):
            x = graph("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
        mean = graph("Conv", x, average, **steps)
        mean_of_squares = graph("Conv", graph("Mul", x, x), average, **steps)
        variance = graph("Sub", mean_of_squares, graph("Mul", mean, mean))
        variance = graph("Max", variance, 0.0)  # rounding can make it negative
        contrast = graph("Sqrt", graph("Add", variance, _CONTRAST_FLOOR))
        normalised = graph("Div", graph("Conv", x, filters, **steps), contrast)
        response = graph("Sub", normalised, bank.offset[:, None, None])  # (n, filters, y, x)
        positive = graph("AveragePool", graph("Relu", response), **window)
        average_response = graph("AveragePool", response, **window)
        negative = graph("Sub", positive, average_response)  # relu(-x) = relu(x) - x
        both = graph("Concat", positive, negative, axis=1)
        responses.append(graph("Flatten", graph("Sqrt", graph("Max", both, 0.0))))
    return responses


def _regions(shape: tuple[int, int, int], size: int, bank: Patches) -> dict[str, Any]:
    """The pooling window that averages responses over three regions along each side."""
    sides = [side >> bank.halvings for side in shape[:2]]
    positions = [(side - size) // bank.stride + 1 for side in sides]  # of a filter, along each side
    strides = [max(1, count // _REGIONS) for count in positions]
    covered = [(_REGIONS - 1) * stride for stride in strides]  # by all regions except the last
    kernel = [max(1, count - part) for count, part in zip(positions, covered, strict=True)]
    return {"kernel_shape": kernel, "strides": strides}
