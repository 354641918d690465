"""The part of the schema that says which pictures are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import Field as Described
from pydantic import StringConstraints

from fieldsim.errors import InvalidInput
from fieldsim.scenario.amounts import Formula, Setting, shown
from fieldsim.scenario.base_models import Choice, Record
from fieldsim.scenario.faults import did_you_mean
from fieldsim.scenario.formula_slots import FieldExpression, FormulaIn
from fieldsim.scenario.slots import UNKNOWN, InUnit, Length, Name, Seconds, Slot, Whole

Title = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Of = Annotated[str, FieldExpression()]
Count = Annotated[int, Whole(1, 2000)]
Side = Literal[
    "x-", "x+", "y-", "y+", "z-", "z+", "r-", "r+", "theta-", "theta+", "phi-", "phi+",
    "sigma-", "sigma+", "tau-", "tau+", "mu-", "mu+", "nu-", "nu+", "u-", "u+", "v-", "v+", "w-", "w+",
]  # fmt: skip
Scale = Literal["auto", "linear", "log", "geometric"]
Exact = Annotated[float | Formula, FormulaIn(UNKNOWN)]

Label = Annotated[
    str,
    StringConstraints(min_length=1, max_length=60),
    Described(description="what the curve of `exact` is called; `exact` if left out"),
]


@dataclass(frozen=True)
class ExitSlot(Slot):
    """A side of the mesh, or a body by its name or as fixed[0]; with `mesh`, also the whole mesh."""

    mesh: bool = False

    def read(self, value: Any, setting: Setting) -> str:
        """Return the name."""
        sides = get_args(Side)
        known = [*(["mesh"] if self.mesh else []), *setting.bodies, *sides]
        if isinstance(value, str) and value in known:
            return value
        hint = did_you_mean(str(value), known) or "For example x-."
        bodies = f", a body ({', '.join(setting.bodies)})" if setting.bodies else ""
        raise InvalidInput(f"must be {'mesh, ' if self.mesh else ''}a side{bodies}; got {shown(value)}. {hint}")

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what may be written."""
        return {"type": "string", "description": "A side such as x- or r+, or the name of a body."}


class Picture(Record):
    """What all pictures share: the field that is drawn, a title, and the output time."""

    short = "of"

    of: Of
    title: Title | None = None
    time: Seconds | None = Described(default=None, description="the output time; the last one if left out")


class IsosurfacesSpec(Picture):
    """Surfaces of equal value; with `lines`, the lines of a vector field through them."""

    scale: Scale = "auto"
    levels: Annotated[int, Whole(1, 20)] | None = None
    lines: Of | None = None


class FieldLinesSpec(Picture):
    """Lines along a vector field, as many from a source as it is strong."""

    count: Count | None = None
    normal: Literal["x", "y", "z"] | None = None


class ArrowsSpec(Picture):
    """A vector field as arrows on an even grid."""

    count: Annotated[int, Whole(2, 60)] | None = None
    normal: Literal["x", "y", "z"] | None = None


class SliceSpec(Picture):
    """A plane through the field with contours (`levels: 0` leaves them out), and on request arrows."""

    normal: Literal["x", "y", "z"] | None = None
    at: Length | None = None
    scale: Scale = "auto"
    levels: Annotated[int, Whole(0, 60)] | None = None
    arrows: Of | None = None


class CutawaySpec(Picture):
    """A body coloured by the field, an eighth of it cut away."""


class ReliefSpec(Picture):
    """A plane field as a landscape, with contours and arrows on the slope."""

    arrows: Of | None = None
    exaggeration: Annotated[float, InUnit("", positive=True)] | None = None


class ProfileSpec(Picture):
    """Values along a line probe (or along the one axis there is), with the exact formula over them."""

    along: Annotated[str, Name()] | None = None
    exact: Exact | None = None
    label: Label | None = None


class HistorySpec(Picture):
    """Values over time at a point probe, or of what a side or a body knows (`flux`, `outflow`), and the exact ones."""

    at: Annotated[str, Name()] | None = None
    over: Annotated[str, ExitSlot()] | None = None
    exact: Exact | None = None
    label: Label | None = None


class AnimationSpec(Picture):
    """A movie of a transient, with one colour range for all frames; `levels` are the contours of a slice."""

    levels: Annotated[int, Whole(0, 60)] | None = None
    exact: Exact | None = None
    label: Label | None = None
    normal: Literal["x", "y", "z"] | None = None


class View(Choice):
    """One picture."""

    isosurfaces: IsosurfacesSpec | None = None
    field_lines: FieldLinesSpec | None = None
    arrows: ArrowsSpec | None = None
    slice: SliceSpec | None = None
    cutaway: CutawaySpec | None = None
    relief: ReliefSpec | None = None
    profile: ProfileSpec | None = None
    history: HistorySpec | None = None
    animation: AnimationSpec | None = None
