"""Coordinate systems: the only place that knows what "spherical" means."""

from fieldsim.coordinates.base import Coordinates, Image, Pole
from fieldsim.coordinates.registry import REGISTRY
from fieldsim.coordinates.systems import (
    Cartesian1,
    Cartesian2,
    Cartesian3,
    Cylindrical,
    Polar,
    Spherical,
)

__all__ = [
    "REGISTRY",
    "Cartesian1",
    "Cartesian2",
    "Cartesian3",
    "Coordinates",
    "Cylindrical",
    "Image",
    "Polar",
    "Pole",
    "Spherical",
]
