"""The WSGI entry, for any server: `wsgi:application`."""

import sys

from keys import KeyStoreError
from registry import create_app
from registry.domain.errors import RegistryError

try:
    application = create_app()
except (RegistryError, KeyStoreError) as error:
    sys.exit(f"registry: {error}")
