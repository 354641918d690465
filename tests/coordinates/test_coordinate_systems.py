"""Every registered coordinate system against its own definition: map, inverse, tangents, scale factors, poles."""

from __future__ import annotations

from math import inf, pi, sqrt, tau

import numpy as np
import pytest
from mesh_catalogue import SYSTEMS

from fieldsim.coordinates import REGISTRY, Coordinates, Cylindrical, Polar, Spherical
from fieldsim.fields.continuation import component_signs

COUNT = 200


@pytest.fixture(params=SYSTEMS)
def system(request) -> Coordinates:
    return SYSTEMS[request.param]


def places(system: Coordinates, count: int = COUNT) -> list[np.ndarray]:
    """Return random native coordinates inside the whole range, off its ends (where a system may be singular)."""
    random = np.random.default_rng(len(system.name))
    return [low + (high - low) * random.uniform(0.07, 0.93, count) for low, high in system.whole]


def slopes(function, q, axis: int, step: float = 1e-3) -> list[np.ndarray]:
    """Differentiate by central differences, extrapolated twice: sixth order, no knowledge of the system."""

    def central(h):
        up, down = list(q), list(q)
        up[axis], down[axis] = q[axis] + h, q[axis] - h
        return np.array([(a - b) / (2 * h) + 0 * q[0] for a, b in zip(function(up), function(down), strict=True)])

    d = [central(step / 2**k) for k in range(3)]
    once = [(4 * d[k + 1] - d[k]) / 3 for k in range(2)]
    return list((16 * once[1] - once[0]) / 15)


# ---- what every system must be


def test_the_description_is_complete(system):
    n = system.dim
    assert len(system.names) == len(set(system.names)) == n
    assert len(system.limits) == len(system.periods) == len(system.whole) == len(system.reference) == n
    for (low, high), (first, last), period in zip(system.limits, system.whole, system.periods, strict=True):
        assert low <= first < last <= high
        assert np.isfinite([first, last]).all()
        assert period is None or last - first == pytest.approx(period)
    for symmetry in system.symmetries:
        assert symmetry < set(system.names)
    assert system == type(system)()
    assert hash(system) == hash(type(system)())


def test_the_registry_knows_each_system_by_its_name():
    for name, kinds in REGISTRY.items():
        for dim, kind in enumerate(kinds, start=1):
            assert kind.name == name
            assert len(kinds) == 1 or kind().dim == dim


def test_native_to_cartesian_and_back(system):
    q = places(system)
    back = system.from_cartesian(system.to_cartesian(q))
    for here, there, period in zip(q, back, system.periods, strict=True):
        gap = there - here if period is None else (there - here + period / 2) % period - period / 2
        assert np.abs(gap).max() <= 1e-9


def test_cartesian_to_native_and_back(system):
    """Points all around the origin, none on an axis; what comes out lies within the limits."""
    x = list(np.random.default_rng(3).uniform(-2.0, 2.0, (system.dim, COUNT)))
    q = system.from_cartesian(x)
    for part, (low, high), period in zip(q, system.limits, system.periods, strict=True):
        assert np.all((part >= low) & (part <= high))
        assert period is None or np.all((part >= 0.0) & (part <= period))
    for expected, got in zip(x, system.to_cartesian(q), strict=True):
        assert got == pytest.approx(expected, abs=1e-9)


def test_tangents_are_the_derivatives_of_the_map(system):
    q = places(system)
    for axis in range(system.dim):
        measured = slopes(system.to_cartesian, q, axis)
        for expected, got in zip(measured, system.tangents(q, axis), strict=True):
            assert np.abs(got - expected).max() <= 1e-7 * (1.0 + np.abs(expected).max())


def test_scale_factors_are_the_lengths_of_the_tangents(system):
    q = places(system)
    for axis, h in enumerate(system.scale_factors(q)):
        length = np.sqrt(sum(part**2 for part in slopes(system.to_cartesian, q, axis)))
        assert np.abs(h - length).max() <= 1e-7 * (1.0 + length.max())


def test_derivatives_of_the_scale_factors(system):
    q = places(system)
    for axis in range(system.dim):
        measured = slopes(lambda p: [np.asarray(h) for h in system.scale_factors(p)], q, axis)
        for expected, got in zip(measured, system.scale_factor_derivatives(q, axis), strict=True):
            assert np.abs(got - expected).max() <= 1e-6 * (1.0 + np.abs(expected).max())


def test_unit_vectors_are_orthonormal_and_right_handed(system):
    e = np.moveaxis(system.basis(places(system)), -1, 0)
    assert e @ np.swapaxes(e, 1, 2) == pytest.approx(np.broadcast_to(np.eye(system.dim), e.shape), abs=1e-12)
    assert np.linalg.det(e) == pytest.approx(np.ones(COUNT), abs=1e-12)


def test_scalars_do_for_arrays(system):
    q = [float(part[0]) for part in places(system)]
    x = system.to_cartesian([np.asarray(part) for part in q])
    assert np.shape(system.basis([np.asarray(part) for part in q])) == (system.dim, system.dim)
    assert all(np.shape(part) == () for part in x)


