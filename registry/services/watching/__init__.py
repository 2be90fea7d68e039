"""Telling banks and insurers what becomes of the certificates that they rely upon."""
