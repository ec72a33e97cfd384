"""Escape names and messages that others wrote, before they are shown in a terminal or Markdown."""

import re
import unicodedata

# Unicode categories: controls, invisible formats, lone surrogates, ends of lines and paragraphs.
_HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # emoji, Persian and Indian scripts need them


def printable(text: object) -> str:
    r"""The text on one line of a terminal. Control characters become escapes such as `\x1b`."""
    text = str(text)
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(letter: str) -> str:
    is_shown = letter in _JOINERS or unicodedata.category(letter) not in _HARMFUL
    return letter if is_shown else letter.encode("unicode_escape").decode()


def markdown(text: object) -> str:
    """The text for Markdown: plain words stay as they are, other text becomes a code span."""
    words = r"[^\W_]+( [^\W_]+)*"
    return str(text) if re.fullmatch(words, str(text)) else code(text)


def code(text: object) -> str:
    """A code span of Markdown: no link, mention, heading or HTML (CommonMark 0.31.2, 6.1)."""
    text = printable(text)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    # Markdown removes one blank at each end. It separates the fence from backticks of the text.
    blank = "" if text and text.strip(" `") == text else " "
    return f"{fence}{blank}{text}{blank}{fence}"
