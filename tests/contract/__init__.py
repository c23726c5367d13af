"""One suite for every backend: each sentence of the ports, proven on all that can show it."""
