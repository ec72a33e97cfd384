"""Names and messages of strangers where people read them: in a terminal, and in Markdown."""

import re
import unicodedata

# Unicode's controls, invisible formats, lone surrogates, and ends of lines and paragraphs.
_HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # emoji need them, and words of Persian and of Indian scripts


def printable(text: object) -> str:
    r"""The text on one line of a terminal; what moves a cursor or turns a line becomes `\x1b`."""
    text = str(text)
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(letter: str) -> str:
    is_shown = letter in _JOINERS or unicodedata.category(letter) not in _HARMFUL
    return letter if is_shown else letter.encode("unicode_escape").decode()


def markdown(text: object) -> str:
    """The text as Markdown that shows it: plain words stay, all else becomes a code span."""
    words = r"[^\W_]+( [^\W_]+)*"
    return str(text) if re.fullmatch(words, str(text)) else code(text)


def code(text: object) -> str:
    """A code span of Markdown: no link, mention, heading or HTML (CommonMark 0.31.2, 6.1)."""
    text = printable(text)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    # One blank at both ends is taken off again. It keeps backticks and blanks of the text apart.
    blank = "" if text and text.strip(" `") == text else " "
    return f"{fence}{blank}{text}{blank}{fence}"
