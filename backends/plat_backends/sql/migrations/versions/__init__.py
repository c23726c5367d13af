"""One file per migration. Never edit a released one."""
