"""One axis of a mesh: the edges of its cells and how it goes on at its ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fieldsim.arrays import FloatArray, frozen, real_array
from fieldsim.errors import InvalidInput, UnitsError, must
from fieldsim.stencils import is_uniform
from fieldsim.storage.memory import guard
from fieldsim.units import parse_quantity

# Wider or narrower axes overflow or underflow once squared or divided by a cell.
_WIDEST = 1e150
_NARROWEST = 1e-150
# Axes of more cells are weighed against the memory there is before they are made.
_MANY = 1_000_000
_UNITS = {"x": "m", "y": "m", "z": "m", "r": "m", "theta": "rad", "phi": "rad"}


@dataclass(frozen=True, eq=False)
class Axis:
    """Cells along one coordinate; `edges` has one entry more than there are cells."""

    name: str
    edges: FloatArray
    periodic: bool = False

    @cached_property
    def centers(self) -> FloatArray:
        """Positions of the cell centres, shape (cells,)."""
        return frozen(0.5 * (self.edges[:-1] + self.edges[1:]))

    @cached_property
    def widths(self) -> FloatArray:
        """Widths of the cells, shape (cells,)."""
        return frozen(np.diff(self.edges))

    @property
    def cells(self) -> int:
        """Number of cells."""
        return self.edges.size - 1

    @property
    def length(self) -> float:
        """Distance from the first edge to the last."""
        return float(self.edges[-1] - self.edges[0])

    @cached_property
    def uniform(self) -> bool:
        """Whether all cells are equally wide, to rounding."""
        return is_uniform(self.edges)


def uniform_edges(name: str, span: tuple[float | str, float | str], cells: int) -> FloatArray:
    """Return equally spaced edges over `span`; raises InvalidInput on a reversed, empty or non-finite span."""
    low, high = check_span(name, span)
    if isinstance(cells, bool) or not isinstance(cells, int | np.integer) or cells < 1:
        raise InvalidInput(
            must("cells", f"a whole number of at least 1 along {name}", cells, "For example cells=(64, 64).")
        )
    if cells > _MANY:
        guard(16.0 * float(cells), f"the edges of {int(cells)} cells along {name}")
    edges = np.linspace(low, high, int(cells) + 1)
    if np.any(np.diff(edges) <= 0.0):
        raise InvalidInput(
            must(name, f"wide enough for {cells} different cells", span, "Take fewer cells or a wider range.")
        )
    return frozen(edges)


def check_span(name: str, span: object) -> tuple[float, float]:
    """Return `span` as two floats, low before high; along lengths and angles an end may be text: "5 cm", "30 deg"."""
    try:
        low, high = (_position(name, end) for end in span)  # type: ignore[attr-defined]
    except UnitsError:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidInput(must(name, "a pair (low, high) of numbers", span, f"For example {name}=(0, 1).")) from error
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InvalidInput(must(name, "a pair of finite numbers", span, "Give both ends of the axis."))
    if not low < high:
        raise InvalidInput(
            must(name, "a pair (low, high) with low < high", span, f"Write {name}=({high:g}, {low:g}).")
            if low > high
            else must(name, "wider than zero", span, "Give two different ends.")
        )
    if not (_NARROWEST < high - low < _WIDEST):
        raise InvalidInput(
            must(name, "between 1e-150 and 1e150 wide", span, "Choose units that make the lengths moderate.")
        )
    return low, high


def _position(name: str, end: object) -> float:
    unit = _UNITS.get(name)
    if isinstance(end, str) and unit is not None:
        return parse_quantity(end, unit, name=name)
    return float(end)  # type: ignore[arg-type]


def checked_edges(name: str, edges: npt.ArrayLike) -> FloatArray:
    """Return user-given cell edges; raises InvalidInput naming the first bad index."""
    array = real_array(edges, f"edges[{name!r}]", "a sequence of real numbers")
    if array.ndim != 1 or array.size < 2:
        raise InvalidInput(
            must(f"edges[{name!r}]", "a list of at least two numbers", array.shape, "n cells have n + 1 edges.")
        )
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise InvalidInput(
            must(f"edges[{name!r}]", "finite", f"{array[bad[0]]} at index {bad[0]}", "Replace that entry.")
        )
    bad = np.flatnonzero(np.diff(array) <= 0.0)
    if bad.size:
        i = int(bad[0])
        raise InvalidInput(
            must(
                f"edges[{name!r}]",
                "strictly increasing",
                f"{array[i]:g} then {array[i + 1]:g} at index {i + 1}",
                "Sort the edges and remove duplicates.",
            )
        )
    check_span(name, (array[0], array[-1]))
    if np.diff(array).min() <= _NARROWEST:
        raise InvalidInput(
            must(f"edges[{name!r}]", "more than 1e-150 apart", float(np.diff(array).min()), "Merge those cells.")
        )
    return frozen(array)
