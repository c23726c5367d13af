"""The rules of the stores, shared by all backends that store something. No I/O."""
