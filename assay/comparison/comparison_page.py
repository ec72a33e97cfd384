"""What `compare.compare` returned, on a page: for a terminal, as Markdown, as JSON."""

import json
import textwrap
from collections.abc import Callable
from typing import Any

from tabulate import tabulate

from assay.comparison import changes, page_parts
from assay.comparison.data_lines import CLASSES, LISTED, Result
from assay.comparison.page_parts import spelled
from assay.comparison.verdict import EQUAL, LEAST, NOT_SHOWN, RECALL, SAME, UNJUDGED
from assay.contract import escaping
from assay.contract.errors import first_of
from assay.contract.terminal import page_width

_LEAST = 20  # characters beside a name


def as_json(result: Result) -> str:
    return json.dumps(result, indent=2)  # in ASCII, so that no name can control a terminal


def terminal(result: Result) -> str:
    result = _with_names(result, escaping.printable)
    page = [f"{result['a']} → {result['b']}: {headline(result)}", *_gate(result)]
    for part in page_parts.parts(result):
        page += ["", part.title.upper()]
        width = max((len(name) for name, _ in part.lines), default=0)
        for name, text in part.lines:
            page += _wrapped(f"  {name:<{width}}  ", text)
        table = tabulate(part.table, tablefmt="plain", disable_numparse=True)
        page += [f"  {line}".rstrip() for line in table.splitlines()]
        page += [f"  {note}" for note in part.notes]
    return "\n".join(page).replace("\xa0", " ")


def _with_names(result: Result, show: Callable[[object], str]) -> Result:
    """The result, with `show` applied to each name and value that is not Assay's own."""

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return {show(key): shown(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [shown(inner) for inner in value]
        return show(value) if isinstance(value, str) else value

    def with_shown(part: Result, *keys: str) -> Result:
        return part | {key: shown(part[key]) for key in keys if key in part}

    of_data = ("people", "classes", "batches", "other_batches", "examples_not_found")
    data = with_shown(result["data"], *of_data)
    for key in {"labels", "test_labels"} & set(data):
        data[key] = with_shown(data[key], "relabelled_by", "swaps")
    pairs = data["parameters"].items()
    data["parameters"] = {show(key): [show(value) for value in pair] for key, pair in pairs}
    model = with_shown(result["model"], "yet_to_run", "other_classes")
    if "recall" in model:
        model["recall"] = {show(name): judged for name, judged in model["recall"].items()}
    page = with_shown(result, "a", "b", "missing", "absent") | {"data": data, "model": model}
    if gate := page.get("gate"):
        texts = {key: gate[key] for key in ("fail_if", "reasons")}
        named = {key: [_with_class(text, show) for text in texts[key]] for key in texts}
        page["gate"] = with_shown(gate | named, "not_tested")
    return page


def _with_class(text: str, show: Callable[[object], str]) -> str:
    """A text of a gate, with `show` applied if it names a class."""
    return show(text) if text.startswith(RECALL) else text


def _wrapped(name: str, text: str) -> list[str]:
    # Lines do not break at these no-break spaces; `terminal` turns them back into plain spaces.
    text = text.replace(" → ", "\xa0→\xa0").replace(": ", ":\xa0")
    indent = " " * len(name)
    return textwrap.wrap(
        text,
        max(page_width(), len(name) + _LEAST),
        initial_indent=name,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def markdown(result: Result) -> str:
    result = _with_names(result, escaping.markdown)
    page = [f"### {result['a']} → {result['b']}: {headline(result)}"]
    page += [line for gate in _gate(result) for line in ("", f"**{gate}**")]
    for part in page_parts.parts(result):
        page += ["", f"**{part.title}**", ""]
        page += [f"{_bullet(name)}: {text}" for name, text in part.lines]
        # In Markdown, a bar ends a table cell, even in a code span.
        cells = [[cell.replace("|", r"\|") for cell in row] for row in part.table]
        rows = [f"| {' | '.join(row)} |" for row in cells]
        if rows:
            rows.insert(1, "|" + " --- |" * len(part.table[0]))
        page += rows
        if part.notes:
            page += ["", *(f"{note}  " for note in part.notes)]
    return "\n".join(page)


FORMS = {"terminal": terminal, "markdown": markdown, "json": as_json}


def _bullet(name: str) -> str:
    """The beginning of a list item; an indented name starts an item of a nested list."""
    text = name.lstrip(" ")
    return f"{name[: -len(text)]}- {text}"


def headline(result: Result) -> str:
    """The verdict in a few words."""
    if changes.is_unfair(result["data"]):
        return "EXAMPLES CHANGED SIDES, so no verdict holds"
    metrics = result["model"].get("metrics")
    if not metrics:
        return _no_verdict(result["model"])
    if unknown := changes.moves_unknown(result["data"]):
        return f"{UNJUDGED}: {unknown}"
    verdicts = [judged["verdict"] for judged in metrics.values()]
    shown = []
    recall = page_parts.changed_recall(result["model"]).items()
    for word in ("better", "worse"):
        names = [spelled(name) for name, judged in metrics.items() if judged["verdict"] == word]
        names += [f"{RECALL}{name}" for name, judged in recall if judged["verdict"] == word]
        if names:
            shown.append(f"{word} in {first_of(names, LISTED + len(metrics))}")
    others = [word for word in (NOT_SHOWN, UNJUDGED, EQUAL, SAME) if word in verdicts]
    return "; ".join(shown or others[:1])


def _no_verdict(model: Result) -> str:
    if "yet_to_run" in model:
        stages = [f"{name} has yet to run {stage}" for name, stage in model["yet_to_run"].items()]
        return f"no verdict: {' and '.join(stages)}"
    if model.get("unknown"):
        return f"no verdict: {', '.join(map(spelled, model['unknown']))} of no example is known"
    if "other_classes" in model:
        return "no verdict: the classes differ"
    if "not_scored" in model:
        return "no verdict: no test example in common"
    return "no verdict without the predictions of both"


def _gate(result: Result) -> list[str]:
    """The verdict of `--fail-if`, and what it leaves out; [] without `--fail-if`."""
    gate = result.get("gate")
    if gate is None:
        return []
    asked = f"--fail-if {', '.join(map(spelled, gate['fail_if']))}"
    reasons = "; ".join(map(spelled, gate["reasons"]))
    verdict = f"FAILS {asked}: {reasons}" if gate["fails"] else f"passes {asked}"
    if untested := gate.get("not_tested"):
        classes = first_of([f"{name} ({n:,})" for name, n in untested.items()], CLASSES)
        verdict += f"; not tested, fewer than {LEAST} test examples: {classes}"
    if page_parts.leaves_out_chance(result):
        verdict += f"; {page_parts.NO_CHANCE}"
    return [verdict, *page_parts.not_scored(result)]
