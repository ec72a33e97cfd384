"""The parts of a comparison for people: data, model, and why; each has lines, a table and notes."""

from dataclasses import dataclass, field

from assay.comparison import changes, data_lines
from assay.comparison.data_lines import CLASSES, LISTED, Result
from assay.comparison.verdict import COUNTED, EQUAL, NOT_SHOWN, RECALL, SAME, UNJUDGED
from assay.contract.errors import counted, first_of

_FETCH = "try `dvc pull`, or ask who has them for `dvc push --all-tags`"
_OLDER = "docs/sharing.md says what else to type if a version is older than the remote"
NO_CHANCE = "intervals leave out chance in training"
_DIFFERS = ("better", "worse")
_CHANGES = {
    "additions": "labels added",
    "removals": "labels taken out",
    "relabels": "labels changed",
    "all": "all of these",
}


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


def parts(result: Result) -> list[Part]:
    all_parts = [Part("Data", lines=data_lines.lines(result["data"])), _model(result)]
    all_parts[-1].notes += _levels(result)
    if {"why", "why_left_out"} & set(result["model"]):
        all_parts.append(_why(result))
    notes = all_parts[-1].notes
    for name, files in result["absent"].items():
        notes.append(f"not found in {name}, so not compared: {first_of(files, LISTED)}")
    if result["missing"]:
        missing = first_of(result["missing"], LISTED)
        notes.append(f"neither cached nor on the remote: {missing}; {_FETCH}; {_OLDER}")
    return all_parts


def _model(result: Result) -> Part:
    model = result["model"]
    if "metrics" not in model:
        return _recorded(result)
    table = [["", result["a"], result["b"], "change (interval)", "verdict"]]
    for name, judged in model["metrics"].items():
        values = [f"{judged['a']:.4f}", f"{judged['b']:.4f}"]
        table.append([spelled(name), *values, _interval(judged), judged["verdict"]])
    shown = changed_recall(model)
    for name, judged in dict(list(shown.items())[:CLASSES]).items():
        values = [f"{judged['a']:.4f}", f"{judged['b']:.4f}"]
        table.append([f"{RECALL}{name}", *values, _interval(judged), judged["verdict"]])
    title = f"Model, on the {counted(model['test_examples'], 'test example')} of both"
    return Part(title, table=table, notes=_model_notes(result))


def changed_recall(model: Result) -> dict[str, Result]:
    """The verdicts of classes whose recall is better or worse, the largest changes first."""
    verdicts = model.get("recall", {}).items()
    shown = [(name, judged) for name, judged in verdicts if judged["verdict"] in _DIFFERS]
    return dict(sorted(shown, key=lambda pair: -abs(pair[1]["change"])))


def _recall_note(model: Result) -> list[str]:
    """How many classes were tested, and how many not; [] if no recall is shown."""
    if not (shown := changed_recall(model)):
        return []
    verdicts = [judged["verdict"] for judged in model["recall"].values()]
    changed = f"recall: of {counted(len(verdicts), 'class')}, {len(shown):,} changed"
    few = verdicts.count(UNJUDGED)
    too_few = f", {few:,} with too few test examples cannot be judged" if few else ""
    return [f"{changed}{too_few}; verdicts are adjusted for all classes (Holm)"]


def _model_notes(result: Result) -> list[str]:
    model = result["model"]
    is_unjudged = changes.is_unjudged(result["data"])
    notes = not_scored(result)
    judged = model["metrics"].values()
    unseen = [metric for metric in judged if metric["verdict"] == NOT_SHOWN]
    if unseen and unseen[0]["metric"] in COUNTED:
        point = f"one point of {spelled(unseen[0]['metric'])}"
        if needed := unseen[0]["needed"]:
            notes.append(f"would need about {needed:,} test examples to see {point}")
        else:
            larger = "training varies too much: even a larger test set could not show"
            notes.append(f"{larger} a difference of {point}")
    if any(metric["verdict"] == UNJUDGED for metric in judged) and not is_unjudged:
        notes.append("with one test example, or the same change in all, nothing can be judged")
    if len(judged) > 1:
        family = f"all {len(judged)} metrics (Holm)"
        notes.append(f"verdicts are adjusted for {family}; an interval is for its metric alone")
    notes += _recall_note(model)
    if leaves_out_chance(result):
        notes.append(f"{NO_CHANCE}: embeddings or labels are missing")
    for a, b in model["estimated"].values():
        estimates = [f"{value:.4f} ({low:.3f} to {high:.3f})" for value, low, high in (a, b)]
        true = "accuracy against true labels, estimated, each on its own test examples"
        notes.append(f"{true}: {' → '.join(estimates)}")
    if model["answers_changed"]:
        changed = counted(model["answers_changed"], "changed test answer")
        notes.append(f"{changed}: those of {result['b']} count")
    scored = {name: metric["scored"] for name, metric in model["metrics"].items()}
    for name, n in (scored | dict.fromkeys(model.get("unknown", []), 0)).items():
        if n < model["test_examples"]:
            of_examples = f"{spelled(name)} is of {n:,} of the examples"
            notes.append(f"{of_examples}: what {result['a']} loses by other answers is not known")
    return notes


