"""Conditions on the sides of a body, in physicists' words; "out" is along the outward normal."""

from fieldsim.boundary.conditions import Condition, Convective, FluxOut, GradientOut, Radiative, Value, bind_walls
from fieldsim.boundary.far_field import FarField, OpenSide
from fieldsim.boundary.given import Given, Number, read_given
from fieldsim.boundary.law import BoundCondition, Wall, WallLaw, WallState, WallUnits, place_on_side, settled
from fieldsim.boundary.pieces import Where, is_pieces, read_where
from fieldsim.boundary.place import Place

__all__ = [
    "BoundCondition",
    "Condition",
    "Convective",
    "FarField",
    "FluxOut",
    "Given",
    "GradientOut",
    "Number",
    "OpenSide",
    "Place",
    "Radiative",
    "Value",
    "Wall",
    "WallLaw",
    "WallState",
    "WallUnits",
    "Where",
    "bind_walls",
    "is_pieces",
    "place_on_side",
    "read_given",
    "read_where",
    "settled",
]
