"""A checked scenario as a file again: everything in SI, with defaults, settings and parameters worked out.

Reading it back gives the same run.
"""

from __future__ import annotations

import io
from typing import Any

from pydantic import BaseModel

from fieldsim.scenario.amounts import Formula
from fieldsim.scenario.load import Loaded
from fieldsim.scenario.targets import Allowance, Expected


def resolved_tree(loaded: Loaded) -> dict[str, Any]:
    """Return the scenario as plain data in SI."""
    tree: dict[str, Any] = _plain(loaded.scenario)
    parameters = loaded.setting.parameters
    if parameters:
        tree["parameters"] = {name: _with_unit(p.value, p.unit) for name, p in parameters.items()}
    return tree


def resolved_text(loaded: Loaded) -> str:
    """Return the scenario as YAML in SI."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.allow_unicode = True
    yaml.width = 110
    stream = io.StringIO()
    yaml.dump(resolved_tree(loaded), stream)
    return stream.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        fields = {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        return {name: item for name, item in fields.items() if item is not None and item not in ({}, [], "")}
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Formula):
        return value.resolved
    if isinstance(value, Expected):
        numbers = [_with_unit(number, value.unit) for number in value.values]
        return numbers if value.is_vector else numbers[0]
    if isinstance(value, Allowance):
        if value.relative is not None:
            return f"{value.relative * 100.0!r} %"
        return _with_unit(float(value.absolute or 0.0), value.unit)
    return value


def _with_unit(value: float, unit: str | None) -> float | str:
    return f"{value!r} {unit}" if unit else value
