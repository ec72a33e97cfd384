"""Choose the split of each example: as the batch gives it, or by a hash, or by time."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assay.collecting import doubts
from assay.contract import class_names, identity
from assay.contract.column_names import KEYS
from assay.contract.errors import InputError, first_of
from assay.contract.paths import PARAMETERS
from assay.contract.remarks import Action
from assay.contract.sections import Collect
from assay.layouts import rows
from assay.layouts.raw_batch import RawBatch
from assay.modalities import columns_as_written


def groups_of(raw: RawBatch, ids: Sequence[str], name: str | None) -> list[str] | None:
    """The group of each example, or its id if it has none; None if `name` is empty.

    Parameters
    ----------
    ids : (n,) of each example of `raw`
    name : the parameter `collect.group`: a column, or a regular expression for the key

    Raises
    ------
    InputError
        If `name` is neither a column nor a regular expression that matches a key.
    """
    if not name:
        return None
    column = _column(raw, name)
    values = _matches(raw, name) if column is None else _without_points(raw, column)
    # Otherwise different blanks or Unicode forms would split one group into two.
    names = list(map(class_names.normal, values))
    alone = [example.key for example, group in zip(raw.examples, names, strict=True) if not group]
    what = "examples have no group by collect.group: each is a group of its own"
    raw.remarks.note("guessed", alone, what)
    return [group or id_ for group, id_ in zip(names, ids, strict=True)]


def choose(
    raw: RawBatch, ids: Sequence[str], groups: Sequence[str] | None, params: Collect
) -> list[str]:
    """The split of each example: the one that the batch gives, or one by hash or time.

    If a batch gives any split, no other examples become test examples. If it gives no validation
    split, some of its training examples become one. The hash is of the group, or of the content if
    there are no groups. A given split is kept even if it divides a group; then there is a remark.

    Parameters
    ----------
    ids, groups : (n,) of each example of `raw`
    """
    given = [example.split for example in raw.examples]
    test = 0 if any(given) else params.test
    validation = 0 if "validation" in given else params.validation
    free = [row for row, split in enumerate(given) if split in ("", "train")]
    if params.split_by == "time":
        moments = _moments(raw, params.time)
        sources = range(len(ids)) if groups is None else groups
        free_moments = [moments[row] for row in free]
        free_sources = [sources[row] for row in free]
        chosen = by_time(free_moments, free_sources, test, validation)
    else:
        hashes = ids if groups is None else [identity.hash_of_name(group) for group in groups]
        chosen = [identity.split_by_hash(hashes[row], test, validation) for row in free]
    chosen_for = dict(zip(free, chosen, strict=True))
    splits = [chosen_for.get(row, split) for row, split in enumerate(given)]
    is_coarse = groups is not None or params.split_by == "time"
    if is_coarse and test and "test" not in chosen:
        what = "examples have too few groups or times: none of them is in the test split"
        remedy = "change collect.test, or give a column split"
        raw.remarks.add("doubtful", len(free), what, remedy=remedy)
    if any(given) or is_coarse:
        of_group = "collect.split_by: time" if params.split_by == "time" else "collect.group"
        doubts.remark_on_untested(raw, splits, "the batch" if any(given) else of_group)
    if groups is not None:
        n_splits = Counter(group for group, _ in set(zip(groups, splits, strict=True)))
        torn = sorted(group for group, count in n_splits.items() if count > 1)
        what = "groups are torn by the splits that the batch gives"
        remedy = "put all examples of a group into one split"
        raw.remarks.note("doubtful", torn, what, remedy)
    return splits


def by_time(
    moments: Sequence[Any], sources: Sequence[Any], test: float, validation: float
) -> list[str]:
    """Splits by time: the latest share is test, the share before it validation, the rest train.

    All examples of one time, and all of one source, get the same split. A source is as late as its
    latest example, so no training example is later than the border. The possible border nearest to
    the wanted share is taken.

    Parameters
    ----------
    moments, sources : (n,) the time and the source (such as the group) of each example
    test, validation : shares of the examples, 0 to 1
    """
    latest: dict[Any, Any] = {}
    for source, moment in zip(sources, moments, strict=True):
        latest[source] = max(moment, latest.get(source, moment))
    ends = [latest[source] for source in sources]
    counts = sorted(Counter(ends).items(), reverse=True)  # latest first
    # examples that are later than each possible border
    cuts = [0, *accumulate(count for _, count in counts)]
    borders = []  # positions in `counts`: where validation starts, and where train starts
    for share in (test, test + validation):
        distances = [abs(cut - share * len(ends)) for cut in cuts]
        borders.append(distances.index(min(distances)))
    split_of = {}
    for position, (end, _) in enumerate(counts):
        held_out = "test" if position < borders[0] else "validation"
        split_of[end] = held_out if position < borders[1] else "train"
    return [split_of[end] for end in ends]


def _column(raw: RawBatch, name: str) -> list[str] | None:
    """The values of a column as text, "" for gaps; None if there is no such column."""
    if name in KEYS:
        return [example.key for example in raw.examples]
    if isinstance(raw.payload, pa.Table) and name in raw.payload.column_names:
        return rows.as_text(raw.payload[name], [example.place for example in raw.examples])
    if any(name in example.slices for example in raw.examples):
        return [example.slices.get(name, "") for example in raw.examples]
    return None


def _without_points(raw: RawBatch, column: list[str]) -> list[str]:
    """`1` for `1.0`, if all groups of a column have this form. It adds a remark.

    So the groups are the same as in a batch whose column has no gaps.
    """
    names = [value.strip() for value in column]
    plain = rows.without_points(names)
    changed = [old for old, new in dict.fromkeys(zip(names, plain, strict=True)) if old != new]
    what = "groups are whole numbers with a point, as columns with gaps hold them: taken without"
    raw.remarks.note("guessed", changed, what)
    return plain


def _columns(raw: RawBatch) -> str:
    """The columns that a batch has, for a message."""
    names = raw.columns()
    return f"it has {first_of(names, 8)}" if names else "it has none"


def _matches(raw: RawBatch, pattern: str) -> list[str]:
    """The part of each key that the ( ) of the pattern matches; "" if there is no match."""
    example = raw.examples[0]
    asked = f"{PARAMETERS}: collect.group is {pattern!r}"
    lacks = f"{example.place} and others have no such column ({_columns(raw)})"
    wrong = f"{asked}, but {lacks}, and as a pattern of the key {example.key!r}"
    remedy = "name a column, or put ( ) around the part of the key that names the group"
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(f"{wrong} it is no regular expression ({error}): {remedy}") from None
    if compiled.groups != 1:
        raise InputError(f"{wrong} it has {compiled.groups} pairs of ( ), not one: {remedy}")
    matches = [compiled.search(example.key) for example in raw.examples]
    values = [(match and match.group(1)) or "" for match in matches]
    if not any(values):
        raise InputError(f"{wrong} it fits none: {remedy}")
    return values


def _moments(raw: RawBatch, name: str | None) -> list[Any]:
    """The times of the examples. All are Decimal, or all are datetime."""
    column = _column(raw, name) if name else None
    if column is None:
        wrong = f"{PARAMETERS}: collect.split_by is time, but collect.time is {name!r}"
        place = f"{raw.examples[0].place} and others"
        raise InputError(f"{wrong}: name a column of {place} ({_columns(raw)})")
    moments, row = _read_all(column)
    if moments is not None:
        return moments
    texts, action = _as_programs_write(column)
    moments, other_row = _read_all(texts)
    if moments is None:
        row = max(row, other_row)
        wrong = f"{raw.examples[row].place}: {name!r} is {column[row]!r}, which is no time"
        raise InputError(f"{wrong}: give a number, or a date as 2026-11-25 or 2026-11-25T08:30")
    what = "times are read as people write them"
    raw.remarks.add(action, len(texts), what, f"{column[0]!r} as {texts[0]}")
    return moments


def _read_all(texts: list[str]) -> tuple[list[Any] | None, int]:
    """All texts as numbers, or all as dates, and -1.

    If neither works, None, and the first wrong row of the reading that comes further.
    """
    wrong_rows = []
    for read in (_number, _date):
        moments = [read(text) for text in texts]
        if None not in moments:
            return moments, -1
        wrong_rows.append(moments.index(None))
    return None, max(wrong_rows)


def _as_programs_write(column: list[str]) -> tuple[list[str], Action]:
    """Numbers or dates that people wrote, as programs write them, and the action for a remark."""
    texts = columns_as_written.without_gaps(pa.array(column, pa.string()))
    different = pc.unique(texts).drop_null()
    type_, written = columns_as_written.guess(different)
    if type_ == "category":  # some cells are wrong: those that differ in form from the first
        type_, written = columns_as_written.guess(different[:1])
    values = columns_as_written.as_programs_write(texts, type_, written).fill_null("").to_pylist()
    return values, "guessed" if written.unsure else "converted"


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _date(text: str) -> datetime | None:
    """A date in the form of ISO 8601. Without a time zone it is in UTC."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
