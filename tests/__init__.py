"""All tests of plat, one folder a room; `conftest` knows the tiers that need more than Python."""
