"""The page that asks a rater, served on this machine alone; the only module that imports Flask."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import GanzooError, StoreError, UsageError
from ganzoo.rating.instructions import sections
from ganzoo.rating.session import RatingSession

if TYPE_CHECKING:
    from flask import Flask, Response
    from werkzeug.serving import BaseWSGIServer

HOST = "127.0.0.1"
ASSETS = Path(__file__).with_name("assets")
_LARGEST = 4096
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
}


def app_of(session: RatingSession, token: str) -> Flask:
    """The application. Every address begins with the token, and only this machine's own names are answered to."""
    import flask

    app = flask.Flask("ganzoo.rating", template_folder=str(ASSETS), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST
    pages = flask.Blueprint("pages", "ganzoo.rating", url_prefix=f"/{token}")

    @pages.get("/")
    def page() -> str:
        return flask.render_template("rate.html.jinja", study=session.study)

    @pages.get("/protocol")
    def protocol() -> str:
        return flask.render_template("protocol.html.jinja", study=session.study, sections=sections(session.study))

    @pages.get("/<any('rate.js','rate.css'):name>")
    def asset(name: str) -> Response:
        return flask.send_from_directory(ASSETS, name)

    @pages.get("/<any(image,mask):kind>/<int:number>.png")
    def image(kind: str, number: int) -> Response:
        content = session.picture(flask.request.args.get("rater", ""), number, kind == "mask")
        if content is None:
            flask.abort(404)
        return flask.Response(content, mimetype="image/png")

    @pages.post("/<any(start,more):what>")
    def begin(what: str) -> dict[str, Any]:
        name = _field(_sent(), "rater", str)
        return session.start(name) if what == "start" else session.more(name)

    @pages.post("/judge")
    def judge() -> dict[str, Any]:
        sent = _sent()
        shown = sent.get("shown")
        return session.judge(
            _field(sent, "rater", str),
            _field(sent, "number", int),
            _field(sent, "said_fake", bool),
            float(_field(sent, "seconds", (int, float))),
            None if shown is None else float(_field(sent, "shown", (int, float))),
        )

    _guard(app)
    app.register_blueprint(pages)
    return app


def _guard(app: Flask) -> None:
    import flask

    @app.before_request
    def of_this_machine() -> None:
        """Whoever has another name lead here, as in DNS rebinding, is not answered."""
        if flask.request.host.partition(":")[0] not in (HOST, "localhost"):
            flask.abort(403)

    @app.after_request
    def headed(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    @app.errorhandler(GanzooError)
    def told(error: GanzooError) -> tuple[dict[str, str], int]:
        return {"error": str(error)}, 400 if isinstance(error, UsageError) else 500


def _sent() -> dict[str, Any]:
    """The JSON object of a request; a form of another site's cannot send one."""
    import flask

    sent = flask.request.get_json(silent=True)
    if not isinstance(sent, dict):
        raise UsageError("The page sent no JSON object.", "Load it again.")
    return sent


def _field(sent: dict[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    value = sent.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"The page sent {name}={value!r}.", "Load it again.")
    return value


@contextmanager
def serving(session: RatingSession, port: int = 0) -> Iterator[tuple[str, BaseWSGIServer]]:
    """The address of the page, with its token, and the server, which ``serve_forever`` runs.

    Raises StoreError where the port is taken.
    """
    import logging

    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    token = secrets.token_urlsafe(24)
    try:
        server = make_server(HOST, port, app_of(session, token), threaded=True)
    except (OSError, SystemExit) as error:  # werkzeug says on stderr that a port is taken, and exits
        raise StoreError(
            f"Cannot listen on port {port} of {HOST}.", "Name another one with --port, or none."
        ) from error
    try:
        yield f"http://{HOST}:{server.server_port}/{token}/", server
    finally:
        server.server_close()
