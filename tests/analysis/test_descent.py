"""Descents against the lesson's numbers and the limits that theory gives for quadratics."""

from __future__ import annotations

from math import inf, pi

import numpy as np
import pytest

from fieldsim.analysis.descent import METHODS, descend
from fieldsim.errors import InvalidInput, RankError
from fieldsim.fields import ScalarField, VectorField
from fieldsim.meshes import cartesian, polar
from fieldsim.potentials import formula

MESH = cartesian(x=(-6, 6), y=(-6, 6), cells=(48, 48))
BOWL = ScalarField(MESH, "x**2 + y**2")


def bowl(p: np.ndarray) -> float:
    return float((p**2).sum())


def test_the_lesson() -> None:
    """x^2 + y^2 from (5, 3), rate 0.1: (4, 2.4), (3.2, 1.92), ... to (0, 0); it diverges above 2 / 2 = 1."""
    for f in (BOWL, bowl, formula("x**2 + y**2", unit="m")):
        path = descend(f, (5, 3), rate=0.1)
        assert path.points[:3] == pytest.approx(np.array([[5, 3], [4, 2.4], [3.2, 1.92]]), abs=1e-11)
        assert path.converged
        assert path.end == pytest.approx([0, 0], abs=1e-6)
        assert path.largest_rate == pytest.approx(1.0, rel=1e-6)
        assert path.values[0] == pytest.approx(34)
        assert path.slopes[0] == pytest.approx(2 * np.sqrt(34))
        assert "a minimum" in path.reason
        assert "diverges above rate 1" in str(path)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_reaches_the_minimum(method: str) -> None:
    """x^2 + 2y^2 - 4x - 8y + 20 has its minimum 8 at (2, 2)."""
    path = descend(ScalarField(MESH, "x**2 + 2*y**2 - 4*x - 8*y + 20"), (-3, 4), method=method)
    assert path.converged
    assert path.end == pytest.approx([2, 2], abs=1e-5)
    assert path.values[-1] == pytest.approx(8, abs=1e-9)
    assert path.method == method
    assert len(path.points) == len(path.values) == len(path.slopes) == path.steps + 1


def test_newton_needs_one_step_on_a_quadratic() -> None:
    path = descend(BOWL, (5, 3), method="newton")
    assert path.steps == 1
    assert path.largest_rate == inf


@pytest.mark.parametrize("method", ["gradient", "momentum", "nesterov"])
def test_the_largest_rate_is_the_limit(method: str) -> None:
    """Just below it the walk stays, just above it runs away: f = (x^2 + 10 y^2) / 2, largest curvature 10."""

    def f(p: np.ndarray) -> float:
        return float(0.5 * (p[0] ** 2 + 10 * p[1] ** 2))

    def slope(p: np.ndarray) -> np.ndarray:
        return np.array([p[0], 10 * p[1]])

    limit = descend(f, (1, 1), 0.01, method, gradient=slope, steps=5).largest_rate
    expected = {"gradient": 2.0, "momentum": 2 * 1.9, "nesterov": 2 * 1.9 / 2.8}[method] / 10
    assert limit == pytest.approx(expected, rel=1e-6)
    below = descend(f, (1, 1), 0.98 * limit, method, gradient=slope, steps=3000)
    above = descend(f, (1, 1), 1.02 * limit, method, gradient=slope, steps=3000)
    assert below.converged
    assert not above.converged
    assert "above" in above.reason
    assert above.slopes[-1] > 1e3 * above.slopes[0]


def test_exactly_at_the_limit_it_neither_converges_nor_diverges() -> None:
    path = descend(BOWL, (5, 3), rate=1.0, steps=20)
    assert not path.converged
    assert path.steps == 20
    assert "is at 1" in path.reason


def test_leaving_the_mesh_ends_the_walk_and_says_why() -> None:
    path = descend(BOWL, (5, 3), rate=1.05)
    assert not path.converged
    assert "leaves" in path.reason
    assert "above 1" in path.reason
    assert MESH.contains(path.points.T).all()
    downhill = descend(ScalarField(MESH, "x"), (0, 0), rate=1.0)
    assert "leaves" in downhill.reason
    assert downhill.end == pytest.approx([-6, 0], abs=1e-9)


def test_zero_gradient_is_not_yet_a_minimum() -> None:
    saddle = ScalarField(MESH, "x**2 - y**2")
    for method in ("gradient", "newton"):
        path = descend(saddle, (5, 0), method=method)
        assert path.converged
        assert "not yet a minimum" in path.reason
        assert "saddle" in path.reason
    assert "a maximum" in descend(-1.0 * BOWL, (1, 1), method="newton").reason
    assert "degenerate" in descend(lambda p: p[0] ** 4, (0.5,), method="newton", tolerance=1e-13).reason


def test_through_the_pole_of_a_disk() -> None:
    disk = polar(r=(0, 6.5), phi=(0, 2 * pi), cells=(26, 48))
    path = descend(ScalarField(disk, "x**2 + y**2"), (5, 3))
    assert path.points[1] == pytest.approx([4, 2.4], abs=1e-6)
    assert path.converged


def test_a_climb_is_the_descent_of_the_negative() -> None:
    hill = ScalarField(cartesian(x=(-20, 20), y=(-20, 20), cells=(40, 40)), "1000 - x**2/2 - y**2/2")
    path = descend(-1.0 * hill, (10, 0), rate=0.5)
    assert path.end == pytest.approx([0, 0], abs=1e-5)
    # the direction of steepest ascent: grad h (10, 0) = (-10, 0)
    assert path.points[1] - path.points[0] == pytest.approx([-5, 0], abs=1e-9)


def test_rosenbrock_by_newton() -> None:
    """(1 - x)^2 + 100 (y - x^2)^2 has its minimum at (1, 1) (Rosenbrock 1960)."""

    def f(p: np.ndarray) -> float:
        return float((1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2)

    path = descend(f, (-1.2, 1.0), method="newton")
    assert path.converged
    assert path.end == pytest.approx([1, 1], abs=1e-5)
    assert path.steps < 20


def test_a_singular_hessian_stops_newton() -> None:
    path = descend(lambda p: p[0], (0.0,), method="newton", gradient=lambda p: np.ones(1))
    assert not path.converged
    assert "singular" in path.reason


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate": 0.0}, "rate"),
        ({"rate": -0.1}, "descend -f"),
        ({"rate": True}, "rate"),
        ({"rate": np.nan}, "rate"),
        ({"method": "magic"}, "gradient, momentum"),
        ({"steps": 0}, "steps"),
        ({"tolerance": 2.0}, "tolerance"),
        ({"momentum": 1.0}, "momentum"),
        ({"start": (50, 0)}, "inside the mesh"),
        ({"start": (np.inf, 0)}, "finite"),
        ({"start": "origin"}, "point"),
        ({"gradient": lambda p: p}, "left out"),
    ],
)
def test_bad_arguments_are_refused(options: dict, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        descend(BOWL, **{"start": (5, 3), **options})


def test_bad_landscapes_are_refused() -> None:
    with pytest.raises(RankError, match="vector field"):
        descend(VectorField(MESH, ["x", "y"]), (5, 3))  # type: ignore[arg-type]
    with pytest.raises(RankError, match="scalar field"):
        descend(3.0, (5, 3))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="one number"):
        descend(lambda p: p, (5, 3))
    with pytest.raises(InvalidInput, match="gradient"):
        descend(bowl, (5, 3), gradient=lambda p: 1.0)
