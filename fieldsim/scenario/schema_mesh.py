"""The part of the schema that says which mesh: axes of a coordinate system, a map of u, v (and w), or corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field as Described
from pydantic import StringConstraints, field_validator

from fieldsim.scenario.amounts import LONGEST_TEXT, Formula, Setting, checked_number, is_quantity, split_quantity
from fieldsim.scenario.base_models import Record
from fieldsim.scenario.formula_slots import read_formula
from fieldsim.scenario.schema_views import Side
from fieldsim.scenario.slots import InUnit, Length, Plain, PositiveLength, Slot, Whole, wrong

CURVILINEAR = "curvilinear"
LOGICAL = ("u", "v", "w")
AXES = {
    "cartesian": ("x", "y", "z"),
    "polar": ("r", "phi"),
    "cylindrical": ("r", "phi", "z"),
    "spherical": ("r", "theta", "phi"),
    "parabolic": ("sigma", "tau"),
    "elliptic_cylinder": ("mu", "nu", "z"),
    "bipolar": ("sigma", "tau"),
    "prolate_spheroidal": ("mu", "nu", "phi"),
    "toroidal": ("tau", "sigma", "phi"),
    CURVILINEAR: LOGICAL,
}
MeshType = Literal[
    "cartesian",
    "polar",
    "cylindrical",
    "spherical",
    "parabolic",
    "elliptic_cylinder",
    "bipolar",
    "prolate_spheroidal",
    "toroidal",
    "curvilinear",
]
Axis = Literal["x", "y", "z", "r", "theta", "phi", "sigma", "tau", "mu", "nu", "u", "v", "w"]


@dataclass(frozen=True)
class AnyAmount(Slot):
    """A number in SI of whatever unit it is written in: a logical coordinate may be a length, an angle or a share."""

    def read(self, value: Any, setting: Setting) -> float:
        """Return the SI value."""
        from fieldsim.units import si_unit

        quantity = split_quantity(value)
        lone = setting.parameters.get(value.strip()) if isinstance(value, str) else None
        unit = si_unit(quantity[1]) if quantity is not None else (lone.unit or "") if lone is not None else ""
        return checked_number(value, setting, unit)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {"type": ["number", "string"], "description": "A number (SI), or text with any unit."}


@dataclass(frozen=True)
class MapFormula(Slot):
    """A Cartesian coordinate in metres as a formula of u, v and w."""

    def read(self, value: Any, setting: Setting) -> float | Formula:
        """Return a number or a formula; no parameter is called u, v or w where the mesh has them."""
        text = value.strip() if isinstance(value, str) else ""
        if not text or len(text) > LONGEST_TEXT or is_quantity(text):
            return checked_number(value, setting, "m")
        return read_formula(text, setting, frozenset(LOGICAL), "m")

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {"type": ["number", "string"], "description": "A formula of u, v (and w), in metres: u*cos(v)."}


Pair = Annotated[list[Length], Described(min_length=2, max_length=2)]
AnglePair = Annotated[list[Annotated[float, InUnit("rad")]], Described(min_length=2, max_length=2)]
AnyPair = Annotated[list[Annotated[float, AnyAmount()]], Described(min_length=2, max_length=2)]


class Stretch(Record):
    """Cells that grow away from one or both ends of an axis."""

    towards: list[Side] = Described(min_length=1, max_length=2, description="the ends with the smallest cells")
    ratio: Plain = Described(description="size of a cell over that of its neighbour nearer the end")

    @field_validator("ratio")
    @classmethod
    def sensible(cls, value: float) -> float:
        """Refuse ratios that leave no mesh."""
        if not 1.0 < value <= 2.0:
            raise wrong(f"must be above 1 and at most 2; got {value:g}. A usual ratio is 1.05.")
        return value


class MeshSpec(Record):
    """A structured mesh; an axis that is left out is a symmetry."""

    type: MeshType
    x: Pair | None = None
    y: Pair | None = None
    z: Pair | None = None
    r: Pair | None = None
    theta: AnglePair | None = None
    phi: AnglePair | None = None
    sigma: AnglePair | None = None
    tau: AnglePair | None = None
    mu: AnglePair | None = None
    nu: AnglePair | None = None
    u: AnyPair | None = None
    v: AnyPair | None = None
    w: AnyPair | None = None
    map: dict[Literal["x", "y", "z"], Annotated[float | Formula, MapFormula()]] | None = Described(
        default=None, description="of a curvilinear mesh: x, y (and z) as formulas of u, v (and w)"
    )
    corners: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Described(
        default=None, description="of a curvilinear mesh: a .npz or .npy file of cell corners, (dim, n0 + 1, ...)"
    )
    focus: PositiveLength | None = Described(
        default=None, description="half the distance of the foci of bipolar, elliptic and like coordinates"
    )
    cells: list[Annotated[int, Whole(1)]] = Described(
        default_factory=list, max_length=3, description="the number of cells along each axis; not with `corners`"
    )
    periodic: list[Axis] = Described(default_factory=list)
    stretch: dict[Axis, Stretch] = Described(default_factory=dict)

    @field_validator("cells", mode="before")
    @classmethod
    def open_cells(cls, value: Any) -> Any:
        """Let one number stand for a list of one."""
        return [value] if isinstance(value, int | str) and not isinstance(value, bool) else value

    @property
    def spans(self) -> dict[str, tuple[float, float]]:
        """The range of each axis that is given, in the order of the coordinates."""
        given = {name: getattr(self, name) for name in AXES[self.type]}
        return {name: (pair[0], pair[1]) for name, pair in given.items() if pair is not None}
