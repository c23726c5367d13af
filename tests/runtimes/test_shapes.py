"""Every shape of handler is recognised, said in the log, and served."""

import base64
import json

import pytest

from .conftest import RUNTIMES, Start

WSGI = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Path", environ["PATH_INFO"])])
    return [environ["REQUEST_METHOD"].encode()]
"""
WSGI_CLASS = """
class App:
    def __init__(self, environ, start_response):
        self.start_response = start_response
    def __iter__(self):
        self.start_response("200 OK", [("Content-Length", "2")])
        yield b"ok"
app = App
"""
WSGI_INSTANCE = """
class App:
    def __call__(self, request, respond):
        respond("200 OK", [("Content-Length", "2")])
        return [b"ok"]
app = App()
"""
ASGI = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
"""
FLASK = """
import flask
app = flask.Flask(__name__)
@app.get("/")
def index():
    return "ok"
"""
FASTAPI = """
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
app = FastAPI()
@app.get("/", response_class=PlainTextResponse)
async def index():
    return "ok"
"""
FLASK_REQUEST = """
import flask
def handler(request):
    return flask.Response(request.args.get("word", "ok"), headers={"X-Kind": "flask"})
"""
DECORATED = """
import functools
def traced(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)
    return inner
@traced
def handler(request):
    return "ok"
"""


@pytest.mark.parametrize(
    ("app", "environment", "said"),
    [
        (WSGI, "python", "app:application as a WSGI application with gunicorn"),
        (WSGI_CLASS, "python", "app:app as a WSGI application with gunicorn"),
        (WSGI_INSTANCE, "python", "app:app as a WSGI application with gunicorn"),
        (ASGI, "python", "app:app as an ASGI application with uvicorn"),
        (FLASK, "flask", "app:app as a WSGI application (Flask) with gunicorn"),
        (FASTAPI, "flask", "app:app as an ASGI application (FastAPI) with uvicorn"),
        (FLASK_REQUEST, "flask", "app:handler as handler(request) with gunicorn"),
        (DECORATED, "python", "app:handler as handler(request) with gunicorn"),
        ("def greet(request): return 'ok'", "python", "app:greet as handler(request)"),
        ("async def main(r): return 'ok'", "python", "app:main as async handler(request)"),
        ("handler = lambda e, c: {'statusCode': 200, 'body': 'ok'}", "python", "(event, context)"),
    ],
)
def test_a_shape_is_recognised_and_served(
    start: Start, app: str, environment: str, said: str
) -> None:
    replica = start(app, environment=environment).ready()
    assert replica.lines("plat: serving") == replica.lines(said) != []
    answer = replica.get()
    assert (answer.status_code, answer.text) in [(200, "ok"), (200, "GET")]


@pytest.mark.parametrize("runtime", ["python", "python-flask"])
def test_a_template_runs_as_it_is(start: Start, runtime: str) -> None:
    template = RUNTIMES / runtime / "template"
    about = json.loads((RUNTIMES / runtime / "runtime.json").read_text())
    assert sorted(about["template"]) == sorted(p.name for p in template.iterdir() if p.is_file())
    function = json.loads((template / "function.json").read_text())
    assert function["handler"] == about["handler"]
    environment = "flask" if runtime == "python-flask" else "python"
    files = {"app.py": (template / "app.py").read_bytes()}
    replica = start(files=files, environment=environment, PLAT_HANDLER=about["handler"]).ready()
    assert replica.get("/?name=Ada").text == "Hello, Ada!\n"
    assert replica.post(json={"numbers": [1, 2, 3]}).json() == {"count": 3, "sum": 6}


