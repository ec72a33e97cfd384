"""The networks that are trained, in Keras's own layers and operations: encoders of pictures and of rows, and a head.

The encoder of images halves them until at most 4 pixels a side are left, one convolution at a time (28, 14, 7, 3; or
32, 16, 8, 4), and convolves what is left once more. Pooling comes before the ReLU, with which it commutes, so that the
ReLU sees a quarter of the values. Grey images, which are mostly drawings and writing, get by with a coarse first
convolution; colour images get a fine one, more channels and normalisation. Labels are judged by all that the last map
holds; the classifier averages it over the image first. A large encoder convolves twice before it halves again.
"""

import keras
from keras import layers, ops

from assay.modalities import images

# channels of the last four convolutions, by an image's own
_WIDTHS = {1: (16, 32, 48, 96), images.COLOUR: (32, 64, 128, 128)}
_LARGE = (
    32,
    64,
    128,
    256,
)  # channels of a large encoder: of the first convolution, and of the last pairs of them
_SMALLEST = 4  # pixels a side from which on an image is not halved again
_STEM = 5  # pixels a side of the first filters of grey images, which are two pixels apart
_MOMENTUM = 0.9  # of normalisation's running means: small data has few steps
_UNITS = 256  # of each of the two layers for rows
_DROPPED = (
    0.3  # share of them that a training step leaves out (Srivastava et al. 2014): tables are small
)
_INPUT_DROPPED = 0.1  # and of the features


def encoder(shape: tuple[int, ...], *, large: bool = False) -> keras.Model:
    """A network from pictures (n, height, width, channels) to a map (n, side, side, width), or rows (n, features) to
    vectors (n, width)."""
    if len(shape) == 3:
        return _large_image_encoder(shape) if large else _image_encoder(shape)
    return _row_encoder(shape)


def _image_encoder(shape: tuple[int, int, int]) -> keras.Model:
    sides, colour, widths = [min(shape[:2])], shape[2] == images.COLOUR, _WIDTHS[shape[2]]
    while sides[-1] > _SMALLEST:  # at each convolution
        sides.append(sides[-1] // 2)
    widths = ([widths[0]] * len(sides) + list(widths))[-len(sides) :]
    payload = keras.Input(shape, dtype="uint8", name="payload")
    x = layers.Rescaling(1 / 255)(payload)  # (n, height, width, channels)
    for stage, width in enumerate(widths):
        coarse = not stage and not colour
        size, stride = (_STEM, 2) if coarse else (3, 1)
        x = layers.Conv2D(width, size, stride, padding="same", kernel_initializer="he_normal")(
            x
        )  # (n, s, s, width)
        if not coarse and stage < len(widths) - 1:
            x = layers.MaxPooling2D()(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x) if colour else x)
    return keras.Model(payload, x, name="encoder")


def _large_image_encoder(shape: tuple[int, int, int]) -> keras.Model:
    def convolved(x: keras.KerasTensor, width: int, *, halved: bool = False) -> keras.KerasTensor:
        x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(
            x
        )
        x = layers.MaxPooling2D()(x) if halved else x
        return layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))

    halvings = 1
    while min(shape[:2]) >> halvings > _SMALLEST:
        halvings += 1
    payload = keras.Input(shape, dtype="uint8", name="payload")
    x = convolved(layers.Rescaling(1 / 255)(payload), _LARGE[0])  # (n, height, width, channels)
    for width in ([_LARGE[1]] * halvings + list(_LARGE[1:]))[-halvings:]:
        x = convolved(convolved(x, width, halved=True), width)  # (n, s, s, width)
    return keras.Model(payload, x, name="encoder")


def _row_encoder(shape: tuple[int]) -> keras.Model:
    payload = keras.Input(shape, name="payload")
    x = layers.BatchNormalization(center=False, scale=False)(
        payload
    )  # (n, features), each on one scale
    x = layers.Dropout(_INPUT_DROPPED)(x)
    for _ in range(2):
        x = layers.Dense(_UNITS, activation="relu", kernel_initializer="he_normal")(x)  # (n, units)
        x = layers.Dropout(_DROPPED)(x)
    return keras.Model(payload, x, name="encoder")


def averaged(encoded: keras.KerasTensor) -> keras.KerasTensor:
    """A map averaged over the image; a vector as it is. Shape (n, width)."""
    return layers.GlobalAveragePooling2D()(encoded) if len(encoded.shape) == 4 else encoded


def classifier(trunk: keras.Model, n_classes: int) -> keras.Model:
    """`trunk` with a head that gives logits. Normalising the average alone is cheap, and allows a high rate."""
    x = layers.BatchNormalization(momentum=_MOMENTUM)(averaged(trunk.output))
    return keras.Model(
        trunk.input, layers.Dense(n_classes, dtype=keras.config.floatx())(x), name="classifier"
    )


def mirrored(model: keras.Model) -> keras.Model:
    """What `model` gives on average for images and their mirror images."""
    return keras.Model(model.input, (model(model.input) + model(model.input[:, :, ::-1])) / 2)


def softmax(logits: keras.KerasTensor) -> keras.KerasTensor:
    """Softmax written out: ONNX Runtime's own gives other last bits on other processors."""
    powers = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
    return powers / ops.sum(powers, axis=-1, keepdims=True)
