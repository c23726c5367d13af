"""Renders Markdown as a safe HTML page, in the shape of an AWS Lambda function."""

import base64
import html

import markdown
import nh3

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<body>
{body}
</body>
</html>
"""
EXTENSIONS = ["fenced_code", "tables", "toc"]
ATTRIBUTES = {**nh3.ALLOWED_ATTRIBUTES, **{f"h{level}": {"id"} for level in range(1, 7)}}


def handler(event, context):
    """POST Markdown, get a page; scripts and event handlers in it do not survive."""
    text = body(event)
    if not text.strip():
        return {"statusCode": 400, "body": "POST some Markdown\n"}
    parser = markdown.Markdown(extensions=EXTENSIONS)
    rendered = nh3.clean(parser.convert(text), attributes=ATTRIBUTES)
    page = PAGE.format(title=html.escape(title(parser)), body=rendered)
    print(f"rendered {len(text)} characters, {context.get_remaining_time_in_millis()} ms left")
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "text/html; charset=utf-8"},
        "body": page,
    }


def body(event):
    """The request's body as text."""
    content = event.get("body") or ""
    if event.get("isBase64Encoded"):
        return base64.b64decode(content).decode(errors="replace")
    return content


def title(parser):
    """The first heading, which the toc extension has collected."""
    return html.unescape(parser.toc_tokens[0]["name"]) if parser.toc_tokens else "Untitled"
