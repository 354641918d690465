"""The condition of open space: the unknown falls off towards infinity as the field of what is inside.

What leaves is transfer (surface value - reference), numbers that follow from the sources and are found once these are
known: see `physics.far_field`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.boundary.law import BoundCondition, Wall, WallLaw, WallUnits
from fieldsim.boundary.place import Place
from fieldsim.errors import InvalidInput, must


@dataclass(frozen=True)
class FarField:
    """Beyond the wall lies empty space: the unknown tends to `value` far away, as the field of what is inside.

    `value` is a number, or the field that would be there without what is inside, as a formula without sources: a
    uniform field E0 along z is "-E0*z". The sources' monopole, dipole and quadrupole about the point `about` (their
    centre, if left out) leave exactly, and so does what electrodes turn out to give off; what they and dielectrics
    add beyond falls off as a dipole. For steady potentials: charges, masses, heat in the unbounded. In the plane a
    net charge has no finite potential and is refused.
    """

    value: float | str = 0.0
    about: Sequence[float] | None = None

    def bind(self, place: Place, units: WallUnits, name: str) -> BoundCondition:
        """Read `about`; `value` is read with the sources. Raises InvalidInput for what is no number or formula."""
        if place.mask is not None:
            raise InvalidInput(must(name, "on a whole wall", "FarField on a part", "Space begins at a closed surface."))
        value: object = self.value
        if not isinstance(value, float | int | str | np.floating | np.integer):
            remedy = "Infinity has no faces to list; write '-100*z', say."
            raise InvalidInput(must(f"{name}.value", "a number, a quantity or a formula", self.value, remedy))
        return OpenSide(name, self.value, None if self.about is None else self._point(name))

    def _point(self, name: str) -> tuple[float, ...]:
        point = np.asarray(self.about)
        if point.dtype.kind not in "fiu" or point.ndim != 1 or not np.isfinite(point).all():
            remedy = "For example about=(0.0, 0.0, 0.1), in m."
            raise InvalidInput(must(f"{name}.about", "a point in Cartesian coordinates", self.about, remedy))
        return tuple(float(x) for x in point)


@dataclass(frozen=True)
class OpenSide:
    """A side that looks into empty space; `film` is its law once the sources are known.

    It `waits` where electrodes inside give off a net amount that only a solution tells.
    """

    name: str
    value: float | str
    about: tuple[float, ...] | None
    film: BoundCondition | None = None
    waits: bool = False
    varies: bool = False
    slope_varies: bool = False
    follows: bool = False

    def law(self, t: float, wall: Wall, surface: FloatArray) -> WallLaw:
        """Return the law at time `t` (s)."""
        if self.film is None:
            raise InvalidInput(must(self.name, "read with its sources", "a far field alone", "Use it in a Problem."))
        return self.film.law(t, wall, surface)
