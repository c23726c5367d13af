"""One suite for every backend: each sentence of the ports, on all backends that implement it."""
