"""Turn an error of pydantic into one line for people."""

import re
import reprlib

from pydantic import ValidationError

_MEMBER = "literal["  # how pydantic's name of a Literal in a union starts


def first_problem(error: ValidationError) -> str:
    """The first wrong key, what is allowed there, and what was found."""
    problem, *others = error.errors()
    place = problem["loc"]
    messages = [problem["msg"].removeprefix("Value error, ")]
    if place and str(place[-1]).startswith(_MEMBER):
        # the other members of the union say what else is allowed
        place = place[:-1]
        messages += [other["msg"] for other in others if other["loc"][:-1] == place]
    key = ".".join(str(part) for part in place if not str(part).startswith(_MEMBER))
    start = f"{key}: " if key else ""
    if problem["type"] == "value_error":
        return start + messages[0]
    allowed = " or ".join(messages).replace("or Input should", "or")
    allowed = re.sub("^(Input|List) should", "must", allowed)
    return f"{start}{allowed}, not {reprlib.repr(problem['input'])}"
