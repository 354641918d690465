"""The terrain that comes with matplotlib, SRTM heights around the Jacksboro fault, read in place.

    x = rho cos(phi_m) (lon - lon_west),   y = rho (lat - lat_south),   rho = pi a / 180 metres a degree
(equirectangular map true at the middle latitude phi_m; a = 6378137 m, the WGS 84 semi-major axis).
On the ellipsoid a degree is pi M / 180 and pi N cos(phi_m) / 180 with the radii of curvature
M = a (1 - e^2) / (1 - e^2 sin^2 phi)^(3/2), N = a / (1 - e^2 sin^2 phi)^(1/2).
Source: NGA.STND.0036 (WGS 84); Snyder, Map Projections, USGS Professional Paper 1395, pages 24 and 90.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from math import cos, pi, radians, sin
from pathlib import Path
from typing import Final, Literal

import numpy as np

from fieldsim.errors import InvalidInput, must
from fieldsim.potentials.array_files import load_arrays
from fieldsim.potentials.checks import FloatArray
from fieldsim.potentials.samples import Sampled, sampled

WGS84_AXIS: Final = 6378137.0  # m
WGS84_FLATTENING: Final = 1.0 / 298.257223563
ELEVATION_SHA256: Final = "d493f50a33e82a4420494c54d1fca1539d177bdc27ab190bc5fe6e92f62fb637"
_FILE = Path("mpl-data", "sample_data", "jacksboro_fault_dem.npz")
_MEMBERS = ("elevation", "dx", "dy", "xmin", "xmax", "ymin", "ymax")


@dataclass(frozen=True, eq=False)
class Elevation:
    """Heights on a map: `height` (ny, nx) m, row 0 in the south; `x` (nx,) m east, `y` (ny,) m north.

    Samples are the middles of cells; the map reaches from (0, 0) in the south-west to (width, depth).
    """

    x: FloatArray
    y: FloatArray
    height: FloatArray
    spacing: tuple[float, float]
    geographic: tuple[float, float, float, float]  # west, east, south, north in degrees
    source: str
    licence: str
    sha256: str

    @property
    def width(self) -> float:
        """Return the extent to the east (m), half a cell beyond the outermost samples included."""
        return self.spacing[0] * len(self.x)

    @property
    def depth(self) -> float:
        """Return the extent to the north (m), half a cell beyond the outermost samples included."""
        return self.spacing[1] * len(self.y)

    def potential(self, *, interpolation: Literal["linear", "cubic"] = "cubic") -> Sampled:
        """Return the height as a function h(x, y) in metres with the exact gradient of its interpolant."""
        return sampled(
            self.height.T,
            coordinates=(self.x, self.y),
            unit="m",
            name="h",
            quantity="height",
            interpolation=interpolation,
        )


def metres_per_degree(latitude: float, *, earth: Literal["sphere", "ellipsoid"] = "sphere") -> tuple[float, float]:
    """Return the metres of one degree to the east and to the north at `latitude` (degrees)."""
    phi = radians(latitude)
    if earth == "sphere":
        return pi / 180.0 * WGS84_AXIS * cos(phi), pi / 180.0 * WGS84_AXIS
    if earth != "ellipsoid":
        raise InvalidInput(must("earth", "'sphere' or 'ellipsoid'", earth, "Choose one of the two."))
    e2 = WGS84_FLATTENING * (2.0 - WGS84_FLATTENING)
    root = 1.0 - e2 * sin(phi) ** 2
    east = pi / 180.0 * WGS84_AXIS * cos(phi) / root**0.5
    north = pi / 180.0 * WGS84_AXIS * (1.0 - e2) / root**1.5
    return east, north


def load_elevation(*, earth: Literal["sphere", "ellipsoid"] = "sphere") -> Elevation:
    """Read the terrain of matplotlib's sample data and put it on a map in metres.

    The file lists its rows from north to south and has `ymin` and `ymax` swapped; both are put right. The
    sphere gives cells of 74.5 m by 92.8 m, the ellipsoid 74.6 m by 92.5 m. Raises InvalidInput without it.
    """
    path = elevation_path()
    data = load_arrays(path, only=_MEMBERS)
    height = data["elevation"]
    west, east, one, other, dx, dy = (
        float(data[key].reshape(-1)[0]) for key in ("xmin", "xmax", "ymin", "ymax", "dx", "dy")
    )
    south, north = min(one, other), max(one, other)
    rows, columns = height.shape
    if abs(dx * columns - (east - west)) > 0.5 * dx or abs(dy * rows - (north - south)) > 0.5 * dy:
        raise InvalidInput(
            must(
                "elevation",
                "a grid that fills its extent",
                height.shape,
                "Reinstall matplotlib: pip install -U matplotlib",
            )
        )
    metres_east, metres_north = metres_per_degree(0.5 * (south + north), earth=earth)
    step = (dx * metres_east, dy * metres_north)
    return Elevation(
        x=step[0] * (np.arange(columns, dtype=np.float64) + 0.5),
        y=step[1] * (np.arange(rows, dtype=np.float64) + 0.5),
        height=np.ascontiguousarray(height[::-1]),
        spacing=step,
        geographic=(west, east, south, north),
        source="SRTM (NASA and NGA, 2000) around the Jacksboro fault, Tennessee; sample data of matplotlib",
        licence="public domain",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def elevation_path() -> Path:
    """Return where matplotlib keeps the terrain; it is not imported. Raises InvalidInput without it."""
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise InvalidInput(must("elevation", "beside matplotlib", None, "Install it: pip install matplotlib"))
    return Path(found.origin).parent / _FILE
