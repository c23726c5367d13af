"""The reader of documents reads them rightly: a wrong output is never taken for the shown one."""

from pathlib import Path

import pytest

from tests.examples.documents import Block, blocks

DOCUMENT = """\
Words.

```sh
plat list
```
```text
NAME   …
hello  ready
```

<!-- not run: needs a cluster -->
```sh
kubectl get pods
```

```python
not_a_shell
```
"""


def test_blocks_come_with_their_output_line_and_exemption(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text(DOCUMENT, encoding="utf-8")
    assert blocks(document) == [
        Block(3, "plat list\n", "NAME   …\nhello  ready\n", None),
        Block(12, "kubectl get pods\n", None, "needs a cluster"),
    ]


@pytest.mark.parametrize(
    ("shown", "output", "agrees"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "\x1b[1ma\x1b[0m   \nb\n\n", True),
        ("a\nb\n", "a\nb\nc\n", False),
        ("…\nb\n", "1\n2\nb\n", True),
        ("…\nb\n", "b\n", True),
        ("…\nb\n", "b\n1\n", False),
        ("took …s (1.5)\n", "took 12s (1.5)\n", True),
        ("took …s (1.5)\n", "took 12s (135)\n", False),
        ("took …s\n", "took 12\n3s\n", False),
    ],
)
def test_an_ellipsis_stands_for_anything_and_nothing_else_does(
    shown: str, output: str, agrees: bool
) -> None:
    assert Block(1, "", shown, None).agrees(output) is agrees


def test_a_block_that_shows_no_output_agrees_with_any() -> None:
    assert Block(1, "", None, None).agrees("whatever")
