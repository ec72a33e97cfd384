"""The lines about the data of two versions, for people."""

from typing import Any

from assay.comparison import changes
from assay.contract.errors import counted, first_of
from assay.contract.paths import ANNOTATIONS

LISTED = 3  # items of a list, at most; JSON has all
CLASSES = 10  # the same for classes
Result = dict[str, Any]  # a part of what `compare.compare` returns


def lines(data: Result) -> list[tuple[str, str]]:
    """Names, and what changed about each."""
    named = []
    if "batches" in data:
        named.append(("batches", _batches(*data["batches"])))
    if "examples" in data:
        named.append(("examples", _counts(data["examples"])))
        named.append(("splits", _splits(data)))
        if "other_batches" in data:
            named.append(("  other batch", _other_batches(data["other_batches"])))
        if "other_ids" in data:
            named.append(("  other ids", _other_ids(data["other_ids"])))
    else:
        old_counts, new_counts = data["counts"]
        shared = old_counts.keys() & new_counts.keys()
        names = [name for name in ("examples", "labelled") if name in shared]
        named += [(name, _change(old_counts[name], new_counts[name])) for name in names]
    for key, name in (("labels", "labels"), ("test_labels", "test labels")):
        if key in data:
            named.append((name, _counts(data[key])))
            if data[key]["relabelled"]:
                named.append(("  relabelled", _relabelled(data[key])))
    people = data.get("people", {}).items()
    by_person = [(f"by {name}", _counts(counts)) for name, counts in people if _changes(counts)]
    named += by_person[:LISTED]
    if len(by_person) > LISTED:
        named.append(("people", f"and {len(by_person) - LISTED} more, which --json lists"))
    if "answers" in data and data["answers"][0] != data["answers"][1]:
        rows = f"{_change(*data['answers'])} rows with a label in {ANNOTATIONS}"
        named.append(("answers", rows))
    if "classes" in data:
        sizes = {name: (old, new) for name, (old, new) in data["classes"].items() if old != new}
        changed = [f"{name}: {_change(old, new)}" for name, (old, new) in sizes.items()]
        named.append(("classes", first_of(changed, CLASSES) if changed else "as they were"))
    parameters = {key: pair for key, pair in data["parameters"].items() if key != "batches"}
    changed = [f"{key} {old} → {new}" for key, (old, new) in parameters.items()]
    if changed:
        named.append(("parameters", first_of(changed, LISTED)))
    return named


def _batches(old: list[str], new: list[str]) -> str:
    added = [name for name in new if name not in old]
    removed = [name for name in old if name not in new]
    text = _change(len(old), len(new))
    text += f", + {first_of(added, LISTED)}" if added else ""
    text += f", − {first_of(removed, LISTED)}" if removed else ""
    kept = [name for name in old if name in new]
    in_order = kept == [name for name in new if name in old]
    return text if in_order else f"{text}, in another order: {first_of(new, LISTED)}"


def _splits(data: Result) -> str:
    examples = data["examples"]
    moved = examples["moved"]
    if not moved:
        return f"none of {examples['b'] - examples['added']:,} moved"
    moves = ", ".join(f"{n:,} from {move}" for move, n in moved.items())
    if changes.is_unfair(data):
        return f"CHANGED: {moves}: no test is fair"
    return f"{moves}; none into or out of test"


def _other_ids(counts: Result) -> str:
    same = f"{counted(counts['examples'], 'example')} with the same batch and key but another id"
    return f"{same}; {counts['moved']:,} of them moved between splits"


def _other_batches(moves: list[list]) -> str:
    return first_of([f"{n:,} from {old} to {new}" for old, new, n in moves], LISTED)


def _relabelled(labels: Result) -> str:
    sources = ", ".join(f"{n:,} {source}" for source, n in labels["relabelled_by"].items())
    swaps = [f"{old} → {new}{f' ({n:,})' if n > 1 else ''}" for old, new, n in labels["swaps"]]
    return f"{sources}: {first_of(swaps, LISTED)}"


def _counts(counts: Result) -> str:
    changed = ", ".join(f"{n:,} {word}" for word, n in _changes(counts).items())
    return _change(counts["a"], counts["b"]) + (f": {changed}" if changed else "")


def _changes(counts: Result) -> dict[str, int]:
    return {word: counts[word] for word in ("added", "removed", "changed") if counts.get(word)}


def _change(old: int, new: int) -> str:
    return f"{new:,}" if old == new else f"{old:,} → {new:,}"
