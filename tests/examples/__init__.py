"""Every example and every command that the documentation shows, run on the real platform."""
