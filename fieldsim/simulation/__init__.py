"""Problems and their answers: what is solved, how it is run, and what can be asked of the result."""

from fieldsim.simulation.answers import Answer
from fieldsim.simulation.balance import Balance
from fieldsim.simulation.coupled import CoupledProblem
from fieldsim.simulation.coupled_result import CoupledResult
from fieldsim.simulation.estimate import ErrorEstimate, estimate_error
from fieldsim.simulation.problem import Problem
from fieldsim.simulation.record import RunState
from fieldsim.simulation.result import Result, SideResult, SolverRecord
from fieldsim.simulation.run import Moment, Observer, evolve
from fieldsim.simulation.steady import solve

__all__ = [
    "Answer",
    "Balance",
    "CoupledProblem",
    "CoupledResult",
    "ErrorEstimate",
    "Moment",
    "Observer",
    "Problem",
    "Result",
    "RunState",
    "SideResult",
    "SolverRecord",
    "estimate_error",
    "evolve",
    "solve",
]
