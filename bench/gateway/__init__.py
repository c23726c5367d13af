"""The data path against nginx: both in the same place, in the same run, by turns.

`python -m bench.gateway` starts what it needs on loopback: nginx (Debian: `apt install
nginx-light`), a trivial upstream on a Unix socket and, where it is installed, wrk (Debian: `apt
install wrk`). It ends within 90 seconds and prints tables of ratios.
"""
