"""The commands that look into a running app, and those that act on it: what each prints."""
