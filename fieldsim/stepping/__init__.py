"""Time stepping of du/dt = f(t, u) on arrays: methods as tables, error control, landing on given times."""

from fieldsim.stepping.march import Clock, Step, march, stable_step
from fieldsim.stepping.system import Stage, System
from fieldsim.stepping.tableaux import METHODS, Tableau, method_named

__all__ = [
    "METHODS",
    "Clock",
    "Stage",
    "Step",
    "System",
    "Tableau",
    "march",
    "method_named",
    "stable_step",
]
