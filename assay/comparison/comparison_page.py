"""What `assay/comparison/compare.py` found, on a page: for a terminal, as Markdown, as JSON."""

import json
import textwrap
from dataclasses import dataclass, field

from assay.comparison.verdict import COUNTED

_WIDTH = 110
_LISTED = 4  # of a long list; JSON has all
_WHY = {
    "additions": "examples added",
    "removals": "examples taken out",
    "relabels": "labels changed",
    "all": "all of these",
}


@dataclass
class _Part:
    """A part of the page: a title, lines of a name and a text, a table, and what is to be said of them."""

    title: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    table: list[list[str]] = field(default_factory=list)  # the header first
    notes: list[str] = field(default_factory=list)


def as_json(found: dict) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False)


def terminal(found: dict) -> str:
    said = [f"{found['a']} → {found['b']}: {headline(found)}"]
    for part in _parts(found):
        said += ["", part.title.upper()]
        name = max((len(key) for key, _ in part.lines), default=0)
        for key, text in part.lines:
            first, later = f"  {key:<{name}}  ", " " * (name + 4)
            # `_printable` makes spaces of them again
            whole = text.replace(" → ", "\xa0→\xa0").replace(": ", ":\xa0")
            said += textwrap.wrap(
                whole, _WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False
            )
        widths = [max(map(len, column)) for column in zip(*part.table, strict=True)]
        for row in part.table:
            said.append(
                "  "
                + "  ".join(
                    f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)
                ).rstrip()
            )
        said += [f"  {note}" for note in part.notes]
    return "\n".join(map(_printable, said))


def markdown(found: dict) -> str:
    said = [f"### {_escaped(found['a'])} → {_escaped(found['b'])}: {headline(found)}"]
    for part in _parts(found):
        said += ["", f"**{part.title}**", ""]
        said += [f"- {key}: {_escaped(text)}" for key, text in part.lines]
        for number, row in enumerate(part.table):
            said.append(f"| {' | '.join(map(_escaped, row))} |")
            said += ["|" + " --- |" * len(row)] if number == 0 else []
        said += ["", *(f"{_escaped(note)}  " for note in part.notes)] if part.notes else []
    return "\n".join(said)


def headline(found: dict) -> str:
    """The verdict in a few words."""
    if found["data"].get("examples", {}).get("moved"):
        return "EXAMPLES CHANGED SIDES, so no verdict holds"
    judged = found["model"].get("metrics")
    if not judged:
        return "no verdict without the predictions of both"
    by_verdict: dict[str, list[str]] = {}
    for name, each in judged.items():
        by_verdict.setdefault(each["verdict"], []).append(_spelled(name))
    shown = [
        f"{word} in {_listed(by_verdict[word])}"
        for word in ("better", "worse")
        if word in by_verdict
    ]
    return "; ".join(shown) or next(iter(judged.values()))["verdict"]


def _parts(found: dict) -> list[_Part]:
    parts = [_data(found["data"]), _model(found)]
    if "why" in found["model"]:
        parts.append(_why(found))
    for name, files in found["absent"].items():
        parts[-1].notes.append(f"not found in {name}, so not compared: {_listed(files)}")
    if found["missing"]:
        files = "1 file is" if len(found["missing"]) == 1 else f"{len(found['missing'])} files are"
        where = f"neither cached nor on the remote ({_listed(found['missing'])})"
        parts[-1].notes.append(f"{files} {where}: try `dvc pull`")
    return parts


def _data(data: dict) -> _Part:
    part = _Part("Data")
    if "batches" in data:
        old, new = data["batches"]
        came, went = (
            [name for name in new if name not in old],
            [name for name in old if name not in new],
        )
        named = [
            f", {sign} {_listed(names)}" for sign, names in (("+", came), ("−", went)) if names
        ]
        part.lines.append(("batches", "".join([_went(len(old), len(new)), *named])))
    if "examples" in data:
        part.lines.append(("examples", _counted(data["examples"])))
        moved = data["examples"]["moved"]
        kept = data["examples"]["b"] - data["examples"]["added"]
        sides = ", ".join(f"{n:,} from {which}" for which, n in moved.items())
        part.lines.append(
            ("splits", f"CHANGED: {sides}: no test is fair" if moved else f"none of {kept:,} moved")
        )
    else:
        before, after = data["counts"]
        names = [name for name in ("examples", "labelled") if name in before and name in after]
        part.lines += [(name, _went(before[name], after[name])) for name in names]
    for key, name in (("labels", "labels"), ("test_labels", "test labels")):
        if key in data:
            part.lines.append((name, _counted(data[key])))
            if data[key]["relabelled"]:
                part.lines.append(("  relabelled", _relabelled(data[key])))
    if "people" in data:
        changed = {name: _counted(each) for name, each in data["people"].items() if _changes(each)}
        part.lines += [(f"by {name}", text) for name, text in list(changed.items())[:_LISTED]]
    if "answers" in data and data["answers"][0] != data["answers"][1]:
        part.lines.append(("answers", _went(*data["answers"])))
    if "classes" in data:
        changed = [
            f"{name}: {_went(*counts)}"
            for name, counts in data["classes"].items()
            if counts[0] != counts[1]
        ]
        part.lines.append(("classes", _listed(changed, 10) if changed else "as they were"))
    changed = [
        f"{key} {two[0]} → {two[1]}" for key, two in data["parameters"].items() if key != "batches"
    ]
    if changed:
        part.lines.append(("parameters", _listed(changed)))
    return part


