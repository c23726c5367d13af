"""The data path, byte for byte: a real server, scripted upstreams and raw sockets."""
