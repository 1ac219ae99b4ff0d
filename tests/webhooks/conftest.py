from tests.api.conftest import app, cast, client, password_hash

__all__ = ["app", "cast", "client", "password_hash"]
