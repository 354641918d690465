"""Exact formulas have values at poles and on axes too, where they are written as 0/0."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest

import fieldsim as fs
from fieldsim.errors import InvalidInput
from fieldsim.scenario.amounts import Formula
from fieldsim.scenario.compute import solve
from fieldsim.scenario.exact_values import at_points
from fieldsim.scenario.library import shipped_scenario
from fieldsim.scenario.load import Loaded, load
from fieldsim.scenario.painter import Painter
from fieldsim.view.scene import Chart

MESHES = {
    "line": fs.cartesian(x=(0, 1), cells=20),
    "square": fs.cartesian(x=(-1, 1), y=(-1, 1), cells=(8, 8)),
    "disk": fs.polar(r=(0, 1), phi=(0, 2 * math.pi), cells=(8, 12)),
    "rod": fs.cylindrical(r=(0, 1), z=(-1, 1), cells=(8, 8)),
    "ball": fs.spherical(r=(0, 1), cells=12),
    "sheared": fs.curvilinear(map={"x": "u + v/4", "y": "v"}, u=(-1, 1), v=(-1, 1), cells=(8, 8)),
}


@pytest.mark.parametrize("name", MESHES)
def test_a_formula_that_is_0_over_0_at_the_origin_has_its_limit_there(name: str) -> None:
    mesh = MESHES[name]
    points = np.zeros((mesh.dim, 2))
    points[0, 1] = 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = at_points(Formula("sin(2*r)/r + t", "sin(2*r)/r + t"), points, mesh, 3.0)
    # sin(2 r)/r is 2 at r = 0
    assert values == pytest.approx([5.0, math.sin(1.0) / 0.5 + 3.0], rel=1e-7)


def test_names_of_a_mesh_and_of_the_plane_are_known() -> None:
    mesh = fs.orthogonal("bipolar", {"sigma": (1, 5), "tau": (-1, 1)}, cells=(8, 8), focus=1.0)
    place = np.array([[math.tanh(0.25)], [0.0]])
    # on the line between the foci sigma = pi and x = tanh(tau/2)
    found = at_points(Formula("", "100*sigma + 10*tau + phi"), place, mesh, 0.0)
    assert found == pytest.approx([100 * math.pi + 5.0])
    with pytest.raises(InvalidInput, match="theta"):
        at_points(Formula("", "theta"), place, mesh, 0.0)


def test_the_centre_of_the_quenched_ball_has_its_exact_curve() -> None:
    path = shipped_scenario("quenched_ball")
    assert path is not None
    loaded = load(path, ["mesh.cells=20", "time.outputs=10"])
    view = next(view for view in loaded.scenario.view if view.chosen[0] == "history")
    solution = solve(loaded)
    chart = Painter(solution).picture(view)
    assert isinstance(chart, Chart)
    exact = next(curve for curve in chart.curves if curve.label == "exact")
    assert np.isfinite(exact.y[1:]).all()
    fourier = solution.times[-1] * 52 / (7850 * 460) / 0.01**2
    # Carslaw and Jaeger, section 9.3: the series at the centre
    terms = [2 * (-1) ** (n + 1) * math.exp(-((n * math.pi) ** 2) * fourier) for n in range(1, 9)]
    assert exact.y[-1] == pytest.approx(sum(terms), rel=1e-3)


@pytest.mark.parametrize("kind", ["history: {of: T, at: middle", "profile: {of: T"])
def test_a_formula_without_any_value_stays_out_of_the_legend(
    kind: str, load_text: Callable[..., Loaded], solved: str
) -> None:
    for formula, shown in (("sqrt(-1 - x**2)", False), ("sqrt(1 + x**2)", True)):
        loaded = load_text(f"{solved}view: [{{{kind}, exact: {formula}}}}}]\n")
        chart = Painter(solve(loaded)).picture(loaded.scenario.view[0])
        assert isinstance(chart, Chart)
        assert ("exact" in {curve.label for curve in chart.curves}) is shown
