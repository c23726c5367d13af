"""What all backends share about replicas: environment, logs, timing, health, restarts, scaling.

Mostly pure functions and small classes. Only `probe` and `log_follow` perform I/O. A module here
may not import a backend.
"""
