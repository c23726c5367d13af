"""What comes from outside, and what the platform does with it."""
