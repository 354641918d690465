"""Observed order in the maximum norm, up to the walls, through poles and across seams: every operator, every mesh."""

from __future__ import annotations

import pytest
from mesh_catalogue import ALL, has_pole
from order_table import Observed, observed_orders

CELLS = {1: (48, 96), 2: (32, 64, 128), 3: (16, 24, 32)}
# Exact to rounding: nothing is left whose order could be seen (the curl of a central field).
EXACT = 1e-13


def in_band(mesh, operator: str, seen: Observed, order: int, slack: float) -> bool:
    """Tell whether an observed order is the one promised.

    Beside a pole rows stand two orders higher, and so do the composed rows of the vector Laplacian: there the promise
    is a least order.
    """
    at_least = seen.order >= order - slack or seen.error < EXACT
    at_most = seen.order <= order + slack or has_pole(mesh) or operator == "vector laplacian"
    return at_least and (at_most or seen.error < EXACT)


@pytest.mark.parametrize("name", ALL)
def test_order_two_in_the_maximum_norm(name):
    factory = ALL[name]
    mesh = factory(16)
    for cells in CELLS[mesh.ndim]:
        # Where the cells are too wide for the leading error to stand alone, finer ones decide.
        seen = observed_orders(factory, cells, order=2, waves=0.5)
        off = {operator: each for operator, each in seen.items() if not in_band(mesh, operator, each, 2, 0.1)}
        if not off:
            return
    pytest.fail(f"{name} {mesh.shape}: {off}")
