"""The page: the templates of this package, filled in. Every value in them is escaped."""

from collections.abc import Collection
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assay.contract.rounding import rounded
from assay.modalities import registry
from assay.reporting import answer, parts, pictures
from assay.reporting.inputs import Inputs, accuracy
from assay.reporting.since import Changes
from assay.reporting.words import SCORES, Words, breakable, brief, isolated, name, renamed, signed

_TEMPLATES = Path(__file__).with_name("templates")
_NAMED = 3  # batches that the title names
_DIGITS = 8  # of the labels' MD5 in the title


def page(
    inputs: Inputs,
    language: str,
    level: float,
    changes: Changes | None = None,
    ignored: Collection[str] = (),
) -> str:
    """The whole page as HTML that needs no other file and no script.

    Parameters
    ----------
    language : the name of a file in `languages/`
    level : of all intervals, 0..1
    changes : since an earlier version, if they are wanted
    ignored : kinds of findings that `clean.beyond` ignores
    """
    words = Words(language)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters = (name, brief, words.shown, breakable, isolated, renamed, accuracy, words.described)
    functions = (words.known, words.score, words.probability, signed, parts.ticks, rounded)
    environment.filters |= {function.__name__: function for function in filters}
    environment.globals |= {function.__name__: function for function in functions}
    environment.globals |= {"t": words, "silent": pictures.SILENT, "listed_scores": list(SCORES)}
    quality, annotation = parts.quality(inputs, ignored), parts.annotation(inputs)
    pictured = parts.pictured(quality, annotation)
    percent = f"{100 * level:g}"
    batches = list(inputs.batches)
    return environment.get_template("report.html").render(
        batches=batches[:_NAMED] + ["…"] * (len(batches) > _NAMED),
        labels=inputs.values["release"]["labels"][:_DIGITS],
        level=percent,
        answer=answer.sentences(inputs, percent, words),
        to_do=answer.to_do(inputs, words),
        quantity=parts.quantity(inputs),
        curve=parts.learning_curve(inputs),
        quality=quality,
        annotation=annotation,
        model=parts.model(inputs),
        inputs=inputs,
        changes=changes,
        medium=registry.named(inputs.values["release"]["modality"]).MEDIUM,
        pictures=pictures.read(pictured, lambda n: words("columns.left", n=n)),
    )
