"""What one backend does beyond its ports."""
