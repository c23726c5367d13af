"""Functions Framework functions run unchanged, with the framework's own package."""

from typing import Any

import pytest

from .conftest import Start
from .replica import Replica

HTTP = """
import functions_framework

@functions_framework.errorhandler(KeyError)
def missing(error):
    return f"no {error}", 418

@functions_framework.http
def hello(request):
    match request.path:
        case "/str": return "text"
        case "/bytes": return b"raw"
        case "/dict": return {"a": 1}
        case "/tuple": return "made", 201, {"X-A": "1"}
        case "/stream": return (str(n) for n in range(3))
        case "/none": return None
        case "/raise": raise ValueError("broken")
        case "/handled": raise KeyError("thing")
    return request.args.get("name", "?")
"""
CLOUD_EVENT = """
import functions_framework

@functions_framework.cloud_event
def on_event(event):
    print("EVENT", event["id"], event["type"], event["source"], event.data)
"""
AIO = """
import functions_framework.aio

@functions_framework.aio.{kind}
async def on_call(it):
    {body}
"""
TYPED = """
import functions_framework

class Order:
    def __init__(self, n): self.n = n
    @staticmethod
    def from_dict(data): return Order(data["n"])
    def to_dict(self): return {"n": self.n}

@functions_framework.typed(Order)
def double(order):
    return Order(order.n * 2)
"""
BACKGROUND = """
def on_data(data, context):
    print("DATA", data, context.event_id)
"""
ATTRIBUTES = {"id": "7", "type": "made", "source": "/tests", "specversion": "1.0"}


def serve(start: Start, app: str, **env: str) -> Replica:
    return start(files={"main.py": app}, environment="framework", **env).ready()


def test_an_http_function_returns_all_that_the_framework_allows(start: Start) -> None:
    replica = serve(start, HTTP, FUNCTION_TARGET="hello")
    assert replica.lines("plat: serving main:hello as a WSGI application (Flask)")
    assert replica.get("/?name=Ada").text == "Ada"
    assert replica.get("/str").text == "text"
    assert replica.get("/bytes").content == b"raw"
    assert replica.get("/dict").json() == {"a": 1}
    made = replica.get("/tuple")
    assert (made.status_code, made.text, made.headers["x-a"]) == (201, "made", "1")
    assert replica.get("/stream").text == "012"
    assert replica.get("/none").status_code == 500
    assert replica.get("/raise").status_code == 500
    assert replica.get("/handled").status_code == 418


def test_the_one_decorated_function_is_found_without_a_name(start: Start) -> None:
    replica = serve(start, CLOUD_EVENT)
    assert replica.lines("main:on_event")


def event_headers(**changes: str) -> dict[str, str]:
    return {f"CE-{name.title()}": value for name, value in (ATTRIBUTES | changes).items()}


CASES: list[tuple[dict[str, Any], int]] = [
    ({"headers": event_headers(), "json": {"n": 1}}, 200),
    (
        {
            "headers": {"content-type": "application/cloudevents+json"},
            "json": {**ATTRIBUTES, "data": {"n": 1}},
        },
        200,
    ),
    *(
        ({"headers": {k: v for k, v in event_headers().items() if k != gone}, "json": {}}, 400)
        for gone in event_headers()
    ),
    *(
        (
            {
                "headers": {"Content-Type": "application/cloudevents+json; charset=utf-8"},
                "json": {k: v for k, v in ATTRIBUTES.items() if k != gone},
            },
            400,
        )
        for gone in ATTRIBUTES
    ),
    ({"headers": {"Content-Type": "application/cloudevents+json"}, "content": "{"}, 400),
    ({"headers": {"Content-Type": "application/cloudevents+json"}, "content": "[]"}, 400),
    ({"headers": event_headers(specversion="9"), "json": {}}, 400),
]


@pytest.mark.parametrize("app", [CLOUD_EVENT, "aio"])
def test_cloud_events_arrive_whole_or_are_refused(start: Start, app: str) -> None:
    if app == "aio":
        body = 'print("EVENT", it["id"], it["type"], it["source"], it.data)'
        app = AIO.format(kind="cloud_event", body=body)
    replica = serve(start, app)
    statuses = [replica.post(**request).status_code for request, _ in CASES]
    assert statuses == [status for _, status in CASES], replica.log()
    assert len(replica.lines("EVENT 7 made /tests {'n': 1}")) == 2


def test_an_aio_http_function_is_served_by_uvicorn(start: Start) -> None:
    app = AIO.format(kind="http", body="return {'body': (await it.body()).decode()}")
    replica = serve(start, app)
    assert replica.lines("main:on_call as an ASGI application (Starlette) with uvicorn")
    assert replica.post(content="x").json() == {"body": "x"}


def test_a_typed_function_gets_and_gives_its_type(start: Start) -> None:
    replica = serve(start, TYPED, FUNCTION_TARGET="double")
    assert replica.post(json={"n": 4}).json() == {"n": 8}


@pytest.mark.parametrize("env", [{}, {"FUNCTION_SIGNATURE_TYPE": "event"}])
def test_a_background_function_gets_data_and_context(start: Start, env: dict[str, str]) -> None:
    replica = serve(start, BACKGROUND, PLAT_HANDLER="main:on_data", **env)
    event = {"context": {"eventId": "e-1", "timestamp": "", "eventType": "t"}, "data": {"n": 1}}
    assert replica.post(json=event).status_code == 200
    assert replica.lines("DATA {'n': 1} e-1")


def test_a_plain_function_named_by_the_target_is_an_http_function(start: Start) -> None:
    app = "def hello(request): return request.get_json()['a']"
    replica = serve(start, app, FUNCTION_TARGET="hello")
    assert replica.post(json={"a": "b"}).text == "b"


def test_a_target_that_is_not_there_gets_the_names_there_are(start: Start) -> None:
    replica = start(files={"main.py": HTTP}, environment="framework", FUNCTION_TARGET="nonesuch")
    fault = replica.fault()
    assert fault["reason"] == "HandlerNotFound"
    assert "'hello'" in fault["message"]


def test_a_missing_framework_is_named(start: Start) -> None:
    fault = start(files={"main.py": HTTP}).fault()
    assert fault["reason"] == "HandlerImportError"
    assert "functions_framework" in fault["message"]
