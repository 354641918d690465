"""Structured meshes on any coordinate system."""

from fieldsim.meshes.axis import Axis
from fieldsim.meshes.constructors import build_mesh, cartesian, cylindrical, orthogonal, polar, spherical
from fieldsim.meshes.curvilinear import CurvilinearMesh, curvilinear
from fieldsim.meshes.mesh import Mesh, Side

__all__ = [
    "Axis",
    "CurvilinearMesh",
    "Mesh",
    "Side",
    "build_mesh",
    "cartesian",
    "curvilinear",
    "cylindrical",
    "orthogonal",
    "polar",
    "spherical",
]
