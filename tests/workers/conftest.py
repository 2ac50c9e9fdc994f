"""The shop of the services' tests, for workers to work on."""

from tests.services.conftest import amazon, interruptions, runtime, settings, shop, simulator

__all__ = ["amazon", "interruptions", "runtime", "settings", "shop", "simulator"]
