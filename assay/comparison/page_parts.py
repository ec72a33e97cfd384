"""The parts of a comparison for people: data, model, and why; each has lines, a table and notes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from assay.comparison.verdict import COUNTED, NOT_SHOWN, SAME
from assay.contract.errors import counted, first_of
from assay.contract.paths import ANNOTATIONS

_LISTED = 3  # people; JSON has all
_CLASSES = 10  # of the list of classes
_FETCH = "try `dvc pull`, or ask who has them for `dvc push --all-tags`"
_OLDER = "docs/sharing.md says what else to type if a version is older than the remote"
_CHANGES = {
    "additions": "labels added",
    "removals": "labels taken out",
    "relabels": "labels changed",
    "all": "all of these",
}
Result = dict[str, Any]  # a part of what `compare.compare` returns


@dataclass
class Part:
    """A part of the page.

    Attributes
    ----------
    lines : names and texts
    table : rows of cells, the header first
    notes : sentences about the table
    """

    title: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    table: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def with_names(result: Result, show: Callable[[object], str]) -> Result:
    """The result, each name and value in it that is not Assay's own as `show` gives it."""

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return {show(key): shown(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [shown(inner) for inner in value]
        return show(value) if isinstance(value, str) else value

    def with_shown(part: Result, *keys: str) -> Result:
        return part | {key: shown(part[key]) for key in keys if key in part}

    data = with_shown(result["data"], "people", "classes", "batches")
    for key in {"labels", "test_labels"} & set(data):
        data[key] = with_shown(data[key], "relabelled_by", "swaps")
    pairs = data["parameters"].items()
    data["parameters"] = {show(key): [show(value) for value in pair] for key, pair in pairs}
    model = with_shown(result["model"], "yet_to_run", "other_classes")
    return with_shown(result, "a", "b", "missing", "absent") | {"data": data, "model": model}


def parts(result: Result) -> list[Part]:
    all_parts = [Part("Data", lines=_data_lines(result["data"])), _model(result)]
    all_parts[-1].notes += _levels(result)
    if "why" in result["model"]:
        all_parts.append(_why(result))
    notes = all_parts[-1].notes
    for name, files in result["absent"].items():
        notes.append(f"not found in {name}, so not compared: {first_of(files, _LISTED)}")
    if result["missing"]:
        missing = first_of(result["missing"], _LISTED)
        notes.append(f"neither cached nor on the remote: {missing}; {_FETCH}; {_OLDER}")
    return all_parts


def _data_lines(data: Result) -> list[tuple[str, str]]:
    lines = []
    if "batches" in data:
        lines.append(("batches", _batches(*data["batches"])))
    if "examples" in data:
        lines.append(("examples", _counts(data["examples"])))
        lines.append(("splits", _splits(data["examples"])))
        if "other_ids" in data:
            lines.append(("  other ids", _other_ids(data["other_ids"])))
    else:
        old_counts, new_counts = data["counts"]
        shared = old_counts.keys() & new_counts.keys()
        names = [name for name in ("examples", "labelled") if name in shared]
        lines += [(name, _change(old_counts[name], new_counts[name])) for name in names]
    for key, name in (("labels", "labels"), ("test_labels", "test labels")):
        if key in data:
            lines.append((name, _counts(data[key])))
            if data[key]["relabelled"]:
                lines.append(("  relabelled", _relabelled(data[key])))
    people = data.get("people", {}).items()
    by_person = [(f"by {name}", _counts(counts)) for name, counts in people if _changes(counts)]
    lines += by_person[:_LISTED]
    if len(by_person) > _LISTED:
        lines.append(("people", f"and {len(by_person) - _LISTED} more, which --json lists"))
    if "answers" in data and data["answers"][0] != data["answers"][1]:
        rows = f"{_change(*data['answers'])} rows with a label in {ANNOTATIONS}"
        lines.append(("answers", rows))
    if "classes" in data:
        sizes = {name: (old, new) for name, (old, new) in data["classes"].items() if old != new}
        changed = [f"{name}: {_change(old, new)}" for name, (old, new) in sizes.items()]
        lines.append(("classes", first_of(changed, _CLASSES) if changed else "as they were"))
    parameters = {key: pair for key, pair in data["parameters"].items() if key != "batches"}
    changed = [f"{key} {old} → {new}" for key, (old, new) in parameters.items()]
    if changed:
        lines.append(("parameters", first_of(changed, _LISTED)))
    return lines


def _batches(old: list[str], new: list[str]) -> str:
    added = [name for name in new if name not in old]
    removed = [name for name in old if name not in new]
    text = _change(len(old), len(new))
    text += f", + {first_of(added, _LISTED)}" if added else ""
    return text + (f", − {first_of(removed, _LISTED)}" if removed else "")


def _splits(examples: Result) -> str:
    moves = ", ".join(f"{n:,} from {move}" for move, n in examples["moved"].items())
    kept = examples["b"] - examples["added"]
    return f"CHANGED: {moves}: no test is fair" if moves else f"none of {kept:,} moved"


def _other_ids(counts: Result) -> str:
    same = f"{counted(counts['examples'], 'example')} with the same batch and key but another id"
    return f"{same}; {counts['moved']:,} of them moved between splits"


def _model(result: Result) -> Part:
    model = result["model"]
    if "metrics" not in model:
        return _recorded(result)
    table = [["", result["a"], result["b"], "change (interval)", "verdict"]]
    for name, judged in model["metrics"].items():
        values = [f"{judged['a']:.4f}", f"{judged['b']:.4f}"]
        table.append([spelled(name), *values, _interval(judged), judged["verdict"]])
    title = f"Model, on the {counted(model['test_examples'], 'test example')} of both"
    return Part(title, table=table, notes=_model_notes(model, result["b"]))


def _model_notes(model: Result, name_b: str) -> list[str]:
    notes = []
    judged = model["metrics"].values()
    unseen = [metric for metric in judged if metric["verdict"] == NOT_SHOWN]
    if unseen and unseen[0]["metric"] in COUNTED:
        point = f"one point of {spelled(unseen[0]['metric'])}"
        if needed := unseen[0]["needed"]:
            notes.append(f"would need about {needed:,} test examples to see {point}")
        else:
            larger = "training varies too much: even a larger test set could not show"
            notes.append(f"{larger} a difference of {point}")
    if len(judged) > 1:
        family = f"all {len(judged)} metrics (Holm)"
        notes.append(f"verdicts are adjusted for {family}; an interval is for its metric alone")
    if model["chance_in_training"] is None:
        notes.append("intervals leave out chance in training: embeddings or labels are missing")
    for a, b in model["estimated"].values():
        estimates = [f"{value:.4f} ({low:.3f} to {high:.3f})" for value, low, high in (a, b)]
        notes.append(f"accuracy against true labels, estimated: {' → '.join(estimates)}")
    if model["answers_changed"]:
        changed = counted(model["answers_changed"], "changed test answer")
        notes.append(f"{changed}: those of {name_b} count")
    return notes


def _recorded(result: Result) -> Part:
    model = result["model"]
    if "yet_to_run" in model:
        return Part("Model", notes=_not_its_own(list(model["yet_to_run"])))
    recorded = model["recorded"]
    table = [["", result["a"], result["b"], "change"]] if recorded else []
    for name, (a, b) in recorded.items():
        values = [f"{value:.4f} ({low:.4f} to {high:.4f})" for value, low, high in (a, b)]
        table.append([spelled(name), *values, f"{b[0] - a[0]:+.4f}"])
    part = Part("Model, as recorded: each on its own test examples", table=table)
    versions = (result["a"], result["b"])
    for name, classes in zip(versions, model.get("other_classes", []), strict=False):
        if classes:
            part.notes.append(f"classes of {name} alone: {first_of(classes, _CLASSES)}")
    return part


def _levels(result: Result) -> list[str]:
    """The levels of the recorded intervals, where they differ."""
    levels = result["model"].get("levels", [])
    texts = [f"{100 * level:g} %" if isinstance(level, float) else "unknown" for level in levels]
    names = (result["a"], result["b"])
    in_each = [f"{text} in {name}" for text, name in zip(texts, names, strict=False)]
    differ = f"the recorded intervals have different levels: {', '.join(in_each)}"
    return [differ] if in_each else []


def _not_its_own(names: list[str]) -> list[str]:
    older = f"the predictions and scores in {' and '.join(names)} are of an earlier model"
    before = "`dvc exp apply` for an experiment, `dvc checkout` after a `git checkout`"
    return [older, f"type `dvc repro` there; before it, {before}"]


def _why(result: Result) -> Part:
    shares = result["model"]["why"]
    base = f"{next(iter(shares.values()))['a']:.4f}"
    table = [["", "examples", "accuracy", "change (interval)"]]
    table.append([f"labels of {result['a']}", "", base, ""])
    for name, judged in shares.items():
        values = [f"{judged['examples']:,}", f"{judged['b']:.4f}", _interval(judged)]
        table.append([_CHANGES[name], *values])
    title = "Why: a closed-form head on the embeddings, with one kind of change at a time"
    return Part(title, table=table)


def _relabelled(labels: Result) -> str:
    sources = ", ".join(f"{n:,} {source}" for source, n in labels["relabelled_by"].items())
    swaps = [f"{old} → {new}{f' ({n:,})' if n > 1 else ''}" for old, new, n in labels["swaps"]]
    return f"{sources}: {first_of(swaps, _LISTED)}"


def _counts(counts: Result) -> str:
    changes = ", ".join(f"{n:,} {word}" for word, n in _changes(counts).items())
    return _change(counts["a"], counts["b"]) + (f": {changes}" if changes else "")


def _changes(counts: Result) -> dict[str, int]:
    return {word: counts[word] for word in ("added", "removed", "changed") if counts.get(word)}


def _change(old: int, new: int) -> str:
    return f"{new:,}" if old == new else f"{old:,} → {new:,}"


def _interval(judged: Result) -> str:
    if judged["verdict"] == SAME:
        return "the same predictions"
    return f"{judged['change']:+.4f} ({judged['low']:+.3f} to {judged['high']:+.3f})"


def spelled(metric: str) -> str:
    return metric.replace("_", " ").replace("f1", "F1")
