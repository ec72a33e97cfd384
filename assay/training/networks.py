"""Our networks, in Keras's layers: encoders of images and of rows, and the classifier on top.

The encoder of images halves them until the shorter side has at most 4 pixels (28, 14, 7, 3; or 32,
16, 8, 4). It has one convolution for each halving, and one more at the end. Pooling comes before
the ReLU: the result is the same, and the ReLU sees a quarter of the values. Grey images are mostly
drawings and writing, and need only a coarse first convolution. Colour images get a fine one, more
channels and normalisation. The embedding is the whole last map. The classifier first pools the map
over the image. The large encoder has two convolutions between halvings.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from assay.modalities import images

# channels of the last four convolutions, by the channels of an image
_WIDTHS = {1: (16, 32, 48, 96), images.COLOUR: (32, 64, 128, 128)}
# the same for the large encoder: its first convolution, then its last three pairs of convolutions
_LARGE = (32, 64, 128, 256)
_SMALLEST = 4  # pixels of the shorter side; a map of this size is not halved again
_STEM = 5  # pixels a side of the first filters for grey images; their stride is 2
_MOMENTUM = 0.9  # of the running means in batch normalisation; low, as small data has few steps
_UNITS = 256  # of each of the two layers for rows
# dropout: shares that a training step leaves out (Srivastava et al. 2014), because tables are small
_DROPPED = 0.3  # of the units
_INPUT_DROPPED = 0.1  # of the features


def encoder(
    shape: tuple[int, ...], *, large: bool = False, first_filters: np.ndarray | None = None
) -> keras.Model:
    """An encoder with random weights.

    Parameters
    ----------
    shape : (height, width, channels) of images, or (features,) of rows
    large : for images, the large encoder
    first_filters : (side, side, channels, width), for colour images: the weights of the first
        convolution, which training does not change

    Returns
    -------
    keras.Model
        From images to a map (n, side, side, width), or from rows to vectors (n, width).
    """
    if len(shape) != 3:
        return _row_encoder(shape)
    build = _large_image_encoder if large else _image_encoder
    return build(shape, first_filters)


def _image_encoder(shape: tuple[int, ...], first_filters: np.ndarray | None) -> keras.Model:
    colour = shape[2] == images.COLOUR
    convolutions = 1 + _halvings(shape)
    widths = _last(_WIDTHS[shape[2]], convolutions)
    payload = keras.Input(shape, dtype="uint8", name="payload")
    x = layers.Rescaling(1 / 255)(payload)  # (n, height, width, channels)
    for stage, width in enumerate(widths):
        coarse = stage == 0 and not colour
        size, stride = (_STEM, 2) if coarse else (3, 1)
        if stage == 0 and first_filters is not None:
            x = _fixed(first_filters, x)(x)
        else:
            x = _convolution(width, size, strides=stride)(x)  # (n, side, side, width)
        if not coarse and stage < convolutions - 1:
            x = layers.MaxPooling2D()(x)
        if colour:
            x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
        x = layers.ReLU()(x)
    return keras.Model(payload, x, name="encoder")


def _large_image_encoder(shape: tuple[int, ...], first_filters: np.ndarray | None) -> keras.Model:
    def normalised(x: KerasTensor) -> KerasTensor:
        return layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))

    def convolved(x: KerasTensor, width: int, *, halved: bool = False) -> KerasTensor:
        x = _convolution(width, 3, use_bias=False)(x)
        return normalised(layers.MaxPooling2D()(x) if halved else x)

    payload = keras.Input(shape, dtype="uint8", name="payload")
    x = layers.Rescaling(1 / 255)(payload)  # (n, height, width, channels)
    if first_filters is None:
        x = convolved(x, _LARGE[0])
    else:
        x = normalised(_fixed(first_filters, x)(x))
    for width in _last(_LARGE[1:], max(1, _halvings(shape))):
        halved = min(x.shape[1:3]) > 1
        x = convolved(convolved(x, width, halved=halved), width)  # (n, side, side, width)
    return keras.Model(payload, x, name="encoder")


def _halvings(shape: tuple[int, ...]) -> int:
    """How often an image is halved until its shorter side has at most 4 pixels."""
    halvings = 0
    while min(shape[:2]) >> halvings > _SMALLEST:
        halvings += 1
    return halvings


def _last(widths: tuple[int, ...], count: int) -> list[int]:
    """The last `count` widths. If there are fewer, the first one is repeated."""
    return ([widths[0]] * count + list(widths))[-count:]


def _convolution(width: int, size: int, **options: object) -> layers.Conv2D:
    return layers.Conv2D(width, size, padding="same", kernel_initializer="he_normal", **options)


def _fixed(filters: np.ndarray, images: KerasTensor) -> layers.Conv2D:
    """A convolution of these images by filters (side, side, channels, width), never trained."""
    convolution = layers.Conv2D(
        filters.shape[-1], filters.shape[:2], padding="same", use_bias=False
    )
    convolution.build(images.shape)
    convolution.set_weights([filters])
    convolution.trainable = False
    return convolution


def _row_encoder(shape: tuple[int, ...]) -> keras.Model:
    payload = keras.Input(shape, name="payload")
    # (n, features), all on one scale
    x = layers.BatchNormalization(center=False, scale=False)(payload)
    x = layers.Dropout(_INPUT_DROPPED)(x)
    for _ in range(2):
        x = layers.Dense(_UNITS, activation="relu", kernel_initializer="he_normal")(x)  # (n, units)
        x = layers.Dropout(_DROPPED)(x)
    return keras.Model(payload, x, name="encoder")


def averaged(encoded: KerasTensor) -> KerasTensor:
    """A map averaged over the image; a vector as it is. Shape (n, width)."""
    return layers.GlobalAveragePooling2D()(encoded) if len(encoded.shape) == 4 else encoded


def highest(encoded: KerasTensor) -> KerasTensor:
    """The highest value of each feature in the image. Shape (n, width)."""
    return layers.GlobalMaxPooling2D()(encoded)


def classifier(
    trunk: keras.Model, n_classes: int, pooled: Callable[[KerasTensor], KerasTensor] = averaged
) -> keras.Model:
    """`trunk` with a head that gives logits (n, classes) from its pooled output.

    Normalising only the pooled values is cheap, and allows a high learning rate.
    """
    x = layers.BatchNormalization(momentum=_MOMENTUM)(pooled(trunk.output))
    logits = layers.Dense(n_classes, dtype=keras.config.floatx())(x)
    return keras.Model(trunk.input, logits, name="classifier")


def last_features(model: keras.Model) -> KerasTensor:
    """The input of the last layer of a `classifier`; of a `mirrored` one, without mirroring."""
    single = next((layer for layer in model.layers if layer.name == "classifier"), model)
    return keras.Model(single.input, single.layers[-1].input)(model.input)


def mirrored(model: keras.Model) -> keras.Model:
    """The average output of `model` for images and their mirror images."""
    return keras.Model(model.input, (model(model.input) + model(model.input[:, :, ::-1])) / 2)


def softmax(logits: KerasTensor) -> KerasTensor:
    """Softmax in single operations: ONNX Runtime's own rounds differently by processor."""
    powers = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
    return powers / ops.sum(powers, axis=-1, keepdims=True)
