"""The page that a link opens: it says what is ordered, and has a form for whoever is to order it.

A GET does nothing: chat programs fetch links to show what is behind them. A POST logs in with what the form gives (an
application credential or a token) and passes the order on to the REST API's own door, where Keystone and policy are
asked as ever. The page knows nothing but the link, runs no script, and sends what was typed nowhere but here.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

from kasugai.adapters.links import BadLink, Expired, Order, check
from kasugai.api.environ import Environ, Wsgi
from kasugai.api.logins import KeystoneAway, NotAdmitted, PersonsLogin
from kasugai.api.own.rules import MOUNT
from kasugai.api.own.shown import stamp
from kasugai.core.words.signals import Instruction, Limit
from kasugai.core.words.timing import Instant
from kasugai.core.words.visible import visible

PAGE = "/kasugai/links"
MOST_BYTES = 8 * 1024
"""What is read of a form."""
MOST_DIGITS = 8

HEADERS = (
    ("Content-Type", "text/html; charset=UTF-8"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex, nofollow"),
)
STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem}"
    "label{display:block;margin:.8rem 0}"
    "input{display:block;width:100%;font:inherit;padding:.4rem;box-sizing:border-box}"
    "button{font:inherit;font-weight:600;padding:.6rem 1rem;margin:1rem 0}dt{font-weight:600}dd{margin:0 0 .5rem}"
)
SENTENCES: Mapping[tuple[Instruction, Limit | None], tuple[str, str]] = {
    (Instruction.HOLD, None): (
        "Hold {subject}",
        "Kasugai begins nothing further about it until somebody approves the hold.",
    ),
    (Instruction.APPROVE, Limit.HOLD): (
        "Let Kasugai go on with {subject}",
        "Somebody has held it. With this its recovery goes on.",
    ),
    (Instruction.APPROVE, Limit.STORM): (
        "Say that {subject} is dead",
        "So many hosts are unhealthy that the cause may lie elsewhere. With this you say that this one is "
        "certainly dead: it is fenced, and its guests are brought back. Of the others nothing is said.",
    ),
}
"""Title and what follows, by what a link orders."""
OTHER = ("{order} {subject}", "An order to Kasugai.")


class LinkPage:
    """The pages of all links."""

    def __init__(
        self, inner: Wsgi, keys: Sequence[bytes], now: Callable[[], Instant], login: PersonsLogin
    ) -> None:
        """Pass orders on to `inner`, the REST API behind Keystone; believe what one of `keys` has signed."""
        self._inner, self._keys, self._now, self._login = inner, keys, now, login

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        link = environ.get("PATH_INFO", "").removeprefix(f"{PAGE}/")
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD", "POST"):
            return _answer(start_response, "405 Method Not Allowed", _plain("Nothing can be done so."))
        try:
            order = check(link, self._keys, self._now())
        except Expired as error:
            return _answer(start_response, "410 Gone", _plain(str(error)))
        except BadLink as error:
            return _answer(start_response, "404 Not Found", _plain(str(error)))
        if method == "POST":
            status, said = self._order(environ, link)
            return _answer(start_response, status, _plain(said))
        page = _answer(start_response, "200 OK", _form(order))
        return [] if method == "HEAD" else page

    def _order(self, environ: Environ, link: str) -> tuple[str, str]:
        """Return a status and a sentence."""
        fields = _fields(environ)
        if fields is None:
            return "400 Bad Request", "The form was not sent as a form."
        try:
            token = fields.get("token", "").strip() or self._token(fields)
        except NotAdmitted:
            return (
                "401 Unauthorized",
                "Keystone does not know this application credential. Go back and try again.",
            )
        except KeystoneAway:
            return (
                "503 Service Unavailable",
                "Keystone gives no answer at present. Nothing was done; try again.",
            )
        if not token.isascii():
            return "401 Unauthorized", "This is no token: it has letters that no token has. Nothing was done."
        status, body = self._passed_on(environ, link, token, fields.get("reason", ""))
        return status, _sentence(status, body)

    def _token(self, fields: Mapping[str, str]) -> str:
        name, secret = fields.get("id", ""), fields.get("secret", "")
        if not (name and secret):
            raise NotAdmitted
        return self._login(name, secret)

    def _passed_on(self, environ: Environ, link: str, token: str, reason: str) -> tuple[str, bytes]:
        """Ask our own door as a client of it would: nothing of the browser's request but its address goes along."""
        body = json.dumps({"reason": reason} if reason.strip() else {}).encode()
        inner: Environ = {
            name: value
            for name, value in environ.items()
            if not name.startswith(("HTTP_", "CONTENT_", "wsgi.input"))
        }
        inner |= {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": f"{MOUNT}/links/{link}",
            "QUERY_STRING": "",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": environ.get("HTTP_HOST", ""),
            "HTTP_X_AUTH_TOKEN": token,
            "wsgi.input": BytesIO(body),
        }
        heard: list[str] = []
        answer = b"".join(self._inner(inner, lambda status, *_: heard.append(status)))
        return heard[0], answer


def _fields(environ: Environ) -> dict[str, str] | None:
    """Return the form's fields; None for what is no form, or more than one would be."""
    length = environ.get("CONTENT_LENGTH", "")
    is_form = environ.get("CONTENT_TYPE", "").partition(";")[0].strip() == "application/x-www-form-urlencoded"
    if not (is_form and length.isascii() and length.isdigit() and len(length) < MOST_DIGITS):
        return None
    if int(length) > MOST_BYTES:
        return None
    try:
        found = parse_qs(environ["wsgi.input"].read(int(length)).decode(), max_num_fields=10)
    except ValueError:
        return None
    return {name: values[-1] for name, values in found.items() if values[-1].isprintable()}


def _sentence(status: str, body: bytes) -> str:
    """What the REST API's answer says to a person."""
    match status.split(maxsplit=1)[0]:
        case "202":
            return "Done: Kafka has the order. What comes of it is told where you found the link."
        case "401":
            return "Keystone does not know this token, or not any more. Nothing was done."
        case _:
            try:
                return f"Nothing was done: {next(iter(json.loads(body).values()))['message']}"
            except (ValueError, AttributeError, StopIteration, KeyError, TypeError):
                return "Nothing was done: the API's log says why."


def _form(order: Order) -> str:
    title, follows = SENTENCES.get((order.order, order.limit), OTHER)
    words = {"order": str(order.order), "subject": visible(order.subject.title)}
    rows = {
        "About": visible(order.subject.name),
        "Incident": str(order.incident or "none yet"),
        "Worth something until": stamp(order.until) or "",
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows.items())
    heading = escape(title.format(**words))
    return _document(
        heading,
        f"<p>{escape(follows)}</p><dl>{listed}</dl>"
        '<form method="post" autocomplete="on">'
        '<label>Application credential, its id<input name="id" autocomplete="username" maxlength="64"></label>'
        '<label>Its secret<input name="secret" type="password" autocomplete="current-password" maxlength="512"></label>'
        '<label>Or a token<input name="token" type="password" autocomplete="off" maxlength="4096"></label>'
        '<label>Reason<input name="reason" maxlength="1000"></label>'
        f"<button>{heading}</button></form>",
    )


def _plain(sentence: str) -> str:
    return _document("Kasugai", f"<p>{escape(sentence)}</p>")


def _document(heading: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading}</title><style>{STYLE}</style><h1>{heading}</h1>{body}</html>\n"
    )


def _answer(start_response: Any, status: str, page: str) -> list[bytes]:
    body = page.encode()
    start_response(status, [*HEADERS, ("Content-Length", str(len(body)))])
    return [body]
