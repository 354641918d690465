"""Arithmetic shared by all fields: + - * / ** and NumPy's functions, cell by cell, on the same mesh."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, RankError, UnitsError, must
from fieldsim.meshes import Mesh
from fieldsim.units import power, times

_KEEPS_UNIT = frozenset({"add", "subtract", "negative", "positive", "absolute", "maximum", "minimum"})


class FieldArithmetic(NDArrayOperatorsMixin):
    """Cell-by-cell arithmetic; subclasses have mesh, values, unit and name."""

    mesh: Mesh
    values: FloatArray
    unit: str
    name: str
    # Number of component indices in front of the mesh's axes.
    rank: int
    # Whether cells are cut out; None until it is looked up.
    _cut: bool | None = None

    @classmethod
    def from_values(
        cls, mesh: Mesh, values: FloatArray, *, unit: str = "", name: str = "", cut: bool | None = None
    ) -> Self:
        """Wrap values, components first, without checks; NaN marks cells that are cut out.

        `cut` says whether there are such cells; None leaves it to be looked up when it matters.
        """
        field = cls.__new__(cls)
        field.mesh, field.values, field.unit, field.name = mesh, values, unit, name
        field._cut = cut
        return field

    @property
    def cut(self) -> bool:
        """Whether some cells are cut out (NaN), as around point sources."""
        if self._cut is None:
            self._cut = bool(np.isnan(self.values).any())
        return self._cut

    def with_values(self, values: FloatArray, *, unit: str | None = None, name: str = "") -> Self:
        """Return a field of the same kind on the same mesh with other values."""
        return type(self).from_values(self.mesh, values, unit=self.unit if unit is None else unit, name=name)

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

    # In place would change a field that others hold; `f += 1` makes a new one instead.
    __iadd__ = NDArrayOperatorsMixin.__add__
    __isub__ = NDArrayOperatorsMixin.__sub__
    __imul__ = NDArrayOperatorsMixin.__mul__
    __itruediv__ = NDArrayOperatorsMixin.__truediv__
    __ipow__ = NDArrayOperatorsMixin.__pow__

    def __bool__(self) -> bool:
        """Refuse to be true or false: a comparison of fields is a field."""
        raise InvalidInput(
            "A field is neither true nor false. Compare numbers: numpy.array_equal(f.values, g.values), or "
            "abs(f - g).values.max() < tolerance."
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        """Return the values, so that numpy.asarray(field) is field.values."""
        return np.array(self.values, dtype=dtype, copy=copy)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Refuse array functions: a mean over cells of different volume is not what it looks like."""
        raise InvalidInput(
            f"numpy.{function.__name__} takes arrays, not fields. Use field.values for the numbers in the cells, or "
            "fieldsim.integrate(field) for the integral over the mesh."
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Apply a NumPy function cell by cell; scalars scale vectors, other ranks do not mix."""
        plain = [np.asarray(item) for item in inputs if not isinstance(item, FieldArithmetic)]
        if any(array.dtype.kind not in "iufbc" for array in plain):
            return NotImplemented
        if any(array.ndim or array.dtype.kind == "c" for array in plain):
            raise InvalidInput(
                must("operand", "a field or a real number", inputs[1], "Wrap it: fieldsim.ScalarField(mesh, array).")
            )
        _check_ranks(ufunc.__name__, inputs)
        if method != "__call__" or kwargs or ufunc.nout != 1 or ufunc.signature is not None:
            raise InvalidInput(
                f"numpy.{ufunc.__name__} does not act on fields cell by cell in this form. Use field.values."
            )
        fields = [item for item in inputs if isinstance(item, FieldArithmetic)]
        if any(other.mesh is not fields[0].mesh for other in fields[1:]):
            raise InvalidInput(
                "Fields must be on the same mesh to be combined; got two meshes. Rebuild one on the other's mesh."
            )
        arrays = [item.values if isinstance(item, FieldArithmetic) else item for item in inputs]
        highest = max(fields, key=lambda field: field.rank)
        with np.errstate(all="ignore"):
            values = ufunc(*arrays)
        return highest.with_values(np.asarray(values, dtype=np.float64), unit=_unit(ufunc.__name__, inputs))


def _check_ranks(function: str, inputs: tuple[Any, ...]) -> None:
    """Refuse combinations of scalars, vectors and tensors that have no meaning without a basis."""
    ranks = [item.rank if isinstance(item, FieldArithmetic) else 0 for item in inputs]
    highest = max(ranks)
    if highest == 0:
        return
    kind = {1: "vector", 2: "tensor"}[highest]
    if function not in _LINEAR:
        raise RankError(f"{function} takes scalar fields; this is a {kind} field. Use its norm() or a component.")
    if function in ("add", "subtract") and len(set(ranks)) > 1:
        raise RankError(
            f"{function} takes fields of one rank; got a {kind} field and a scalar. Adding a number to every component "
            "would depend on the basis: add a field of the same rank."
        )
    if function in ("multiply", "divide") and (ranks.count(0) == 0 or (function == "divide" and ranks[1])):
        raise RankError(f"{function} of two {kind} fields, or by one, has no single meaning. Use dot() or norm().")


def _view() -> Any:
    """Return the drawing floor: the one place below that names it, for the convenience of f.show()."""
    return import_module("fieldsim.view")


_LINEAR = frozenset({"add", "subtract", "multiply", "divide", "negative", "positive"})


def _unit(function: str, inputs: tuple[Any, ...]) -> str:
    """Return the unit of a result where it is plain, else none."""
    units = [item.unit if isinstance(item, FieldArithmetic) else None for item in inputs]
    known = [unit for unit in units if unit is not None]
    if function in _KEEPS_UNIT:
        named = [unit for unit in known if unit]
        if any(unit != named[0] for unit in named):
            raise UnitsError(
                f"{function} takes fields of one unit; got {' and '.join(named)}. Convert one of them first: "
                "fieldsim.units.convert(values, from_unit, to_unit)."
            )
        return known[0] if len(named) == len(known) else ""
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
