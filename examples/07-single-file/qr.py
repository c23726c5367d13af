# /// script
# requires-python = ">=3.11"
# dependencies = ["segno>=1.6"]
# ///
"""Draws a QR code as SVG: GET /?text=… ; a whole function in one file."""

import io

import segno


def handler(request):
    text = request.query.get("text", "")
    if not text:
        return "what should it say? /?text=…\n", 400
    try:
        code = segno.make_qr(text)
    except segno.DataOverflowError as error:
        return f"{error}\n", 400
    image = io.BytesIO()
    code.save(image, kind="svg", scale=8)
    return image.getvalue(), {"Content-Type": "image/svg+xml"}
