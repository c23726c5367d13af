"""The data path, byte for byte: a real server, real raw upstreams, raw sockets."""
