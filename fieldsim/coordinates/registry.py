"""All coordinate systems by name: adding one is a class and a line here."""

from __future__ import annotations

from fieldsim.coordinates.base import Coordinates
from fieldsim.coordinates.focal import Bipolar, EllipticCylinder, Parabolic, ProlateSpheroidal, Toroidal
from fieldsim.coordinates.systems import Cartesian1, Cartesian2, Cartesian3, Cylindrical, Polar, Spherical

# By name, the system in each number of dimensions it exists in.
REGISTRY: dict[str, tuple[type[Coordinates], ...]] = {
    "cartesian": (Cartesian1, Cartesian2, Cartesian3),
    "polar": (Polar,),
    "cylindrical": (Cylindrical,),
    "spherical": (Spherical,),
    "parabolic": (Parabolic,),
    "elliptic_cylinder": (EllipticCylinder,),
    "bipolar": (Bipolar,),
    "prolate_spheroidal": (ProlateSpheroidal,),
    "toroidal": (Toroidal,),
}
