"""Conditions on the sides of a body, in physicists' words; "out" is along the outward normal."""

from fieldsim.boundary.conditions import Condition, Convective, FluxOut, GradientOut, Value
from fieldsim.boundary.given import Given, Number, Place, read_given
from fieldsim.boundary.law import BoundCondition, Wall, WallLaw, WallUnits, bind_walls, place_on_side

__all__ = [
    "BoundCondition",
    "Condition",
    "Convective",
    "FluxOut",
    "Given",
    "GradientOut",
    "Number",
    "Place",
    "Value",
    "Wall",
    "WallLaw",
    "WallUnits",
    "bind_walls",
    "place_on_side",
    "read_given",
]
