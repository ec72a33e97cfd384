"""What `compare.compare` returned, on a page: for a terminal, as Markdown, as JSON."""

import json
import re
import textwrap

from tabulate import tabulate

from assay.comparison.page_parts import Result, parts, some, spelled

_WIDTH = 110


def as_json(result: Result) -> str:
    return json.dumps(result, indent=2, ensure_ascii=False)


def terminal(result: Result) -> str:
    page = [f"{result['a']} → {result['b']}: {headline(result)}"]
    for part in parts(result):
        page += ["", part.title.upper()]
        width = max((len(name) for name, _ in part.lines), default=0)
        for name, text in part.lines:
            page += _wrapped(f"  {name:<{width}}  ", text)
        table = tabulate(part.table, tablefmt="plain", disable_numparse=True)
        page += [f"  {line}".rstrip() for line in table.splitlines()]
        page += [f"  {note}" for note in part.notes]
    return "\n".join(map(_printable, page))


def _wrapped(name: str, text: str) -> list[str]:
    # Nothing is broken at these spaces; `_printable` makes plain ones of them again.
    text = text.replace(" → ", "\xa0→\xa0").replace(": ", ":\xa0")
    indent = " " * len(name)
    return textwrap.wrap(
        text, _WIDTH, initial_indent=name, subsequent_indent=indent, break_on_hyphens=False
    )


def markdown(result: Result) -> str:
    page = [f"### {_escaped(result['a'])} → {_escaped(result['b'])}: {headline(result)}"]
    for part in parts(result):
        page += ["", f"**{part.title}**", ""]
        page += [f"- {name}: {_escaped(text)}" for name, text in part.lines]
        rows = [f"| {' | '.join(map(_escaped, row))} |" for row in part.table]
        if rows:
            rows.insert(1, "|" + " --- |" * len(part.table[0]))
        page += rows
        if part.notes:
            page += ["", *(f"{_escaped(note)}  " for note in part.notes)]
    return "\n".join(page)


def headline(result: Result) -> str:
    """The verdict in a few words."""
    if result["data"].get("examples", {}).get("moved"):
        return "EXAMPLES CHANGED SIDES, so no verdict holds"
    metrics = result["model"].get("metrics")
    if not metrics:
        return "no verdict without the predictions of both"
    verdicts = [judged["verdict"] for judged in metrics.values()]
    shown = []
    for word in ("better", "worse"):
        names = [spelled(name) for name, judged in metrics.items() if judged["verdict"] == word]
        shown += [f"{word} in {some(names)}"] if names else []
    return "; ".join(shown) or verdicts[0]


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"[\\`*_{}\[\]<>|#@]", r"\\\g<0>", _printable(text))


def _printable(text: str) -> str:
    """Without line ends and what else could move a cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
