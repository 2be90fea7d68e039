"""One file for each published format: bytes and documents in, bytes and documents out. Pure."""
