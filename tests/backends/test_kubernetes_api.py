"""What goes to the API server, as bytes."""

from __future__ import annotations

import json

from plat_backends.kubernetes.api import encoded


def test_a_document_is_written_as_the_api_server_writes_it() -> None:
    body = {"b": "ü <&>", "a": [1, {"d": None, "c": "\u2028"}]}
    assert encoded(body) == (
        '{"a":[1,{"c":"\\u2028","d":null}],"b":"ü \\u003c\\u0026\\u003e"}'.encode()
    )
    assert json.loads(encoded(body)) == body
