"""Many at once, by file: certificates imported and exported, acts on them recorded."""
