"""What a certificate is. Pure: no I/O, no clock, nothing but the standard library."""
