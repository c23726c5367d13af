"""The model: valid and invalid input, and its errors."""