def _model(found: dict) -> _Part:
    model = found["model"]
    if "metrics" not in model:
        part = _Part("Model, as recorded: each on its own test examples")
        part.table = [["", found["a"], found["b"], "change"]] if model["recorded"] else []
        for name, (a, b) in model["recorded"].items():
            own = [f"{each[0]:.4f} ({each[1]:.4f} to {each[2]:.4f})" for each in (a, b)]
            part.table.append([_spelled(name), *own, f"{b[0] - a[0]:+.4f}"])
        return part
    part = _Part(f"Model, on the {model['test_examples']:,} test examples of both")
    part.table = [["", found["a"], found["b"], "change (interval)", "verdict"]]
    for name, each in model["metrics"].items():
        part.table.append(
            [
                _spelled(name),
                f"{each['a']:.4f}",
                f"{each['b']:.4f}",
                _interval(each),
                each["verdict"],
            ]
        )
    unseen = [
        each for each in model["metrics"].values() if each["verdict"] == "no difference shown"
    ]
    if unseen and unseen[0]["metric"] in COUNTED:
        point = f"one point of {_spelled(unseen[0]['metric'])}"
        enough = f"would need about {unseen[0]['needed'] or 0:,} test examples to see {point}"
        hidden = f"no number of test examples would show {point}: chance in training moves it more"
        part.notes.append(enough if unseen[0]["needed"] else hidden)
    if len(model["metrics"]) > 1:
        family = f"all {len(model['metrics'])} metrics (Holm)"
        part.notes.append(f"a verdict is in view of {family}, an interval of one alone")
    if model["chance_in_training"] is None:
        part.notes.append(
            "the intervals leave out chance in training: embeddings or labels are missing"
        )
    if model["answers_changed"]:
        changed = f"{model['answers_changed']:,} test answers changed"
        part.notes.append(f"{changed}: both are scored against those of {found['b']}")
    return part


def _why(found: dict) -> _Part:
    shares = found["model"]["why"]
    part = _Part("Why: a closed-form head on the embeddings, with one kind of change at a time")
    part.table = [["", "examples", "accuracy", "change (interval)"]]
    part.table.append(
        [f"labels of {found['a']}", "", f"{next(iter(shares.values()))['a']:.4f}", ""]
    )
    for name, each in shares.items():
        part.table.append(
            [_WHY[name], f"{each['examples']:,}", f"{each['b']:.4f}", _interval(each)]
        )
    return part


def _relabelled(each: dict) -> str:
    by = ", ".join(f"{n:,} {who}" for who, n in each["relabelled_by"].items())
    return f"{by}: " + _listed(
        [f"{old} → {new}{f' ({n:,})' if n > 1 else ''}" for old, new, n in each["swaps"]]
    )


def _counted(each: dict) -> str:
    changes = ", ".join(f"{n:,} {word}" for word, n in _changes(each).items())
    return _went(each["a"], each["b"]) + (f": {changes}" if changes else "")


def _changes(each: dict) -> dict[str, int]:
    return {word: each[word] for word in ("added", "removed", "changed") if each.get(word)}


def _went(old: int, new: int) -> str:
    return f"{new:,}" if old == new else f"{old:,} → {new:,}"


def _listed(names: list[str], at_most: int = _LISTED) -> str:
    return ", ".join(names[:at_most]) + (
        f", … {len(names) - at_most:,} more" if len(names) > at_most else ""
    )


def _interval(each: dict) -> str:
    if each["verdict"] == "same predictions":
        return "the same predictions"
    return f"{each['change']:+.4f} ({each['low']:+.3f} to {each['high']:+.3f})"


def _spelled(metric: str) -> str:
    return metric.replace("_", " ").replace("f1", "F1")


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{each}" if each in r"\`*_{}[]<>|#@" else each for each in _printable(text))


def _printable(text: str) -> str:
    """Without line ends and what else could move a cursor."""
    return "".join(each if each.isprintable() else " " for each in text)
