"""Equations of physics over one conservative core: storage du/dt = div(K grad u) + source."""

from fieldsim.physics.equation import Coefficient, Equation
from fieldsim.physics.finite_volume import FiniteVolume, discretise
from fieldsim.physics.models import Diffusion, Electrostatics, Gravity, Heat, Model
from fieldsim.physics.system import ConservationSystem

__all__ = [
    "Coefficient",
    "ConservationSystem",
    "Diffusion",
    "Electrostatics",
    "Equation",
    "FiniteVolume",
    "Gravity",
    "Heat",
    "Model",
    "discretise",
]
