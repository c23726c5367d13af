"""Makes thumbnails: an image in, a smaller PNG, JPEG or WebP out."""

import io

from flask import Flask, Response, request
from PIL import Image, ImageOps, UnidentifiedImageError
from werkzeug.exceptions import BadRequest

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 10 * 1024 * 1024

Image.MAX_IMAGE_PIXELS = 50_000_000
FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}
MAX_SIDE = 2000


@app.post("/")
def thumbnail():
    size = side("width"), side("height")
    kind = request.args.get("format", "png")
    if kind not in FORMATS:
        raise BadRequest(f"format is one of {', '.join(FORMATS)}, not {kind!r}")
    picture = opened(request.get_data())
    picture.thumbnail(size)
    return Response(encoded(picture, kind), mimetype=f"image/{kind}")


def side(name):
    """Read a side's length in pixels."""
    text = request.args.get(name, "200")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_SIDE):
        raise BadRequest(f"{name} is a number of pixels from 1 to {MAX_SIDE}, not {text!r}")
    return int(text)


def opened(body):
    """Decode an image and turn it the way the camera was held."""
    try:
        picture = Image.open(io.BytesIO(body))
        picture.load()
    except UnidentifiedImageError as error:
        raise BadRequest("the body is not an image") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadRequest(f"the image cannot be read: {error}") from error
    return ImageOps.exif_transpose(picture)


def encoded(picture, kind):
    """The picture's bytes; JPEG has no transparency, so that lies on white there."""
    if kind == "jpeg":
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
    elif picture.mode not in ("RGB", "RGBA", "L", "LA"):
        picture = picture.convert("RGBA")
    buffer = io.BytesIO()
    picture.save(buffer, FORMATS[kind])
    return buffer.getvalue()


@app.errorhandler(BadRequest)
def refuse(error):
    return {"error": error.description}, 400
