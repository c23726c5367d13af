"""``handler(event, context)``: HTTP requests as events of API Gateway (payload 2.0)."""

import base64
import binascii
import json
import time
from typing import Any, NamedTuple

from plat_runtime.request import Request
from plat_runtime.responses import JSON, TEXT, HandlerResponse, to_response

_TEXTUAL = ("text/", "application/json", "application/xml", "application/x-www-form-urlencoded")


class Context:
    """The context object of AWS Lambda, with the attributes that exist here."""

    def __init__(self, function: str, revision: str, call_id: str, deadline: float) -> None:
        self.function_name = function
        self.function_version = revision
        self.invoked_function_arn = f"arn:plat:function:{function}"
        self.aws_request_id = call_id
        self.memory_limit_in_mb = ""
        self.log_group_name = function
        self.log_stream_name = revision
        self.identity = None
        self.client_context = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the timeout."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class FunctionIdentity(NamedTuple):
    """Function and revision of the replica, and the timeout in seconds."""

    name: str
    revision: str
    timeout: float

    def context(self, call_id: str) -> Context:
        """Return the context of a new call."""
        return Context(self.name, self.revision, call_id, time.monotonic() + self.timeout)


def event_of(request: Request) -> dict[str, Any]:
    """Return the request as an event of payload format 2.0."""
    body, encoded = _event_body(request)
    headers = dict(request.headers)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query_string,
        "cookies": [part.strip() for part in headers.get("cookie", "").split(";") if part.strip()],
        "headers": headers,
        "queryStringParameters": {n: ",".join(request.query.all(n)) for n in request.query},
        "requestContext": _request_context(request, headers),
        "body": body,
        "isBase64Encoded": encoded,
    }


def _request_context(request: Request, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": "HTTP/1.1",
            "sourceIp": headers.get("x-forwarded-for", "").partition(",")[0].strip(),
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request.call_id,
        "routeKey": "$default",
        "stage": "$default",
        "domainName": headers.get("host", ""),
        "timeEpoch": int(time.time() * 1000),
    }


def _event_body(request: Request) -> tuple[str | None, bool]:
    """Return the body as text, or in base64 when its type or its bytes are not text."""
    if not request.body:
        return None, False
    kind = request.headers.get("content-type", "text/plain").partition(";")[0].strip().lower()
    if kind.startswith(_TEXTUAL) or kind.endswith(("+json", "+xml")):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            kind = "binary"
    return base64.b64encode(request.body).decode(), True


def event_response(result: Any) -> HandlerResponse:
    """Read a result of payload format 2.0 (a dict with ``statusCode``), or any JSON value."""
    if not (isinstance(result, dict) and "statusCode" in result):
        body = json.dumps(result).encode()
        return to_response((body, {"Content-Type": JSON}))
    headers = [(str(n), str(v)) for n, v in (result.get("headers") or {}).items()]
    for name, values in (result.get("multiValueHeaders") or {}).items():
        headers += [(str(name), str(value)) for value in values]
    headers += [("Set-Cookie", str(cookie)) for cookie in result.get("cookies") or ()]
    body = _result_body(result)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", JSON if _looks_json(body) else TEXT))
    return to_response((body, int(result["statusCode"]), headers))


def _result_body(result: dict[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        return json.dumps(body).encode()
    if not result.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise TypeError(
            f"the body is not base64 although isBase64Encoded is true: {error}"
        ) from error


def _looks_json(body: bytes) -> bool:
    return body[:1] in (b"{", b"[")
