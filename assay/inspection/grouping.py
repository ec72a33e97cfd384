"""Which examples may come from one source, so that `collect.group` should keep them together."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from assay.contract.sampling import step_for
from assay.contract.stored_rows import StoredRows

# Names of columns that name a source.
_SOURCES = "speaker|patient|subject|person|user|author|site|hospital|document|session|device|camera"
_NAMED = re.compile(rf"(?i)(^|[^a-z])({_SOURCES}|source|group|video)s?([^a-z]|$)|^id$")
# Other columns begin with these words too (`clip_duration`): only whole names count.
_WHOLE = re.compile(r"(?i)(series|recording|sequence|clip)([ _-]?(id|no|name|number))?")
_MANY = 10  # in a table, a column with such a whole name needs more values: not `clip` of 0 and 1
_FIELDS = 4  # one of so many first fields of a file name may name a source
_MATCHED = 0.95  # share of the keys that must match a pattern
_TRIED = 100  # keys that must all match before the others are looked at
_ALIKE = 0.3  # how far the share of alike examples must be above chance; 1 would be all examples
_SURE = 5.0  # standard deviations above chance
_TINY = 1e-9
_BANDS = 64  # of a sound's spectrum, parts of an image, or letters of a text
_COMPARED = 1000  # about so many examples, evenly spread, whose nearest example is looked for
_CELLS = 4_000_000  # distances in memory at a time
_AT_ONCE = 16  # payloads in memory at a time


class Proposal(NamedTuple):
    """A value for `collect.group`, and the reason in a sentence."""

    group: str
    reason: str


def propose(
    keys: Sequence[str],
    columns: Mapping[str, Sequence[str]],
    labels: Sequence[str],
    sampled: np.ndarray,
    features: np.ndarray,
    *,
    splits: Sequence[str] = (),
) -> Proposal | None:
    """A column, or a pattern of the keys, that names the source of examples; None if there is none.

    A source has several examples. In a class, the nearest other example is of the same source far
    more often than by chance (a test of nearest neighbours: Schilling 1986, Multivariate Two-Sample
    Tests Based on Nearest Neighbors). The name of a column, such as `speaker`, is enough too.

    Parameters
    ----------
    keys, labels : (n,) of each example; keys are empty if they are row numbers; "" for no label
    columns : values (n,) by name; of a table, the columns that may name a source
    sampled : (m,) int, the examples that have features
    features : (m, width), of `describe`; of a table (m, 0), since its columns are in `columns`
    splits : (n,) that the batch gives, "" for none; () if no example has a split
    """
    n = len(labels)
    cells = list(zip(labels, splits or [""] * n, strict=True))
    proposals = []
    class_of = np.asarray(labels)[sampled]
    neighbours = list(_neighbours(features, class_of))
    for group, values in [*columns.items(), *_patterns(keys)]:
        if _label_and_split_tell(cells, values):
            continue
        source_of = _sources(values)
        n_missing = int((source_of < 0).sum())
        n_sources = int(source_of.max(initial=-1)) + 1
        if not 2 <= n_sources <= n / 2 or n_missing > (1 - _MATCHED) * n:
            continue
        is_column = group in columns
        is_many = n_sources > _MANY or features.shape[1] > 0
        is_named = _NAMED.search(group) or (is_many and _WHOLE.fullmatch(group))
        is_source = is_column and bool(is_named)
        share, chance = _alike(neighbours, source_of[sampled])
        mean_size = (n - n_missing) / n_sources
        sizes = f"{n_sources} sources with {mean_size:.0f} examples on average"
        if share > 0:
            often = f"{share:.0%} of the examples are nearest to one of their own source"
            reason = f"{sizes}; in a class, {often}, {chance:.0%} by chance"
            proposals.append((not is_column, n_sources, Proposal(group, reason)))
        elif is_source:
            proposals.append((True, n, Proposal(group, f"{sizes}, by the name of the column")))
    # Columns whose examples are alike come first, then patterns; among these, fewer and so larger
    # sources come first. Columns that only their name proposes come last.
    return min(proposals)[-1] if proposals else None


def _patterns(keys: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Patterns of keys, with what they match: folder, name before a number, parts of a name."""
    if not keys:
        return
    # `(?:^|/)` and `++` prevent repeated tries. They would take the square of a key's length.
    patterns = [r"^(.+)/", r"(?:^|/)([^/]*[^/\d_-])[_-]?\d+(?:\.\w+)?$"]
    for mark in "_-":
        for before in range(_FIELDS):
            fields = f"[^{mark}/]+{mark}" * before
            patterns.append(f"(?:^|/){fields}([^{mark}/.]++)[^/]*$")
    for pattern in map(re.compile, patterns):
        if all(map(pattern.search, keys[:: step_for(len(keys), _TRIED)])):
            matches = map(pattern.search, keys)
            yield pattern.pattern, [match[1] if match else "" for match in matches]