REQUEST = """
def handler(request):
    match request.path:
        case "/echo":
            return {
                "method": request.method,
                "query": request.query,
                "all": request.query.all("a"),
                "header": request.headers["x-WORD"],
                "text": request.text(),
                "call": request.call_id,
            }
        case "/none": return None
        case "/list": return [1, 2]
        case "/bytes": return b"\\x00\\x01"
        case "/tuple": return "made", 201, {"X-A": "1"}
        case "/headers": return "plain", {"Content-Type": "text/x-own"}
        case "/json": return request.json()
        case "/wrong": return object()
        case "/status": return "x", 99
        case "/two": return "", 200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
        case "/stream": return (part for part in ["a", b"b", "c"])
        case path: return path
"""


@pytest.mark.parametrize("prefix", ["", "async "])
def test_a_handler_gets_a_small_request_and_returns_what_it_likes(
    start: Start, prefix: str
) -> None:
    replica = start(prefix + REQUEST.lstrip()).ready()
    headers = {"X-Word": "w", "X-Call-Id": "abc"}
    assert replica.request("PUT", "/echo?a=1&b=2&a=3", headers=headers, content="ü").json() == {
        "method": "PUT",
        "query": {"a": "1", "b": "2"},
        "all": ["1", "3"],
        "header": "w",
        "text": "ü",
        "call": "abc",
    }
    none = replica.get("/none")
    assert (none.status_code, none.content, none.headers.get("content-type")) == (204, b"", None)
    assert replica.get("/list").json() == [1, 2]
    assert replica.get("/bytes").headers["content-type"] == "application/octet-stream"
    made = replica.get("/tuple")
    assert (made.status_code, made.text, made.headers["x-a"]) == (201, "made", "1")
    assert replica.get("/headers").headers["content-type"] == "text/x-own"
    assert replica.get("/two").headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert replica.get("/stream").text == "abc"
    assert replica.get("/%C3%BC%2Fx").text == "/ü/x"
    assert replica.get("/wrong").status_code == 500
    assert "not object" in replica.log()
    assert replica.get("/status").status_code == 500
    broken = replica.post("/json", content="{")
    assert broken.status_code == 400
    assert "not JSON" in broken.json()["error"]
    assert replica.post("/json", content="[" * 100_000).status_code == 400


LAMBDA = """
def lambda_handler(event, context):
    if event["rawPath"] == "/value":
        return {"plain": True}
    if event["rawPath"] == "/png":
        return {"statusCode": 200, "headers": {"Content-Type": "image/png"},
                "body": "iVBORw==", "isBase64Encoded": True}
    assert context.get_remaining_time_in_millis() > 0
    return {"statusCode": 202, "headers": {"X-A": 1}, "cookies": ["c=1"], "body": {
        "event": event, "function": context.function_name, "id": context.aws_request_id}}
"""


@pytest.mark.parametrize("prefix", ["", "async "])
def test_a_lambda_shaped_handler_gets_an_event_and_a_context(start: Start, prefix: str) -> None:
    replica = start(
        files={"lambda_function.py": prefix + LAMBDA.lstrip()},
        PLAT_HANDLER="lambda_function.lambda_handler",
    ).ready()
    answer = replica.post("/a/b?x=1&x=2", json={"n": 1}, headers={"X-Call-Id": "id-1"})
    assert answer.status_code == 202
    assert (answer.headers["x-a"], answer.headers["set-cookie"]) == ("1", "c=1")
    body = answer.json()
    event = body["event"]
    assert (body["function"], body["id"]) == ("greeter", "id-1")
    assert (event["version"], event["rawPath"], event["rawQueryString"]) == (
        "2.0",
        "/a/b",
        "x=1&x=2",
    )
    assert event["queryStringParameters"] == {"x": "1,2"}
    assert event["requestContext"]["http"]["method"] == "POST"
    assert (json.loads(event["body"]), event["isBase64Encoded"]) == ({"n": 1}, False)
    binary = replica.post(content=b"\xff\x00").json()["event"]
    assert (base64.b64decode(binary["body"]), binary["isBase64Encoded"]) == (b"\xff\x00", True)
    assert replica.get("/value").json() == {"plain": True}
    assert replica.get("/png").content == b"\x89PNG"
