"""Problems and their answers: what is solved, how it is run, and what can be asked of the result."""

from fieldsim.simulation.balance import Balance
from fieldsim.simulation.problem import Problem
from fieldsim.simulation.record import RunState
from fieldsim.simulation.result import Result, SideResult, SolverRecord
from fieldsim.simulation.run import Moment, Observer, evolve
from fieldsim.simulation.steady import solve

__all__ = [
    "Balance",
    "Moment",
    "Observer",
    "Problem",
    "Result",
    "RunState",
    "SideResult",
    "SolverRecord",
    "evolve",
    "solve",
]
