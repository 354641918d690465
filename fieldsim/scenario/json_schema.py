"""The JSON Schema of scenario files, from the same models that validate them."""

from __future__ import annotations

from typing import Any

from fieldsim.scenario.schema import FORMAT, Scenario


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file."""
    schema = Scenario.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = f"fieldsim scenario, format {FORMAT}"
    return schema
