"""The review page on loopback. It answers only requests with its token and its own address."""

import secrets
import socket
import webbrowser
from contextlib import closing, suppress

import uvicorn
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, DispatchFunction, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from assay.cleaning import review_page
from assay.contract import class_names, paths
from assay.contract.errors import InputError, counted, say
from assay.review import answer_file, questions
from assay.review.answer_file import AnswerFile
from assay.review.contents import Contents
from assay.review.questions import Questions

_ADDRESS = "127.0.0.1"
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def serve(name: str | None, port: int, *, browser: bool) -> None:
    """Serve the page until Ctrl-C.

    Parameters
    ----------
    name : of the person, and of the file of answers; None: the name in git, or the login name
    port : 0: any free one
    browser : whether to open the page in a browser
    """
    name = answer_file.default_name() if name is None else name
    answer_file.check(name)  # first: otherwise its fault would be said twice
    asked = questions.read(class_names.normal(name))  # if none is asked, no file is made
    with closing(AnswerFile(name)) as answers, socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((_ADDRESS, port))
        except (OSError, OverflowError) as error:
            raise InputError(f"port {port} cannot be used ({error}): take --port 0") from None
        port, token = listening.getsockname()[1], secrets.token_urlsafe()
        listening.listen()  # so that a browser that is faster than the server waits
        address = f"http://{_ADDRESS}:{port}/?token={token}"
        print(address, flush=True)
        say(f"{counted(len(asked.asked), 'question')} for {answers.name}; Ctrl-C ends the review")
        for line in asked.messages(answers):
            say(line)
        if browser:
            webbrowser.open(address)
        config = uvicorn.Config(application(asked, answers, token, port), log_level="warning")
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run([listening])
        say(answers.outcome())


def application(asked: Questions, answers: AnswerFile, token: str, port: int) -> Starlette:
    """The web application: the page, the contents that it loads, and the answers that it sends."""
    place_of_id = asked.places()
    ids = place_of_id.keys()
    elsewhere = asked.answered.of(answers, ids)
    later = {id_: elsewhere.said[id_] for id_ in elsewhere.later}
    answerable = ids - later.keys()
    again = set(elsewhere.again)  # until they are answered in this review
    row_of_text = {str(row): int(row) for row in asked.examples.index}
    contents = Contents(asked.examples)
    values = {
        "classes": asked.classes,
        "medium": asked.medium,
        "questions": [
            question | {"answers": asked.answered.others(question["id"], answers.name)}
            for question in asked.asked
        ],
        "doubted": asked.n_doubted,
        "names": review_page.names(asked.examples),
        "annotator": answers.name,
        "elsewhere": {id_: elsewhere.places[id_] for id_ in later},
    }

    def said() -> dict[str, list[str]]:
        return elsewhere.said | answers.answers() | later

    def page(_: Request) -> Response:
        try:
            now = {"answers": said(), "again": sorted(again)}
            return HTMLResponse(review_page.html(values | now))
        except (InputError, OSError) as error:  # somebody changed the file of answers meanwhile
            return PlainTextResponse(str(error), 500)

    def contents_of_rows(request: Request) -> Response:
        texts = request.query_params.get("rows", "").split(",")
        rows = {row_of_text[text] for text in texts if text in row_of_text}
        return JSONResponse(contents.of(sorted(rows)))

    async def answer(request: Request) -> Response:
        try:
            sent = await request.json()
            id_, label, note = (str(sent[key]) for key in ("id", "label", "note"))
            before = sent.get("before")  # label and note, as the page knows them
        except (ValueError, LookupError, TypeError, RecursionError):
            return PlainTextResponse("no answer: id, label and note are needed", 400)
        is_known = id_ in answerable and label in ["", *asked.classes] and note in paths.NOTES
        if not is_known or (label and note):
            return PlainTextResponse("no such example, class or note", 400)
        try:
            now = said().get(id_, ["", ""])
            if before is not None and now not in (before, [label, note]):
                return PlainTextResponse("answered otherwise meanwhile: reload the page", 409)
            answers.record(id_, label, note, place_of_id[id_])
        except (InputError, OSError) as error:  # a full disk, for example: the page says so
            return PlainTextResponse(str(error), 500)
        again.discard(id_)
        return Response(status_code=204)

    answering = Route("/answers", answer, methods=["POST"])
    app = Starlette(routes=[Route("/", page), Route("/contents", contents_of_rows), answering])
    app.add_middleware(BaseHTTPMiddleware, dispatch=_only_for(token, port))
    return app


def _only_for(token: str, port: int) -> DispatchFunction:
    """Refuse requests without the token, from other pages, or to other names of this machine.

    Another site may give this machine a name of its own (DNS rebinding), or post without reading
    the response. But it does not know the token, and it cannot change its `Origin`.
    """
    hosts = {f"{name}:{port}" for name in (_ADDRESS, "localhost")}

    def refusal(request: Request) -> str:
        host, origin = request.headers.get("host"), request.headers.get("origin")
        place = request.query_params if request.url.path == "/" else request.headers
        if host not in hosts:
            return "another host"
        if (origin or request.method != "GET") and origin != f"http://{host}":
            return "another origin"
        is_token = secrets.compare_digest(place.get("token", "").encode(), token.encode())
        return "" if is_token else "no token: open the address that `assay review` printed last"

    async def dispatch(request: Request, forward: RequestResponseEndpoint) -> Response:
        why = refusal(request)
        response = PlainTextResponse(f"refused: {why}", 403) if why else await forward(request)
        response.headers.update(_HEADERS)
        return response

    return dispatch
