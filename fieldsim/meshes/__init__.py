"""Structured meshes on any coordinate system."""

from fieldsim.meshes.axis import Axis
from fieldsim.meshes.constructors import build_mesh, cartesian, cylindrical, polar, spherical
from fieldsim.meshes.mesh import Mesh, Side

__all__ = ["Axis", "Mesh", "Side", "build_mesh", "cartesian", "cylindrical", "polar", "spherical"]
