"""The worst labels for people's eyes: a page with a section a class, each example beside what speaks of it."""

from html import escape

import pandas as pd

from assay.catalogue import payloads
from assay.cleaning import evidence
from assay.modalities import registry

_EACH = 8  # labels a class, the worst first
_HEADS = "<th>example<th>thought of it<th>speaks for the suggestion<th>speaks for the label"
_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 70em; color: #222; background: #fff }
table { border-collapse: collapse; margin-bottom: 2em } td, th { padding: .3em .8em; text-align: left;
  vertical-align: top }
tr { border-top: 1px solid #ddd } img { height: 64px; min-width: 48px; image-rendering: pixelated; margin-right: 4px }
small { color: #666; display: block; overflow-wrap: anywhere; max-width: 22em } pre { margin: 0;
  font-size: 12px; white-space: pre-wrap }
"""


def page(doubted: pd.DataFrame, examples: pd.DataFrame) -> str:
    """HTML of the worst of `doubted`, which `evidence.find` and the names of the classes were added to."""
    worst = doubted.head(evidence.MOST).groupby("given", sort=True).head(_EACH)
    columns = [f"rows_{name}" for name in evidence.COLUMNS]
    rows = sorted(
        {*worst.index, *(row for name in columns for some in worst[name] for row in some)}
    )
    modality = registry.named(payloads.payload_format(examples)["modality"])
    looks = [
        modality.HTML.format(escape(shown))
        for shown in payloads.shown(examples.loc[rows])
    ]
    seen = dict(zip(rows, looks, strict=True))
    names = examples.loc[rows, "batch"] + "/" + examples.loc[rows, "key"]
    parts = [
        f"<!doctype html><meta charset=utf-8><title>Doubted labels</title><style>{_STYLE}</style>"
    ]
    for given, group in worst.groupby("given", sort=True):
        parts.append(f"<h2>labelled {escape(str(given))}</h2><table><tr>{_HEADS}")
        for row in group.itertuples():
            shown = f"{seen[row.Index]}<small>{escape(names[row.Index])}</small>"
            said = f"{escape(row.reason)}<small>{row.decision}</small>"
            sides = ["".join(seen[other] for other in getattr(row, name)) for name in columns]
            parts.append("<td>".join(["<tr>", shown, said, *sides]))
        parts.append("</table>")
    return "\n".join(parts) + "\n"
