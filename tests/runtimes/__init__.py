"""The runtimes: real replica processes on Unix sockets."""