def _sources(values: Sequence[str]) -> np.ndarray:
    """The number of each example's source, (n,) int; below 0 if it has none."""
    number_of: dict[str, int] = {}
    numbers = []
    for row, value in enumerate(values):
        numbers.append(number_of.setdefault(value, len(number_of)) if value else -1 - row)
    return np.array(numbers, int)


def _label_and_split_tell(cells: Sequence[tuple[str, str]], values: Sequence[str]) -> bool:
    """Whether each pair of label and split has only one value: then the column is no source."""
    return len(set(zip(cells, values, strict=True))) == len(set(cells))


class _Neighbours(NamedTuple):
    """The nearest examples of some examples of a class.

    Attributes
    ----------
    rows : (k,) int, all examples of the class
    compared : (q,) int, places in `rows` of the examples whose nearest one is known
    nearest : (q,) int, places in `rows` of the nearest other examples
    """

    rows: np.ndarray
    compared: np.ndarray
    nearest: np.ndarray


def _neighbours(features: np.ndarray, labels: np.ndarray) -> Iterator[_Neighbours]:
    """The neighbours within each class; none without features."""
    if not features.shape[1]:
        return
    from scipy.spatial.distance import cdist  # takes 0.3 s, so only where it is used

    step = step_for(len(features), _COMPARED)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        compared = np.arange(0, len(rows), step)
        nearest = []
        at_once = max(1, _CELLS // len(rows))
        for start in range(0, len(compared), at_once):
            places = compared[start : start + at_once]
            distances = cdist(features[rows[places]], features[rows])
            distances[np.arange(len(places)), places] = np.inf  # of an example to itself
            nearest.append(distances.argmin(axis=1))
        yield _Neighbours(rows, compared, np.concatenate(nearest))


def _alike(neighbours: Iterable[_Neighbours], groups: np.ndarray) -> tuple[float, float]:
    """The share of examples whose nearest one is of their own group, and the share by chance.

    The nearest one is of the same class. The first share is 0 unless it is clearly above chance.
    """
    same = []  # whether the nearest example is of the same group
    chance = []  # the probability of that by chance
    for rows, compared, nearest in neighbours:
        in_class = groups[rows]
        _, group_of, sizes = np.unique(in_class, return_inverse=True, return_counts=True)
        expected = (sizes[group_of[compared]] - 1) / max(len(rows) - 1, 1)
        has_both = (expected > 0) & (expected < 1)
        is_nearest_same = in_class[nearest] == in_class[compared]
        same += is_nearest_same[has_both].tolist()
        chance += expected[has_both].tolist()
    if not same:
        return 0.0, 0.0
    share = float(np.mean(same))
    expected = np.array(chance)
    spread = np.sqrt(np.sum(expected * (1 - expected))) / len(same)
    mean = expected.mean()
    least = max(mean + _SURE * spread, mean + _ALIKE * (1 - mean))
    return (share if share >= least else 0.0), float(mean)


def describe(payload: np.ndarray | StoredRows) -> np.ndarray:
    """Simple features (n, width) of canonical payloads (n, ...), by which examples may be alike.

    The spectrum of a sound, a small picture of an image, the letters of a text; else none.
    """
    starts = range(0, len(payload), _AT_ONCE)
    rows = np.concatenate([_described(payload[start : start + _AT_ONCE]) for start in starts])
    return (rows - rows.mean(axis=0)) / np.maximum(rows.std(axis=0), _TINY)


def _described(payload: np.ndarray) -> np.ndarray:
    """The features (n, width) before they are standardised."""
    if payload.dtype == object or payload.dtype.kind == "U":
        letters = [np.array([*map(ord, text)], int) % _BANDS for text in payload]
        counts = np.array([np.bincount(numbers, minlength=_BANDS) for numbers in letters])
        return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    if payload.ndim > 2:
        side = int(_BANDS**0.5)
        return _pooled(_pooled(payload, 1, side), 2, side).reshape(len(payload), -1)
    if payload.dtype.kind == "i":
        spectra = np.abs(np.fft.rfft(payload.astype(np.float32), axis=1))
        return np.log(_pooled(spectra, 1, _BANDS) + 1)
    return np.zeros((len(payload), 0))


def _pooled(values: np.ndarray, axis: int, parts: int) -> np.ndarray:
    """Means over at most `parts` equal parts of an axis."""
    split = np.array_split(values, min(parts, values.shape[axis]), axis)
    return np.stack([part.mean(axis, dtype=np.float32) for part in split], axis)
