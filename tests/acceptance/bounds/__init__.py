"""Input from outside the platform."""
