"""What every test has: the tiers' rules, and the one cluster of those that need one."""

from .kubernetes_fixtures import cluster, counting, image
from .tiers import (
    pytest_configure,
    pytest_itemcollected,
    pytest_runtest_makereport,
    pytest_runtest_setup,
    pytest_xdist_make_scheduler,
)

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
