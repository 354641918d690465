"""The theorems of Gauss and Stokes for smooth fields, at the order claimed, on every mesh of the catalogue."""

from __future__ import annotations

import numpy as np
import pytest
from mesh_catalogue import ALL
from oracles import case_for, places, sampled

import fieldsim as fs

CELLS = {1: 24, 2: 16, 3: 8}
ROUNDING = 1e-12


def field(mesh):
    F = sampled(mesh, case_for(mesh), places(mesh.points))[1]
    return F / np.abs(F.values).max()


@pytest.mark.parametrize("name", ALL)
def test_what_a_field_gives_off_inside_leaves_through_the_sides(name):
    """The integral of div F is the flux through the walls (Gauss).

    The gap is a difference of two errors of order two: where it changes its sign the next meshes decide.
    """

    def gap(n):
        mesh = ALL[name](n)
        F = field(mesh)
        return abs(fs.integrate(fs.divergence(F)) - sum(fs.flux(F, side) for side in mesh.walls))

    n = CELLS[ALL[name](4).ndim]
    coarse, fine = gap(n), gap(2 * n)
    if fine > max(coarse / 2**1.7, ROUNDING):
        assert gap(4 * n) <= max(fine / 2**1.4, coarse / 2**3.4)


@pytest.mark.parametrize("normal", [(0, 0, 1), (1, 2, 2), (1, -1, 0)])
def test_what_turns_on_a_disc_runs_around_its_rim(normal):
    """The flux of curl F through a disc is the circulation around it (Stokes); the gap falls by four."""
    gaps = []
    for n in (12, 24):
        mesh = fs.cartesian(x=(-1, 1), y=(-1, 1), z=(-1, 1), cells=(n, n, n))
        F = fs.VectorField(mesh, ["sin(2*y + z)", "cos(x*z + 1)", "x*exp(0.5*y)"])
        turning = fs.flux(fs.curl(F), fs.Disc((0.1, 0, -0.1), 0.6, normal))
        gaps.append(abs(turning - fs.circulation(F, fs.Circle((0.1, 0, -0.1), 0.6, normal))))
    assert gaps[1] <= gaps[0] / 2**1.7
