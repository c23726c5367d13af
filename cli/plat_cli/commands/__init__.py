"""One module per command. A module parses flags, sends requests and prints the result."""
