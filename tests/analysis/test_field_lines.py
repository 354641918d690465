"""Field lines against what is known of them: radii, circles, flux functions, and where lines must end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldsim import potentials
from fieldsim.analysis.field_lines import FieldFunction, Source, trace
from fieldsim.analysis.seeding import even_lines, lines_of_sources, sphere_directions
from fieldsim.arrays import BoolArray, FloatArray
from fieldsim.errors import InvalidInput

SIZE = 2.0 * np.sqrt(3.0)


def box(points: FloatArray) -> BoolArray:
    return np.asarray((np.abs(points) <= 1.0).all(axis=1))


def electric(potential: potentials.Potential) -> FieldFunction:
    return lambda points: -potential.gradient(points.T).T


def sources_of(potential: potentials.Potential) -> list[Source]:
    return [Source(np.array(s.position), s.strength) for s in potential.singularities]


def test_lines_of_a_point_charge_are_straight_and_reach_the_walls() -> None:
    charge = potentials.point_charge(1e-9)
    lines = lines_of_sources(electric(charge), sources_of(charge), count=50, inside=box, size=SIZE, radius=0.03)
    assert len(lines) == 50
    for line in lines:
        direction = line.points[0] / np.linalg.norm(line.points[0])
        across = line.points - (line.points @ direction)[:, None] * direction
        assert np.abs(across).max() < 1e-10
        assert (line.start, line.end, line.ending) == (0, None, "wall")
        assert np.abs(line.points[-1]).max() == pytest.approx(1.0, abs=1e-3)


def test_lines_of_a_dipole_end_on_the_other_charge_or_leave() -> None:
    pair = potentials.dipole(1e-9, 0.5)
    lines = lines_of_sources(electric(pair), sources_of(pair), count=72, inside=box, size=SIZE, radius=0.03)
    between = [line for line in lines if line.start == 0 and line.end == 1]
    leaving = [line for line in lines if line.start == 0 and line.end is None]
    entering = [line for line in lines if line.start is None and line.end == 1]
    assert len(between) + len(leaving) + len(entering) == len(lines)
    # the pair is its own mirror image with the sign turned
    assert len(leaving) == len(entering)
    assert len(between) > len(leaving)
    minus = np.array(pair.singularities[1].position)
    for line in between:
        assert np.linalg.norm(line.points[-1] - minus) <= 0.03 + 1e-12


def test_flux_function_of_a_dipole_is_constant_along_its_lines() -> None:
    """cos(a1) - cos(a2) is constant on the lines of +q and -q (Maxwell's Treatise, article 123)."""
    pair = potentials.dipole(1e-9, 0.5)
    lines = lines_of_sources(electric(pair), sources_of(pair), count=40, inside=box, size=SIZE, radius=0.03)
    plus, minus = (np.array(s.position) for s in pair.singularities)
    for line in lines:
        one, two = line.points - plus, line.points - minus
        flux = one[:, 2] / np.linalg.norm(one, axis=1) - two[:, 2] / np.linalg.norm(two, axis=1)
        assert np.ptp(flux) < 2e-3


def test_a_quarter_of_the_lines_of_4q_end_on_minus_q() -> None:
    """Of the lines of +4q a quarter end on -q, the rest leave: the flux of the pair."""
    far = 1e3
    pair = potentials.point_charges([4e-9, -1e-9], [(0.0, 0.0, 0.0), (0.0, 0.0, 0.3)])

    def wide(points: FloatArray) -> BoolArray:
        return np.asarray((np.abs(points) <= far).all(axis=1))

    lines = lines_of_sources(electric(pair), sources_of(pair), count=128, inside=wide, size=far, radius=0.01)
    from_plus = [line for line in lines if line.start == 0]
    ended = [line for line in from_plus if line.end == 1]
    assert len(ended) / len(from_plus) == pytest.approx(0.25, abs=0.04)


def test_lines_of_a_mass_run_towards_it() -> None:
    mass = potentials.point_mass(5.972e24)

    def around(points: FloatArray) -> BoolArray:
        return np.asarray((np.abs(points) <= 2e7).all(axis=1))

    lines = lines_of_sources(electric(mass), sources_of(mass), count=20, inside=around, size=7e7, radius=5e5)
    assert all(line.end == 0 and line.start is None for line in lines)
    for line in lines:
        assert np.linalg.norm(line.points[0]) > 10.0 * np.linalg.norm(line.points[-1])


@settings(max_examples=20, deadline=None)
@given(st.floats(0.1, 0.9), st.floats(0.0, 6.28))
def test_lines_of_a_rotation_are_closed_circles(radius: float, angle: float) -> None:
    def rotation(points: FloatArray) -> FloatArray:
        return np.stack([-points[:, 1], points[:, 0]], axis=1)

    seed = radius * np.array([[np.cos(angle), np.sin(angle)]])
    (line,) = trace(rotation, seed, inside=box, size=2.0 * np.sqrt(2.0))
    assert line.ending == "closed"
    assert np.abs(np.hypot(*line.points.T) - radius).max() < 2e-4
    turned = np.unwrap(np.arctan2(line.points[:, 1], line.points[:, 0]))
    assert turned[-1] - turned[0] == pytest.approx(2.0 * np.pi, abs=1e-9)


def test_saddle_lines_are_hyperbolas_run_with_the_field_and_stop_where_it_vanishes() -> None:
    def saddle(points: FloatArray) -> FloatArray:
        return points * np.array([1.0, -1.0])

    seeds = np.array([[0.2, 0.5], [0.0, 0.7]])
    curved, straight = trace(saddle, seeds, inside=box, size=2.0)
    assert np.ptp(curved.points.prod(axis=1)) < 1e-4
    assert np.diff(curved.points[:, 0]).min() > 0.0
    assert straight.ending == "stagnation"
    assert np.abs(straight.points[-1]).max() < 1e-3
    assert straight.beginning == "wall"


def test_lines_stop_at_a_hole() -> None:
    def along_x(points: FloatArray) -> FloatArray:
        values = np.tile([1.0, 0.0], (len(points), 1))
        values[np.hypot(*points.T) < 0.3] = np.nan
        return values

    (line,) = trace(along_x, np.array([[-0.9, 0.0]]), inside=box, size=2.0, direction="forward")
    assert line.points[-1, 0] == pytest.approx(-0.3, abs=1e-3)
    assert line.ending == "wall"


def test_a_seed_outside_gives_no_line() -> None:
    assert trace(lambda p: np.ones_like(p), np.array([[3.0, 0.0]]), inside=box, size=2.0) == ()


def test_even_lines_keep_their_distance() -> None:
    def uniform(points: FloatArray) -> FloatArray:
        return np.tile([1.0, 0.0], (len(points), 1))

    side = np.linspace(-0.95, 0.95, 12)
    seeds = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    lines = even_lines(uniform, seeds, inside=box, size=2.0 * np.sqrt(2.0), separation=0.3)
    heights = np.sort([line.points[0, 1] for line in lines])
    assert len(lines) >= 5
    assert np.diff(heights).min() >= 0.3 - 1e-9
    assert all(np.ptp(line.points[:, 0]) > 1.9 for line in lines)


def test_sphere_directions_are_unit_vectors_that_balance() -> None:
    directions = sphere_directions(400)
    assert np.allclose(np.linalg.norm(directions, axis=1), 1.0)
    assert np.abs(directions.mean(axis=0)).max() < 5e-3
    # the mean of n n^T over the sphere is a third of the unit matrix
    assert np.abs(directions.T @ directions / 400 - np.eye(3) / 3.0).max() < 5e-3


@pytest.mark.parametrize("seeds", [np.zeros(3), np.array([[np.nan, 0.0]])])
def test_bad_seeds_are_refused(seeds: FloatArray) -> None:
    with pytest.raises(InvalidInput, match="seeds"):
        trace(lambda p: p, seeds, inside=box, size=1.0)
