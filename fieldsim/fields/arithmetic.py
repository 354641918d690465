"""Arithmetic shared by all fields: + - * / ** and NumPy's functions, cell by cell, on the same mesh."""

from __future__ import annotations

from abc import abstractmethod
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, RankError, must
from fieldsim.meshes import Mesh
from fieldsim.units import power, times

_KEEPS_UNIT = frozenset({"add", "subtract", "negative", "positive", "absolute", "maximum", "minimum"})


class FieldArithmetic(NDArrayOperatorsMixin):
    """Cell-by-cell arithmetic; subclasses have mesh, values, unit and name, and say how to rebuild themselves."""

    mesh: Mesh
    values: FloatArray
    unit: str
    name: str
    # Number of component indices in front of the mesh's axes.
    rank: int

    @abstractmethod
    def with_values(self, values: FloatArray, *, unit: str | None = None, name: str = "") -> Self:
        """Return a field of the same kind on the same mesh with other values."""

    def plot(self, *, title: str = "") -> Any:
        """Return a picture of the field as data: `fieldsim.view.png(picture)` draws it without a display."""
        return _view().plot(self, title=title)

    def show(self, *, file: str | Path | None = None) -> None:
        """Show a picture of the field in a window, or write it to `file` (PNG).

        Raises CannotDraw where there is neither a display nor a file.
        """
        _view().show(self, file=file)

    def to_pyvista(self) -> Any:
        """Return a PyVista grid of the mesh's cells with the field as cell data."""
        return _view().to_pyvista(self)

    def to_xarray(self) -> Any:
        """Return an xarray.DataArray with the axes as coordinates and unit, name and mesh in its attributes.

        Raises InvalidInput where xarray is not installed (it is an extra: fieldsim[xarray]).
        """
        try:
            import xarray
        except ImportError as error:
            raise InvalidInput(
                "to_xarray needs xarray, which is not installed. pip install 'fieldsim[xarray]'"
            ) from error
        components = tuple(f"component{i}" if self.rank > 1 else "component" for i in range(self.rank))
        coords: dict[str, Any] = {axis.name: axis.centers for axis in self.mesh.axes}
        coords |= {name: list(self.mesh.coordinates.names) for name in components}
        attributes = {"units": self.unit, "coordinates": self.mesh.coordinates.name}
        return xarray.DataArray(
            self.values, coords=coords, dims=(*components, *self.mesh.names), name=self.name or None, attrs=attributes
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Apply a NumPy function cell by cell; scalars scale vectors, other ranks do not mix."""
        if method != "__call__" or kwargs:
            return NotImplemented
        fields = [item for item in inputs if isinstance(item, FieldArithmetic)]
        for other in fields[1:]:
            if other.mesh is not fields[0].mesh:
                raise InvalidInput(
                    "Fields must be on the same mesh to be combined; got two meshes. Rebuild one on the other's mesh."
                )
        highest = max(fields, key=lambda field: field.rank)
        if any(field.rank not in (0, highest.rank) for field in fields):
            raise RankError("Vector and tensor fields do not combine cell by cell. Use dot, divergence or jacobian.")
        if highest.rank and ufunc.__name__ not in _LINEAR:
            raise RankError(
                f"{ufunc.__name__} takes scalar fields; this is a vector field. Use its norm() or a component."
            )
        if highest.rank and ufunc.__name__ in ("multiply", "divide"):
            ranked = [field for field in fields if field.rank]
            if len(ranked) > 1 or (ufunc.__name__ == "divide" and inputs[1] is ranked[0]):
                raise RankError("Two vector fields have no single product. Use dot() or the cross product.")
        arrays = [item.values if isinstance(item, FieldArithmetic) else item for item in inputs]
        if any(
            isinstance(a, np.ndarray) and a.ndim and not isinstance(i, FieldArithmetic)
            for a, i in zip(arrays, inputs, strict=True)
        ):
            raise InvalidInput(
                must(
                    "operand",
                    "a field or a number",
                    "a plain array",
                    "Wrap it: fieldsim.ScalarField(mesh, array).",
                )
            )
        with np.errstate(all="ignore"):
            values = ufunc(*arrays)
        return highest.with_values(np.asarray(values, dtype=np.float64), unit=_unit(ufunc.__name__, inputs))


def _view() -> Any:
    """Return the drawing floor: the one place below that names it, for the convenience of f.show()."""
    return import_module("fieldsim.view")


_LINEAR = frozenset({"add", "subtract", "multiply", "divide", "negative", "positive"})


def _unit(function: str, inputs: tuple[Any, ...]) -> str:
    """Return the unit of a result where it is plain, else none."""
    units = [item.unit if isinstance(item, FieldArithmetic) else None for item in inputs]
    known = [unit for unit in units if unit is not None]
    if function in _KEEPS_UNIT:
        return known[0] if all(unit == known[0] for unit in known) else ""
    if function == "multiply":
        return times(known[0], known[1]) if len(known) == 2 else known[0]
    if function == "divide":
        below = units[1]
        above = units[0] or ""
        return above if below is None else times(above, power(below, -1)) if below else above
    if function in ("square", "sqrt"):
        return power(known[0], 2 if function == "square" else 0.5) if known[0] else ""
    if function == "power" and units[1] is None and known[0]:
        exponent = float(inputs[1])
        return power(known[0], int(exponent)) if exponent.is_integer() else ""
    return ""