def not_scored(result: Result) -> list[str]:
    """How many test examples of each version the other one does not have; [] if it has all."""
    counts = zip((result["a"], result["b"]), result["model"].get("not_scored", []), strict=False)
    texts: list[str] = []
    for name, (n, total) in counts:
        things = "" if texts else " test examples"
        if n:
            texts.append(f"{n:,} of {total:,}{things} of {name}")
    return [f"not scored: {', '.join(texts)}"] if texts else []


def leaves_out_chance(result: Result) -> bool:
    """Whether intervals are too narrow, since the chance in training could not be estimated."""
    model = result["model"]
    has_intervals = "metrics" in model and not changes.is_unjudged(result["data"])
    return has_intervals and model["chance_in_training"] is None


def _recorded(result: Result) -> Part:
    model = result["model"]
    if "yet_to_run" in model:
        names = " and ".join(model["yet_to_run"])
        older = f"the predictions and scores in {names} are of an earlier model"
        before = "`dvc exp apply` for an experiment, `dvc checkout` after a `git checkout`"
        return Part("Model", notes=[older, f"type `dvc repro` there; before it, {before}"])
    recorded = model["recorded"]
    table = [["", result["a"], result["b"], "change"]] if recorded else []
    for name, (a, b) in recorded.items():
        values = [f"{value:.4f} ({low:.4f} to {high:.4f})" for value, low, high in (a, b)]
        table.append([spelled(name), *values, f"{b[0] - a[0]:+.4f}"])
    part = Part("Model, as recorded: each on its own test examples", table=table)
    versions = (result["a"], result["b"])
    for name, classes in zip(versions, model.get("other_classes", []), strict=False):
        if classes:
            part.notes.append(f"classes of {name} alone: {first_of(classes, CLASSES)}")
    part.notes += not_scored(result)
    if "not_scored" in model and "other_ids" in result["data"]:
        cause = "the files or the version of Assay changed"
        part.notes.append(f"the same keys have other ids: {cause}, see docs/upgrading.md")
    return part


def _levels(result: Result) -> list[str]:
    """The level of the intervals, and the levels of the recorded intervals, if these differ."""
    notes = []
    if "confidence" in result["model"]:
        notes.append(f"the level of the intervals is {100 * result['model']['confidence']:g} %")
    levels = result["model"].get("levels", [])
    texts = [f"{100 * level:g} %" if isinstance(level, float) else "unknown" for level in levels]
    names = (result["a"], result["b"])
    in_each = [f"{text} in {name}" for text, name in zip(texts, names, strict=False)]
    if in_each:
        notes.append(f"the recorded intervals have different levels: {', '.join(in_each)}")
    return notes


def _why(result: Result) -> Part:
    shares = result["model"].get("why", {})
    left_out = result["model"].get("why_left_out")
    part = Part("Why: a closed-form head on the embeddings, with one kind of change at a time")
    labels = f"labels of {result['a']}"
    if left_out:
        labels += f", less {left_out['labels']:,}"
        part.notes.append(_left_out(left_out, result["a"], result["b"]))
    if shares:
        base = f"{next(iter(shares.values()))['a']:.4f}"
        part.table.append(["", "examples", "accuracy", "change (interval)"])
        part.table.append([labels, "", base, ""])
    for name, judged in shares.items():
        values = [f"{judged['examples']:,}", f"{judged['b']:.4f}", _interval(judged)]
        part.table.append([_CHANGES[name], *values])
    return part


def _left_out(counts: Result, a: str, b: str) -> str:
    """Which labels of A a head cannot learn from, and why."""
    n = counts["labels"]
    labels = f"{counted(n, 'label')} of {a} {'is' if n == 1 else 'are'} left out"
    examples = "this example" if n == 1 else "these examples"
    cause = "its encoder is another"
    if not counts["other_encoder"]:
        cause = "the encoder or an embedding was not found"
    return f"{labels}: {b} does not have {examples}, and {cause}"


def _interval(judged: Result) -> str:
    if judged["verdict"] == SAME:
        return "the same predictions"
    if judged["verdict"] == EQUAL:
        is_accuracy = judged["metric"] == "accuracy"
        return "the same answers are right" if is_accuracy else "each example scores the same"
    change = f"{judged['change']:+.4f}"
    if judged["verdict"] == UNJUDGED:
        return change
    return f"{change} ({judged['low']:+.3f} to {judged['high']:+.3f})"


def spelled(metric: str) -> str:
    if RECALL in metric:
        return metric  # a class is named as it is
    return metric.replace("_", " ").replace("f1", "F1")
