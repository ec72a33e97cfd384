"""A page of the worst labels: a section for each class, each example beside its evidence."""

from collections.abc import Hashable
from html import escape

import pandas as pd

from assay.catalogue import payloads
from assay.cleaning import evidence
from assay.modalities import registry

_EACH = 8  # labels of a class, the worst first
_HEADS = "<th>example<th>thought of it<th>speaks for the suggestion<th>speaks for the label"
_ROWS = [f"rows_{name}" for name in evidence.COLUMNS]
_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 70em; color: #222; \
background: #fff }
table { border-collapse: collapse; margin-bottom: 2em } td, th { padding: .3em .8em; \
text-align: left;
  vertical-align: top }
tr { border-top: 1px solid #ddd } img { height: 64px; min-width: 48px; \
image-rendering: pixelated; margin-right: 4px }
small { color: #666; display: block; overflow-wrap: anywhere; max-width: 22em } pre { margin: 0;
  font-size: 12px; white-space: pre-wrap }
"""


def page(doubted: pd.DataFrame, examples: pd.DataFrame) -> str:
    """Read the payloads of the worst labels and of their evidence, and show them as HTML.

    Parameters
    ----------
    doubted : from `evidence.find`, with the names of the classes, worst first
    examples : the catalogue
    """
    worst = doubted.head(evidence.MOST).groupby("given", sort=True).head(_EACH)
    shown = _shown(worst, examples)
    title = "<!doctype html><meta charset=utf-8><title>Doubted labels</title>"
    lines = [f"{title}<style>{_STYLE}</style>"]
    for given, group in worst.groupby("given", sort=True):
        lines.append(f"<h2>labelled {escape(str(given))}</h2><table><tr>{_HEADS}")
        for row in group.itertuples():
            name = escape(f"{row.batch}/{row.key}")
            example = f"{shown[row.Index]}<small>{name}</small>"
            reason = f"{escape(row.reason)}<small>{row.decision}</small>"
            sides = ["".join(shown[other] for other in getattr(row, rows)) for rows in _ROWS]
            lines.append("<td>".join(["<tr>", example, reason, *sides]))
        lines.append("</table>")
    return "\n".join(lines) + "\n"


def _shown(worst: pd.DataFrame, examples: pd.DataFrame) -> dict[Hashable, str]:
    """HTML of each example on the page, by row of the catalogue."""
    rows = set(worst.index).union(*worst[_ROWS].to_numpy().ravel())
    chosen = examples.loc[sorted(rows)]
    html = registry.named(payloads.payload_format(examples)["modality"]).HTML
    contents = [html.format(escape(content)) for content in payloads.shown(chosen)]
    return dict(zip(chosen.index, contents, strict=True))
