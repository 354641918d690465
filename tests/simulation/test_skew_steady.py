"""Steady states on meshes whose lines do not cross at right angles, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

import fieldsim as fs

SHEARED = {"x": "u + 0.5*v", "y": "v"}
BENT = {"x": "u + 0.5*v + 0.1*sin(pi*u)*v", "y": "v + 0.2*sin(2*pi*u)*(1 - v)"}


def test_a_linear_field_is_exact_on_a_sheared_mesh():
    mesh = fs.curvilinear(map=SHEARED, cells=(6, 5))
    exact = "1 + 2*x - 3*y"
    problem = fs.Problem(mesh, fs.Heat(conductivity=2.0), {s: fs.Value(exact) for s in mesh.walls}, exact=exact)
    result = fs.solve(problem)
    assert result.error() < 1e-14 * 10
    assert result.balance.relative < 1e-12


@pytest.mark.parametrize("cells", [16, 32])
def test_values_fall_by_four_on_a_bent_mesh(cells):
    """-div grad u = 13 u for u = sin 3x cos 2y; order 2 within 5 % in the volume-weighted norm."""
    exact = "sin(3*x)*cos(2*y)"
    errors = []
    for n in (cells, 2 * cells):
        mesh = fs.curvilinear(map=BENT, cells=(n, n))
        model = fs.Heat(conductivity=1.0, source=f"13*{exact}")
        result = fs.solve(fs.Problem(mesh, model, {s: fs.Value(exact) for s in mesh.walls}))
        x, y = mesh.points
        miss = result.field.values - np.sin(3 * x) * np.cos(2 * y)
        errors.append(np.sqrt((mesh.volumes * miss**2).sum() / mesh.volumes.sum()))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)
