"""The words of the page in one language, and the form of names and numbers in them."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from markupsafe import Markup, escape

from assay.contract.errors import shortened
from assay.contract.escaping import printable
from assay.contract.rounding import rounded

_FOLDER = Path(__file__).with_name("languages")  # <language>.json
_LONGEST, _LAST = 60, 20  # characters of a name, and of its end if it is longer
_TRAITS = 400  # characters of what describes a region
_SHARES = re.compile(r"\((?P<part>\d+%), of all (?P<whole>\d+%)\)(?=; |$)")
# Letters that are written from right to left, and what may stand between two words of them.
_RTL = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+"
_RIGHT_TO_LEFT = re.compile(rf"{_RTL}(?:[\s\d_-]+{_RTL})*")
_LEAST = 0.0005  # a smaller share would be rounded to 0.0 %
_PLACES = 3  # of a score without a unit
_ONE = ".one"  # the end of the key of a text for exactly one thing
# the scores that the page lists, in this order, each with the unit that people know it by
SCORES = {
    "accuracy": "percent",
    "accuracy_true": "percent",
    "macro_f1": "percent",
    "log_loss": "",
    "calibration_error": "points",
}


def brief(text: object, most: int | None = None) -> str:
    """A name or a sentence as plain text. It is cut, and invisible characters are made visible.

    Parameters
    ----------
    most : characters of a sentence, which is cut at its end; None for a name, which is cut in the
        middle, because long names often differ at the end
    """
    most, last = (_LONGEST, _LAST) if most is None else (most, 0)
    return printable(shortened(str(text), most, last))


def name(text: object) -> Markup:
    """A name as HTML. Its writing direction does not change the text around it."""
    return Markup("<bdi>{}</bdi>").format(brief(text))


def _percents(shares: Iterable[float]) -> str:
    return " … ".join(f"{rounded(share, 1, 100)}" for share in shares)


def signed(*shares: float) -> str:
    """Changes of a share, or the ends of its interval, in points."""
    return " … ".join(f"{rounded(share, 1, 100):+}" for share in shares)


def renamed(confusion: str) -> str:
    """`2 as 3 (6)` of metrics/annotators.csv as `2 → 3 (6)`; unchanged if a class has ` as `.

    Each class is cut like a name, and the count stays.
    """
    pair, mark, count = confusion.rpartition(" (")
    is_plain = pair.count(" as ") == 1
    shown = " → ".join(map(brief, pair.split(" as "))) if is_plain else brief(pair, 2 * _LONGEST)
    return f"{shown}{mark}{count}"


def breakable(text: object) -> Markup:
    """A text with file names as HTML: its lines may break after a slash, not within a name."""
    return Markup("/<wbr>").join(str(text).split("/"))


def isolated(text: object) -> Markup:
    """A sentence as HTML, in which words from right to left do not change the order around them.

    It is for sentences whose names are not known. Where they are, `name` does it.
    """
    sentence = str(escape(text))
    return Markup(_RIGHT_TO_LEFT.sub(r"<bdi>\g<0></bdi>", sentence))  # noqa: S704  # escaped above


class Words:
    """The catalogue of one language; call it with a key and the values of the text.

    Texts may hold HTML; values are escaped. Whole numbers get separators, floats become percent.
    The key `….one` is used where `n` is 1.
    """

    def __init__(self, language: str) -> None:
        self.path = _FOLDER / f"{language}.json"
        self.texts = json.loads(self.path.read_text(encoding="utf-8"))

    def __call__(self, key: str, **values: object) -> Markup:
        single = f"{key}{_ONE}"
        if key not in self.texts:
            raise KeyError(f"{self.path} has no text {key!r}")
        text = self.texts[single if values.get("n") == 1 and single in self.texts else key]
        shown = {name: self.shown(value) for name, value in values.items()}
        return Markup(text).format(**shown)  # noqa: S704  # the catalogue is part of the code

    def shown(self, value: object) -> object:
        if isinstance(value, float):
            return self.probability(value) if value > 0 else self("percent", n=_percents([value]))
        return f"{value:,}" if isinstance(value, int) else value

    def probability(self, share: float) -> Markup:
        """A share in percent that is never 0: a share of 0.0000 in a file was rounded."""
        return self("percent", n="<0.1" if share < _LEAST else _percents([share]))

    def about(self, share: float) -> Markup:
        """An estimated share, for a sentence."""
        return self("less", share=2 * _LEAST) if share < _LEAST else self("about", share=share)

    def score(self, key: str, *values: float) -> Markup:
        """A score, or the ends of its interval, in its unit."""
        if unit := SCORES[key]:
            return self(unit, n=_percents(values))
        return Markup(" … ").join(f"{rounded(value, _PLACES)}" for value in values)

    def described(self, traits: str) -> Markup:
        """The description of a region in metrics/regions.csv, with its shares in this language."""
        text = str(escape(brief(traits, _TRAITS)))
        say = self.texts["region.shares"]
        told = _SHARES.sub(lambda shares: say.format(**shares.groupdict()), text)
        return Markup(told)  # noqa: S704  # escaped above

    def listed(self, texts: Sequence[str]) -> Markup:
        """Some texts in one line."""
        return Markup("{} ").format(self("comma")).join(texts)

    def known(self, key: str, fallback: str) -> Markup | str:
        """The text of a key that depends on the data, or else the fallback."""
        return self(key) if key in self.texts else fallback
