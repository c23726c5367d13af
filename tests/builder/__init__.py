"""The builder: what comes out of hostile uploads, and real builds with real packages."""
