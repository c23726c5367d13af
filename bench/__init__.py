"""Benchmarks. Each compares its figures with a baseline of the same run."""
