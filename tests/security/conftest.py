"""The company whose secrets the tests try to reach."""

from tests.world import _database, _world, site, world

__all__ = ["_database", "_world", "site", "world"]
