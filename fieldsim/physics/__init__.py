"""Equations of physics over one conservative core: storage du/dt = div(K grad u) + source - sink u."""

from fieldsim.physics.bodies import Bodies
from fieldsim.physics.discretise import discretise, place_of_cells
from fieldsim.physics.energy import EnergyVolume
from fieldsim.physics.equation import Coefficient, Equation
from fieldsim.physics.far_field import gone_far, opened, waiting
from fieldsim.physics.finite_volume import FiniteVolume, Linearised, wall_index
from fieldsim.physics.floating import Floating, PreparedWithBodies
from fieldsim.physics.models import Diffusion, Electrostatics, Gravity, Heat, Model
from fieldsim.physics.system import ConservationSystem, flows_of, require_time
from fieldsim.physics.tensor import Tensor

__all__ = [
    "Bodies",
    "Coefficient",
    "ConservationSystem",
    "Diffusion",
    "Electrostatics",
    "EnergyVolume",
    "Equation",
    "FiniteVolume",
    "Floating",
    "Gravity",
    "Heat",
    "Linearised",
    "Model",
    "PreparedWithBodies",
    "Tensor",
    "discretise",
    "flows_of",
    "gone_far",
    "opened",
    "place_of_cells",
    "require_time",
    "waiting",
    "wall_index",
]
