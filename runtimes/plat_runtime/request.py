"""The request object for ``def handler(request)``, without any framework."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

FIELD_LIMIT = 10_000


class BadRequestError(Exception):
    """The handler cannot read the request; the response is 400 with this message."""


class Headers(Mapping[str, str]):
    """Header fields by name in any case; fields of one name are joined with a comma."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields: dict[str, str] = {}
        for name, value in fields:
            key = name.lower()
            known = self._fields.get(key)
            self._fields[key] = value if known is None else f"{known}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


class Query(dict[str, str]):
    """The query's parameters: the first value of each name; ``all`` returns the others."""

    def __init__(self, text: str) -> None:
        super().__init__()
        try:
            self._pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELD_LIMIT)
        except ValueError as error:
            raise BadRequestError(f"the query cannot be read: {error}") from error
        for name, value in self._pairs:
            self.setdefault(name, value)

    def all(self, name: str) -> list[str]:
        """Return every value of ``name``, in the order sent."""
        return [value for key, value in self._pairs if key == name]


class Request:
    """One HTTP request; ``path`` begins with ``/`` and is decoded, ``query`` is a dict."""

    def __init__(
        self,
        *,
        method: str,
        path: str,
        query_string: str,
        headers: Headers,
        body: bytes | Callable[[], bytes],
        call_id: str,
    ) -> None:
        self.method = method
        self.path = path
        self.query_string = query_string
        self.headers = headers
        self.call_id = call_id
        self._body = body
        self._query: Query | None = None

    @property
    def query(self) -> Query:
        """The query's parameters."""
        if self._query is None:
            self._query = Query(self.query_string)
        return self._query

    @property
    def args(self) -> Query:
        """The query's parameters, under the name that Flask uses."""
        return self.query

    @property
    def body(self) -> bytes:
        """The whole body, read when first asked for."""
        if not isinstance(self._body, bytes):
            self._body = self._body()
        return self._body

    def text(self) -> str:
        """Return the body as UTF-8 text; raise BadRequestError if it is not."""
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise BadRequestError(f"the body is not UTF-8: {error}") from error

    def json(self) -> Any:
        """Return the body as JSON; raise BadRequestError (a 400 response) if it is not."""
        try:
            return json.loads(self.text())
        except (ValueError, RecursionError) as error:
            raise BadRequestError(f"the body is not JSON: {error}") from error

    def get_json(self) -> Any:
        """Return the body as JSON, under the name that Flask uses."""
        return self.json()

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path}>"
