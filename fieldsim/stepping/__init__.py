"""Time stepping of du/dt = f(t, u) on arrays: methods, error control, landing on given times."""

from fieldsim.stepping.clock import Clock, Step
from fieldsim.stepping.march import march, stable_step
from fieldsim.stepping.methods import METHODS, method_named
from fieldsim.stepping.system import Method, Past, System, Trial
from fieldsim.stepping.tableaux import Tableau

__all__ = [
    "METHODS",
    "Clock",
    "Method",
    "Past",
    "Step",
    "System",
    "Tableau",
    "Trial",
    "march",
    "method_named",
    "stable_step",
]
