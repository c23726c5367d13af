"""Statistics of a table: of the solar system's planets, or of the CSV that the caller sends."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd

PLANETS = pd.read_csv(Path(__file__).with_name("planets.csv"))
MAX_BYTES = 5 * 1024 * 1024


def handler(request):
    """GET / and GET /kepler speak of the planets; POST / describes the CSV in the body."""
    match request.method, request.path:
        case "GET", "/":
            return answer({kind: summary(rows) for kind, rows in PLANETS.groupby("kind")})
        case "GET", "/kepler":
            return answer(kepler())
        case "POST", "/":
            return described(request.body)
    return {"error": "GET /, GET /kepler or POST / with a CSV"}, 404


def described(body):
    """The statistics of a CSV, or why it has none."""
    if len(body) > MAX_BYTES:
        return {"error": f"the CSV has more than {MAX_BYTES} bytes"}, 413
    try:
        table = pd.read_csv(io.BytesIO(body))
    except (ValueError, pd.errors.ParserError) as error:
        return {"error": f"the body is no CSV: {error}"}, 400
    if table.select_dtypes("number").empty:
        return {"error": "the CSV has no column of numbers"}, 400
    return answer({"rows": len(table), "columns": summary(table)})


def summary(table):
    """Count, mean, deviation and quartiles of each column of numbers."""
    numbers = table.select_dtypes("number")
    return json.loads(numbers.describe().round(3).to_json())


def kepler():
    """Kepler's third law, found in the data: the exponent of period ~ distance^exponent.

    A least-squares line through the logarithms; the law of 1619 says 1.5.
    """
    distance, period = np.log(PLANETS["distance_e6km"]), np.log(PLANETS["period_days"])
    exponent, offset = np.polyfit(distance, period, 1)
    residuals = period - (exponent * distance + offset)
    worst = PLANETS["planet"][residuals.abs().idxmax()]
    return {
        "exponent": round(float(exponent), 4),
        "r2": round(float(1 - residuals.var() / period.var()), 6),
        "furthest_from_the_line": str(worst),
    }


def answer(value):
    """JSON with a final line break, for people at a terminal."""
    return json.dumps(value, indent=2) + "\n", {"Content-Type": "application/json"}
