"""The public log: writing entries, placing them, proving them, auditing and mirroring the whole."""
