"""The console: its own checks and tests, run by npm with Node and the system's Chromium."""
