"""The terrain of matplotlib: published size, right way up, metric map, and gradients that match its slopes."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from fieldsim import potentials as pot
from fieldsim.errors import InvalidInput
from fieldsim.potentials import terrain


@pytest.fixture(scope="module")
def elevation():
    return pot.load_elevation()


def test_size_range_and_extent(elevation):
    # G6: 344 x 403, 236-1076 m, about 92.8 m by 74.5 m, about 31.9 km by 30.0 km
    assert elevation.height.shape == (344, 403)
    assert (elevation.height.min(), elevation.height.max()) == (236.0, 1076.0)
    assert elevation.spacing == pytest.approx((74.5, 92.8), abs=0.05)
    assert elevation.depth / 1e3 == pytest.approx(31.9, abs=0.05)
    assert elevation.width / 1e3 == pytest.approx(30.0, abs=0.05)
    assert elevation.x[0] == pytest.approx(0.5 * elevation.spacing[0])
    assert elevation.x[-1] + 0.5 * elevation.spacing[0] == pytest.approx(elevation.width)
    assert elevation.y[-1] + 0.5 * elevation.spacing[1] == pytest.approx(elevation.depth)
    assert elevation.licence == "public domain"


def test_the_swapped_latitudes_are_put_right_and_south_comes_first(elevation):
    west, east, south, north = elevation.geographic
    assert (west, east, south, north) == pytest.approx((-84.41375, -84.07792, 36.44625, 36.73292), abs=1e-5)
    with np.load(terrain.elevation_path(), allow_pickle=False) as raw:
        assert float(raw["ymin"]) > float(raw["ymax"])
        # the file is a picture, north on top: row 0 there is the last one here
        np.testing.assert_array_equal(elevation.height[-1], raw["elevation"][0])


def test_the_file_is_the_one_that_was_looked_at(elevation):
    assert elevation.sha256 == hashlib.sha256(terrain.elevation_path().read_bytes()).hexdigest()
    assert elevation.sha256 == terrain.ELEVATION_SHA256


@pytest.mark.parametrize(
    ("latitude", "east", "north"),
    # length of a degree on WGS 84 (NGA.STND.0036; table in Snyder, USGS PP 1395, for neighbouring ellipsoids)
    [(0.0, 111319.49, 110574.28), (45.0, 78846.8, 111131.8), (90.0, 0.0, 111693.98)],
)
def test_length_of_a_degree_on_the_ellipsoid(latitude, east, north):
    found = terrain.metres_per_degree(latitude, earth="ellipsoid")
    assert found == pytest.approx((east, north), abs=0.1)


def test_length_of_a_degree_on_the_sphere():
    assert terrain.metres_per_degree(60.0) == pytest.approx((55659.75, 111319.49), abs=0.01)
    with pytest.raises(InvalidInput, match="`earth` must be"):
        terrain.metres_per_degree(0.0, earth="flat")


def test_the_ellipsoid_changes_the_map_by_a_third_of_a_percent(elevation):
    other = pot.load_elevation(earth="ellipsoid")
    assert other.spacing == pytest.approx((74.57, 92.47), abs=0.01)
    np.testing.assert_array_equal(other.height, elevation.height)


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
def test_the_potential_meets_the_samples_and_knows_its_slopes(elevation, interpolation):
    h = elevation.potential(interpolation=interpolation)
    assert (h.unit, h.name, h.quantity) == ("m", "h", "height")
    points = np.stack(np.meshgrid(elevation.x, elevation.y, indexing="ij"))
    np.testing.assert_allclose(h.value(points), elevation.height.T, atol=1e-9)
    rng = np.random.default_rng(6)
    i, j = rng.integers(1, 400, 30), rng.integers(1, 340, 30)
    x = np.stack([elevation.x[i] + 0.31 * elevation.spacing[0], elevation.y[j] + 0.27 * elevation.spacing[1]])
    for axis in range(2):
        shift = np.zeros((2, 1))
        shift[axis] = 1.0
        near = h.value(x + shift) - h.value(x - shift)
        far = h.value(x + 2 * shift) - h.value(x - 2 * shift)
        np.testing.assert_allclose(h.gradient(x)[axis], (8 * near - far) / 12, rtol=1e-7, atol=1e-9)


def test_the_map_reaches_to_the_edge_of_its_cells(elevation):
    h = elevation.potential()
    corner = h.value([[0.0, elevation.width], [0.0, elevation.depth]])
    assert np.all((corner > 100.0) & (corner < 1200.0))
    with pytest.raises(InvalidInput, match="within the data"):
        h.value([-1.0, 0.0])


def test_reading_the_terrain_does_not_import_matplotlib():
    code = "import sys; from fieldsim.potentials import load_elevation as f; f(); print('matplotlib' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "False"


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(terrain, "find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match="pip install matplotlib"):
        pot.load_elevation()
