"""Files of the outside world: what comes in as files, and what goes out as files."""
