"""One module per command: flags in, a client's verb, output out. Nothing else lives here."""
