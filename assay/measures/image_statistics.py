"""Measures of images without a model: a fingerprint for copies, statistics, and problems."""

import numpy as np

from assay.measures.outliers import far_out

REASONS = {
    "blank": "shows nothing: one colour",
    "dark": "nearly black",
    "blurred": "far less sharp than the others",
    "cut_off": "its lower rows are of one colour: cut off?",
}
_FREQUENCIES = 8  # cycles over the image; copies agree in these and slower ones
_SMALLEST = 16  # pixels a side; sharpness means nothing in smaller images
_SOFT = -0.5  # sharpness; sharp edges in any direction have more, even with smooth lines
_BLANK = 2.55  # at most this standard deviation of grey in a blank image: 1 % of the range
_DARK = 64  # a quarter of the range; 95 % of the pixels of a dark image are darker
_CUT = 1 / 3  # share of rows, from the bottom up, that must be missing
_BORDER = 256  # places along the border, at most
_LEVEL = 32  # greys in a level
_EVEN = 8  # greys by which a missing row may vary: JPEG may add as much


def fingerprint(pixels: np.ndarray) -> np.ndarray:
    """The strengths of an image's low frequencies. Shifted or noisy copies have nearly the same.

    A change of brightness, or JPEG, hardly changes them.

    Parameters
    ----------
    pixels : (n, height, width, channels) uint8

    Returns
    -------
    np.ndarray
        Shape (n, 153) for sides of 17 pixels or more, float32. Rows have length 1; a row is 0 for
        an image of one colour.
    """
    height, width = pixels.shape[1:3]
    grey = pixels.mean(axis=3, dtype=np.float32)
    centred = grey - grey.mean(axis=(1, 2), keepdims=True)
    tapered = centred * _taper(height)[:, None] * _taper(width)
    low = np.abs(np.fft.fftfreq(height, 1 / height)) <= _FREQUENCIES
    strengths = np.abs(np.fft.rfft2(tapered)[:, low, : _FREQUENCIES + 1]).astype(np.float32)
    strengths[:, 0, 0] = 0  # brightness
    flat = strengths.reshape(len(pixels), -1)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return flat / np.where(length > _BLANK * height * width / 2, length, np.inf)


def statistics(pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Measure images (n, height, width, channels). By name, (n,) each.

    `brightness` and `contrast` are mean and standard deviation of grey, 0 to 255. `sharpness` is
    the logarithm of a ratio: the energy of the Laplacian, divided by the energy of differences two
    pixels apart. Blur lowers it at every contrast. Small images have no sharpness. `margin` is the
    share of rows, counted from the bottom, that have one colour.
    """
    grey = pixels.mean(axis=3, dtype=np.float32)
    within_row = np.ptp(grey, axis=2)  # (n, height)
    from_last_row = np.abs(grey[:, :, 0] - grey[:, -1:, 0])  # (n, height)
    even = within_row + from_last_row <= _EVEN
    measured = {
        "brightness": grey.mean(axis=(1, 2)),
        "contrast": grey.std(axis=(1, 2)),
        "margin": np.logical_and.accumulate(even[:, ::-1], axis=1).mean(axis=1),
    }
    if min(grey.shape[1:]) >= _SMALLEST:
        measured["sharpness"] = _sharpness(grey)
    return measured


def border(pixels: np.ndarray) -> np.ndarray:
    """The outermost pixels of images (n, height, width, channels), in levels from 0 to 7.

    Shape (n, columns) int. The columns are the grey of up to 256 places along the border, the
    difference of each place from its two neighbours, and last the spread of all places. In images
    smaller than 16 pixels the border is content, so there are no columns.
    """
    if min(pixels.shape[1:3]) < _SMALLEST:
        return np.zeros((len(pixels), 0), int)
    top = pixels[:, 0]
    right = pixels[:, 1:, -1]
    bottom = pixels[:, -1, -2::-1]
    left = pixels[:, -2:0:-1, 0]
    sides = [side.mean(axis=2) for side in (top, right, bottom, left)]
    around = np.concatenate(sides, axis=1)  # (n, border pixels)
    starts = np.unique(np.linspace(0, around.shape[1] - 1, _BORDER).astype(int))  # (places,)
    sizes = np.diff([*starts, around.shape[1]])  # (places,) pixels
    grey = np.add.reduceat(around, starts, axis=1) / sizes  # (n, places)
    neighbours = (np.roll(grey, 1, axis=1) + np.roll(grey, -1, axis=1)) / 2
    differences = np.abs(grey - neighbours)
    spread = np.log2(1 + grey.std(axis=1, keepdims=True))  # (n, 1)
    levels = np.concatenate([grey / _LEVEL, differences / _LEVEL, spread], axis=1)
    return levels.astype(int)


def problems(statistics: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The problems of images with these statistics. By problem, (n,) bool each.

    A blank image has no other problem.
    """
    contrast, margin = statistics["contrast"], statistics["margin"]
    blank = contrast < _BLANK
    shown = ~blank
    blurred = np.zeros_like(blank)
    if "sharpness" in statistics:
        sharpness = statistics["sharpness"]
        blurred = shown & (sharpness < _SOFT) & far_out(-sharpness, shown)
    return {
        "blank": blank,
        "dark": shown & (statistics["brightness"] + 2 * contrast < _DARK),
        "blurred": blurred,
        "cut_off": shown & (margin >= _CUT) & far_out(margin, shown),
    }


def _taper(side: int) -> np.ndarray:
    """Weights (side,) that fall towards both edges: there a shift adds content (Tukey's window)."""
    edge = 0.5 - 0.5 * np.cos(np.pi * (np.arange(side // 8) + 0.5) / max(side // 8, 1))
    return np.concatenate([edge, np.ones(side - 2 * len(edge)), edge[::-1]]).astype(np.float32)


def _sharpness(grey: np.ndarray) -> np.ndarray:
    """The sharpness (n,) of images (n, height, width)."""
    above_below = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1]
    laplacian = above_below + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * grey[:, 1:-1, 1:-1]
    down, right = grey[:, 2:] - grey[:, :-2], grey[:, :, 2:] - grey[:, :, :-2]
    return np.log((_energy(laplacian) + 1) / (_energy(down) + _energy(right) + 1))


def _energy(differences: np.ndarray) -> np.ndarray:
    return np.square(differences).mean(axis=(1, 2))
