"""Whose requests are counted together under a rate limit."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address, IPv6Network

# What requests are counted under that come without an address (through a Unix socket).
_NO_ADDRESS = "127.0.0.1"
# The smallest network that a customer gets (RFC 6177, RFC 4291 section 2.5.1): all its addresses are one party's.
_PREFIX = 64
_REMEMBERED = 4096


def counted_as(address: str | None) -> str:
    """The key of an address: an IPv4 address itself, the /64 network of an IPv6 address, other text as it is.

    An IPv4 address in IPv6's spelling (RFC 4291, section 2.5.5.2) is that IPv4 address.
    """
    if not address:
        return _NO_ADDRESS
    return _network(address) if ":" in address else address


@lru_cache(_REMEMBERED)
def _network(address: str) -> str:
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except AddressValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed, _PREFIX), strict=False))
