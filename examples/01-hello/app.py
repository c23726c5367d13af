"""Says hello in the caller's language."""

from flask import Flask, request

app = Flask(__name__)

GREETINGS = {"en": "Hello", "de": "Hallo", "es": "Hola", "fr": "Bonjour", "it": "Ciao"}
PLAIN_TEXT = {"Content-Type": "text/plain; charset=utf-8"}


@app.get("/")
def hello():
    language = request.accept_languages.best_match(GREETINGS, default="en")
    name = request.args.get("name", "world")
    return f"{GREETINGS[language]}, {name}!\n", PLAIN_TEXT
