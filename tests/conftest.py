"""What all tests share: the hypothesis profile and the catalogue of meshes."""

from __future__ import annotations

import pytest
from hypothesis import settings
from mesh_catalogue import MESHES

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(params=MESHES)
def factory(request):
    """Return a function from a number of cells to a mesh, one for every mesh of the catalogue."""
    return MESHES[request.param]
