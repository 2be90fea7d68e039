"""Verifying many certificates at once, for banks and insurers."""
