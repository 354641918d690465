"""The part of the schema that says which pictures are drawn."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field as Described
from pydantic import StringConstraints

from fieldsim.scenario.base_models import Choice, Record
from fieldsim.scenario.slots import UNKNOWN, FieldExpression, Formula, FormulaIn, Length, Name, Seconds, Whole

Title = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Of = Annotated[str, FieldExpression()]
Levels = Annotated[int, Whole(2, 200)]


class Picture(Record):
    """What all pictures share: the field that is drawn and a title."""

    short = "of"

    of: Of
    title: Title | None = None
    time: Seconds | None = Described(default=None, description="the output time; the last one if left out")


class IsosurfacesSpec(Picture):
    """Surfaces of equal value."""

    scale: Literal["linear", "log"] = "linear"
    levels: Levels | None = None
    lines: Of | None = Described(default=None, description="a vector field whose field lines are drawn along")


class FieldLinesSpec(Picture):
    """Lines along a vector field."""

    count: Annotated[int, Whole(1, 2000)] | None = None
    over: Of | None = Described(default=None, description="a scalar field whose slice lies behind the lines")


class SliceSpec(Picture):
    """A plane through the field with contours, and with arrows of a vector field."""

    normal: Literal["x", "y", "z"] = "z"
    at: Length = 0.0
    scale: Literal["linear", "log", "symlog"] = "linear"
    levels: Levels | None = None
    arrows: Of | None = None
    lines: Of | None = None


class SurfaceSpec(Picture):
    """A plane field raised as a relief, with contours and arrows."""

    levels: Levels | None = None
    arrows: Of | None = None
    downhill: Annotated[int, Whole(0, 200)] | None = None


class CurveSpec(Picture):
    """Values along a probe line, with the exact formula over them."""

    along: Annotated[str, Name()]
    exact: Annotated[float | Formula, FormulaIn(UNKNOWN)] | None = None
    over: Literal["x", "y", "z", "r", "distance"] = "distance"
    log: bool = False


class HistorySpec(Picture):
    """Values at a probe point over time, with the exact formula over them."""

    at: Annotated[str, Name()]
    exact: Annotated[float | Formula, FormulaIn(UNKNOWN)] | None = None


class AnimationSpec(Picture):
    """A movie of a transient, with a fixed colour range."""

    along: Annotated[str, Name()] | None = None
    exact: Annotated[float | Formula, FormulaIn(UNKNOWN)] | None = None


class View(Choice):
    """One picture."""

    isosurfaces: IsosurfacesSpec | None = None
    field_lines: FieldLinesSpec | None = None
    slice: SliceSpec | None = None
    surface: SurfaceSpec | None = None
    curve: CurveSpec | None = None
    history: HistorySpec | None = None
    animation: AnimationSpec | None = None
