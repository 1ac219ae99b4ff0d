"""PostgreSQL and Valkey of one data folder, run from the binaries that come with the environment."""

from callboard.embedded.attach import Endpoints, servers
from callboard.embedded.errors import StartError
from callboard.embedded.postgres import EmbeddedPostgres
from callboard.embedded.valkey import EmbeddedValkey

__all__ = ["EmbeddedPostgres", "EmbeddedValkey", "Endpoints", "StartError", "servers"]
