"""Observed order in the maximum norm, up to the walls, through poles and across seams: every operator, every mesh."""

from __future__ import annotations

import numpy as np
import pytest
from mesh_catalogue import ALL, has_pole
from order_table import EXACT, OPERATORS, Observed, nearest_orders, observed_orders

CELLS = {1: (48, 96), 2: (32, 64, 128), 3: (16, 24, 32)}


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


@pytest.mark.slow
@pytest.mark.parametrize(("order", "waves"), [(2, 0.5), (4, 1.0), (6, 2.0), (8, 4.0)])
def test_table_of_orders(order, waves, capsys):
    """Print the observed order of every operator on every mesh.

    Double precision leaves few meshes between "too coarse" and "rounding" at high order, so that these numbers scatter;
    a lost order would show on most of them. test_axis_orders holds each axis to five per cent.
    """
    # Shorter waves where an error drowns in rounding, longer ones where it is not yet small with the cells.
    lengths = (waves, 2 * waves, waves / 2, 4 * waves)
    sizes = {
        1: [(n, k) for n in (16, 24, 32, 48) for k in lengths[:3]],
        2: [*((16, k) for k in lengths), *((24, k) for k in lengths[:2])],
        3: [(16, k) for k in (lengths if order == 8 else lengths[:3])],
    }
    rows, orders = [], []
    for name, factory in ALL.items():
        mesh = factory(16)
        seen = nearest_orders(
            factory, sizes[mesh.ndim], order, lambda each, found, m=mesh: in_band(m, each, found, order, 0.05 * order)
        )
        marks = [f"{each.order:5.2f}" if (each := seen.get(operator)) else "    -" for operator in OPERATORS]
        rows.append(f"{name:38s}" + "".join(f"{mark:>18s}" for mark in marks))
        orders += [each.order for each in seen.values() if each]
    with capsys.disabled():
        head = f"{'order ' + str(order):38s}" + "".join(f"{operator:>18s}" for operator in OPERATORS)
        print("\n" + "\n".join([head, *rows, "- : exact to rounding, or no such operator"]))
    assert np.quantile(orders, 0.02) > 0.75 * order
    assert np.mean(np.array(orders) > 0.9 * order) > 0.85
