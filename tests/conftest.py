"""What all tests share: the hypothesis profile, one thread a worker, and the catalogue of meshes."""

from __future__ import annotations

import numba
import pytest
from hypothesis import settings
from mesh_catalogue import MESHES

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_configure():
    """Workers share the cores already; two threads in each would wait for one another."""
    numba.set_num_threads(1)


@pytest.fixture(params=MESHES)
def factory(request):
    """Return a function from a number of cells to a mesh, one for every mesh of the catalogue."""
    return MESHES[request.param]
