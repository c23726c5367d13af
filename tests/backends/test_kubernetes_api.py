"""Encoding of request bodies."""

from __future__ import annotations

import json

from plat_backends.kubernetes.api import encoded


def test_encodes_a_document_like_the_api_server() -> None:
    body = {"b": "ü <&>", "a": [1, {"d": None, "c": "\u2028"}]}
    assert encoded(body) == (
        '{"a":[1,{"c":"\\u2028","d":null}],"b":"ü \\u003c\\u0026\\u003e"}'.encode()
    )
    assert json.loads(encoded(body)) == body
