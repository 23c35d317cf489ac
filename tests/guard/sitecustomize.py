"""Put this folder on PYTHONPATH and a child process (a notebook's kernel) is kept to this machine as well."""

import loopback_only  # type: ignore[import-not-found]  # found where this folder is on the path

loopback_only.install()
