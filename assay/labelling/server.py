"""Where tasks and answers are: a project on a Label Studio server."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from assay.contract.errors import InputError

_KEY = "LABEL_STUDIO_API_KEY"  # as Label Studio's own SDK names it
_AT_ONCE = 100  # tasks of one request
_LARGEST = 2**30  # bytes of an answer; one of 70,000 images of 28x28 pixels has a tenth of that
_SHOWN = 300  # characters of an error


@contextmanager
def understood(place: str) -> Iterator[None]:
    """Raise InputError if a file or response does not have the form that Label Studio gives it."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        unlike = f"{place} is no export of Label Studio in the format JSON"
        why = f"it lacks {error}" if isinstance(error, KeyError) else repr(error)
        raise InputError(f"{unlike}: {why[:_SHOWN]}") from None


class Server:
    """One project of a Label Studio server, seen by the user whose token is in the environment.

    Parameters
    ----------
    project : its name or number
    layout : the labelling interface of a missing project, which is created; "": none is created

    Raises
    ------
    InputError
        If there is not exactly one such project, or the server refuses a request.
    """

    def __init__(self, url: str, project: str, layout: str = "") -> None:
        if "@" in url:  # files and messages name the address
            remedy = f"leave it out, and put a personal access token into {_KEY}"
            raise InputError(f"--url has an @, so perhaps a user or a password: {remedy}")
        self.url = url.rstrip("/")
        self.session = requests.Session()
        self.session.auth = self._sign  # otherwise ~/.netrc would replace our header
        self._authorization = ""
        self._authorize(os.environ.get(_KEY, ""))
        projects = self.call("GET", "projects/?page_size=10000")["results"]
        named = [entry for entry in projects if project in (entry["title"], str(entry["id"]))]
        if layout and not named:
            settings = {"title": project, "label_config": layout}
            named = [self.call("POST", "projects/", settings)]
        if len(named) != 1:
            count = f"{self.url} has {len(named)} projects {project!r}"
            raise InputError(f"{count}: give --project the name or number of one")
        self.number = named[0]["id"]
        self.place = f"{self.url}/projects/{self.number}"
        tags = named[0]["parsed_label_config"].values()
        self.offered = {label for tag in tags for label in tag.get("labels", [])}

    def _authorize(self, key: str) -> None:
        scheme = "Token"
        if key.count(".") == 2:  # a JWT: it must be exchanged for a token that is valid for minutes
            scheme = "Bearer"
            key = self.call("POST", "token/refresh/", {"refresh": key})["access"]
        self._authorization = f"{scheme} {key}"

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._authorization:
            request.headers["Authorization"] = self._authorization
        return request

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The response to a request, from JSON."""
        url = f"{self.url}/api/{path}"
        try:
            options = {"timeout": 600, "json": body, "stream": True, "allow_redirects": False}
            with self.session.request(method, url, **options) as response:
                if response.is_redirect:
                    raise InputError(_not_followed(url, response.headers["Location"]))
                content = response.raw.read(_LARGEST + 1, decode_content=True)
            if len(content) > _LARGEST:
                raise InputError(f"{url} failed: its answer is over {_LARGEST:,} bytes")
            if response.ok:
                return json.loads(content)
            problem = content.decode(errors="replace")[:_SHOWN]
        except (requests.RequestException, HTTPError, ValueError, RecursionError) as error:
            problem = type(error).__name__  # ValueError: no JSON, or a token that is not latin-1
        check = f"is Label Studio there, and does {_KEY} hold a personal access token of it?"
        raise InputError(f"{url} failed ({problem}): {check}")

    def tasks(self) -> list[dict]:
        """All tasks with their annotations, in the export format JSON."""
        options = "exportType=JSON&download_all_tasks=true"
        return self.call("GET", f"projects/{self.number}/export?{options}")

    def emails(self) -> dict[int, str | None]:
        """The e-mail address of each user, by the user's number."""
        return {user["id"]: user["email"] for user in self.call("GET", "users/")}

    def send(self, tasks: list[dict]) -> None:
        for start in range(0, len(tasks), _AT_ONCE):
            block = tasks[start : start + _AT_ONCE]
            self.call("POST", f"projects/{self.number}/import", block)


def _not_followed(url: str, location: str) -> str:
    """Why a redirect is an error, and what to do."""
    target = urljoin(url, location)
    leads = f"{url} leads to {target[:_SHOWN]}"
    if urlsplit(target)[:2] == urlsplit(url)[:2]:  # the scheme, and the server
        remedy = f"check that --url is its address, and that {_KEY} is enough to log in there"
        return f"{leads} instead of to Label Studio: {remedy}"
    remedy = "give that one to --url if you trust it"
    return f"{leads}, and the token goes to no other server: {remedy}"
