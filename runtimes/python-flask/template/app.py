"""A Flask function. Change it, then: plat deploy"""

from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def hello():
    name = request.args.get("name", "world")
    return f"Hello, {name}!\n"


@app.post("/")
def add():
    numbers = request.get_json().get("numbers", [])
    return {"count": len(numbers), "sum": sum(numbers)}