# ---- poles: the way through comes out at the images


def _beyond_and_image(system, pole, q):
    beyond, image = list(q), list(q)
    beyond[pole.axis] = 2.0 * pole.at - q[pole.axis]
    for other in pole.images:
        here = q[other.axis]
        image[other.axis] = other.about - here if other.kind == "flip" else here + other.about
    return beyond, image


def poles():
    return [
        pytest.param(s, p, id=f"{label} {s.names[p.axis]}={p.at:.3g}") for label, s in SYSTEMS.items() for p in s.poles
    ]


@pytest.mark.parametrize(("system", "pole"), poles())
def test_beyond_a_pole_lies_the_image(system, pole):
    beyond, image = _beyond_and_image(system, pole, places(system))
    for x, y in zip(system.to_cartesian(beyond), system.to_cartesian(image), strict=True):
        assert x == pytest.approx(y, abs=1e-12)


@pytest.mark.parametrize(("system", "pole"), poles())
def test_components_change_sign_with_their_unit_vectors(system, pole):
    """The analytic unit vectors beyond a pole are those of the image, times the sign of each component."""
    beyond, image = _beyond_and_image(system, pole, places(system))
    signs = np.array(component_signs(system, pole))
    assert set(np.abs(signs)) == {1}
    expected = signs[:, None, None] * system.basis(image)
    # e_i(beyond) F_i(beyond) is the same vector as e_i(image) F_i(image).
    assert system.basis(beyond) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("system", "pole"), poles())
def test_at_a_pole_cells_have_no_face(system, pole):
    q = places(system)
    q[pole.axis] = np.full(COUNT, pole.at)
    h = [np.broadcast_to(part, (COUNT,)) for part in system.scale_factors(q)]
    area = np.prod([part for i, part in enumerate(h) if i != pole.axis], axis=0)
    assert np.abs(area).max() <= 1e-12


# ---- the textbook systems, by hand


def test_spherical_follows_iso_80000_2():
    """theta from +z, phi the azimuth from +x towards +y."""
    s = Spherical()
    places_and_points = {
        (2.0, 0.0, 0.3): (0, 0, 2),
        (2.0, pi, 0.3): (0, 0, -2),
        (2.0, pi / 2, 0.0): (2, 0, 0),
        (2.0, pi / 2, pi / 2): (0, 2, 0),
        (2.0, pi / 2, 3 * pi / 2): (0, -2, 0),
        (2.0, pi / 3, pi / 4): (sqrt(1.5), sqrt(1.5), 1.0),
    }
    for q, x in places_and_points.items():
        assert s.to_cartesian([np.array(part) for part in q]) == pytest.approx(x, abs=1e-12)
    r, theta, phi = np.array([1.5]), np.array([0.8]), np.array([2.1])
    h = [float(np.squeeze(part)) for part in s.scale_factors([r, theta, phi])]
    assert h == pytest.approx([1.0, 1.5, 1.5 * np.sin(0.8)])
    e = s.basis([r, theta, phi])[:, :, 0]
    sin, cos = np.sin, np.cos
    assert e[0] == pytest.approx([sin(0.8) * cos(2.1), sin(0.8) * sin(2.1), cos(0.8)])
    assert e[1] == pytest.approx([cos(0.8) * cos(2.1), cos(0.8) * sin(2.1), -sin(0.8)])
    assert e[2] == pytest.approx([-sin(2.1), cos(2.1), 0.0])


def test_polar_and_cylindrical_points():
    assert Polar().to_cartesian([np.array(2.0), np.array(pi / 6)]) == pytest.approx((sqrt(3), 1.0))
    assert Cylindrical().to_cartesian([np.array(2.0), np.array(pi / 6), np.array(-4.0)]) == pytest.approx(
        (sqrt(3), 1, -4)
    )
    q = Polar().from_cartesian((np.array([0.0, -1.0, 0.0, 1.0]), np.array([1.0, 0.0, -1.0, -1e-300])))
    assert q[0] == pytest.approx([1, 1, 1, 1])
    assert q[1] == pytest.approx([pi / 2, pi, 3 * pi / 2, tau])


def test_the_azimuth_runs_from_zero_to_a_full_turn():
    phi = np.linspace(0, tau, 17, endpoint=False)
    for s in (Polar(), Cylindrical(), Spherical()):
        x = [np.cos(phi), np.sin(phi), 0.3 + 0 * phi][: s.dim]
        assert s.from_cartesian(x)[s.names.index("phi")] == pytest.approx(phi, abs=1e-15)


def test_the_whole_of_a_bounded_range_is_all_of_space():
    for s in (Polar(), Cylindrical(), Spherical()):
        assert s.whole[s.names.index("phi")] == (0.0, tau)
        assert s.limits[0] == (0.0, inf)
    assert Spherical().limits[1] == Spherical().whole[1] == (0.0, pi)
