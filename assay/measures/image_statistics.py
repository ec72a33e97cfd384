"""What can be told of images without a model: a fingerprint that copies share, how they look, what is wrong."""

import numpy as np

from assay.measures.outliers import far_out

REASONS = {
    "blank": "shows nothing: one colour",
    "dark": "nearly black",
    "blurred": "far less sharp than the others",
    "cut_off": "its lower rows are of one colour: cut off?",
}
_FREQUENCIES = 8  # cycles over the image, up to which its copies agree
_SMALLEST = 16  # pixels a side from which on sharpness means something
_BLANK = 2.55  # standard deviation below which an image shows nothing: 1 % of the range
_DARK = 64  # a quarter of the range, which 95 % of the pixels of a dark image stay below
_CUT = 1 / 3  # share of rows, from the bottom up, that are missing
_EVEN = 8  # difference within a missing row, which JPEG may have added


def fingerprint(pixels: np.ndarray) -> np.ndarray:
    """The strengths of an image's low frequencies, which shifts, brightness, noise and JPEG hardly change.

    Parameters
    ----------
    pixels : np.ndarray of shape (n, height, width, channels), uint8

    Returns
    -------
    np.ndarray of shape (n, 153) from 17 pixels a side on, float32, rows of length 1; 0 for an image of one colour
    """
    height, width = pixels.shape[1:3]
    grey = pixels.mean(axis=3, dtype=np.float32)
    grey = (grey - grey.mean(axis=(1, 2), keepdims=True)) * _taper(height)[:, None] * _taper(width)
    low = np.abs(np.fft.fftfreq(height, 1 / height)) <= _FREQUENCIES
    strengths = np.abs(np.fft.rfft2(grey)[:, low, : _FREQUENCIES + 1]).astype(np.float32)
    strengths[:, 0, 0] = 0  # brightness
    flat = strengths.reshape(len(pixels), -1)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return flat / np.where(length > _BLANK * height * width / 2, length, np.inf)


def statistics(pixels: np.ndarray) -> dict[str, np.ndarray]:
    """How images look, by name, (n,) each.

    `brightness` and `contrast` are mean and standard deviation of grey, 0 to 255; `sharpness` is the logarithm of the
    energy of the Laplacian over that of differences two pixels apart, which blur lowers whatever the contrast;
    `margin` is the share of rows, from the bottom up, that are of one colour.
    """
    grey = pixels.mean(axis=3, dtype=np.float32)
    found = {"brightness": grey.mean(axis=(1, 2)), "contrast": grey.std(axis=(1, 2))}
    even = np.ptp(grey, axis=2) + np.abs(grey[:, :, 0] - grey[:, -1:, 0]) <= _EVEN  # (n, height)
    found["margin"] = np.logical_and.accumulate(even[:, ::-1], axis=1).mean(axis=1)
    if min(grey.shape[1:]) >= _SMALLEST:
        middle = grey[:, 1:-1, 1:-1]
        laplacian = (
            grey[:, :-2, 1:-1]
            + grey[:, 2:, 1:-1]
            + grey[:, 1:-1, :-2]
            + grey[:, 1:-1, 2:]
            - 4 * middle
        )
        down, right = grey[:, 2:] - grey[:, :-2], grey[:, :, 2:] - grey[:, :, :-2]
        found["sharpness"] = np.log((_energy(laplacian) + 1) / (_energy(down) + _energy(right) + 1))
    return found


def problems(statistics: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is wrong with images of these statistics, by kind, (n,) bool each; blank ones are nothing else besides."""
    blank = statistics["contrast"] < _BLANK
    shown = ~blank
    return {
        "blank": blank,
        "dark": shown & (statistics["brightness"] + 2 * statistics["contrast"] < _DARK),
        "blurred": shown & far_out(-statistics["sharpness"], shown)
        if "sharpness" in statistics
        else ~(blank | shown),
        "cut_off": shown & (statistics["margin"] >= _CUT) & far_out(statistics["margin"], shown),
    }


def _taper(side: int) -> np.ndarray:
    """Weights (side,) that fall off towards both edges, where a shift brings something new (Tukey's window)."""
    edge = 0.5 - 0.5 * np.cos(np.pi * (np.arange(side // 8) + 0.5) / max(side // 8, 1))
    return np.concatenate([edge, np.ones(side - 2 * len(edge)), edge[::-1]]).astype(np.float32)


def _energy(differences: np.ndarray) -> np.ndarray:
    return np.square(differences).mean(axis=(1, 2))
