"""Fixtures of all tests: the tiers, and one shared cluster."""

from hypothesis import HealthCheck, settings

from .kubernetes_fixtures import cluster, counting, image
from .tiers import (
    pytest_configure,
    pytest_itemcollected,
    pytest_runtest_makereport,
    pytest_runtest_setup,
    pytest_xdist_make_scheduler,
)

# time is not judged: a machine that is busy with something else is no failure
settings.register_profile("plat", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("plat")

__all__ = [
    "cluster",
    "counting",
    "image",
    "pytest_configure",
    "pytest_itemcollected",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_xdist_make_scheduler",
]
