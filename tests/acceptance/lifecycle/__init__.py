"""Lifecycle of functions: context, timeouts, scaling and crashes."""
