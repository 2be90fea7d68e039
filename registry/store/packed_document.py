"""Credentials packed as they are stored: a sixth of their size, and the same bytes again when they are read.

Certificates of one registry say much the same in the same order: contexts, schemes, the issuer's name. Each is packed
for itself (Zstandard, RFC 8878) with a dictionary of sample credentials, one a scheme, so that a lookup still reads
one row. A packed document is a byte that names the dictionary and a frame. A dictionary in use never changes; a better
one gets the next number. Canonical JSON begins with `{`, so documents from before there was packing tell themselves
apart.
"""

from __future__ import annotations

import threading
from importlib.resources import files

from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator
from zstandard import (
    DICT_TYPE_RAWCONTENT,
    ZstdCompressionDict,
    ZstdCompressor,
    ZstdDecompressor,
    ZstdError,
    frame_content_size,
)

_NUMBER = b"\x01"
_LEVEL = 1
_PLAIN = b"{"
# Far above the largest certificate; a row that says more was not written by this registry.
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024


class _Packer(threading.local):
    """Contexts of one thread, which Zstandard wants each thread to have for itself."""

    def __init__(self) -> None:
        self.compress = ZstdCompressor(_LEVEL, dict_data=_DICTIONARY, write_dict_id=False).compress
        self.decompress = ZstdDecompressor(dict_data=_DICTIONARY).decompress


def _dictionary() -> ZstdCompressionDict:
    content = files("registry.store").joinpath("credential_dictionary_1.ndjson").read_bytes()
    dictionary = ZstdCompressionDict(content, dict_type=DICT_TYPE_RAWCONTENT)
    dictionary.precompute_compress(_LEVEL)
    return dictionary


_DICTIONARY = _dictionary()
_packer = _Packer()


def pack(document: bytes) -> bytes:
    """The stored form of a document in canonical JSON."""
    return _NUMBER + _packer.compress(document)


def unpack(stored: bytes) -> bytes:
    """The document of a stored form.

    What is not one (the database was tampered with) comes back as it is: no signature fits it, and verifying says so.
    """
    if not stored.startswith(_NUMBER):
        return stored
    frame = stored[1:]
    try:
        # The size that a frame claims for itself is what would be allotted.
        if not 0 <= frame_content_size(frame) <= MAX_DOCUMENT_BYTES:
            return stored
        return _packer.decompress(frame, allow_extra_data=False)
    except ZstdError:
        return stored


class PackedDocument(TypeDecorator[bytes]):
    """Canonical JSON, packed on its way into the database; batches hand it over packed already."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, _dialect: Dialect) -> bytes | None:
        """Pack what is not packed yet."""
        return pack(value) if value is not None and value.startswith(_PLAIN) else value

    def process_result_value(self, value: bytes | None, _dialect: Dialect) -> bytes | None:
        """The document."""
        return None if value is None else unpack(value)
