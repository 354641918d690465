"""Apply ``--set key=value``: put a value at a dotted path of the scenario's tree before it is validated.

A key without a dot is a parameter if there is one of that name, and a top-level key otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fieldsim.errors import Finding, ScenarioError
from fieldsim.scenario.faults import did_you_mean
from fieldsim.scenario.nodes import Node, Path, Place, plain
from fieldsim.scenario.reader import read_text
from fieldsim.scenario.schema import Scenario

_NOT_ASKED = ("title", "about", "question", "exact", "derive", "probe", "check", "view", "solver")
_NOT_ASKED_BELOW = (
    ("mesh", "cells"), ("time", "outputs"), ("time", "at"), ("time", "method"), ("time", "step"), ("time", "tolerance"),
    ("time", "absolute_tolerance"), ("time", "jumps"),
)  # fmt: skip


def apply(root: Node, settings: Sequence[str], name: str) -> Node:
    """Return the tree with every ``key=value`` put in; raises ScenarioError naming each bad one."""
    findings: list[Finding] = []
    for text in settings:
        try:
            root = _applied(root, text)
        except _BadSettingError as error:
            findings.append(Finding(str(error)))
        except ScenarioError as error:
            findings.extend(Finding(f"--set {text[:80]}: {f.message}") for f in error.findings)
    if findings:
        raise ScenarioError(name, findings)
    return root


def changes_question(root: Node, settings: Sequence[str]) -> bool:
    """Tell whether settings change what is asked, rather than how finely it is computed, read or drawn."""
    for text in settings:
        path = _path(root, text.partition("=")[0].strip(), "--set")
        if path[0] not in _NOT_ASKED and path[:2] not in _NOT_ASKED_BELOW:
            return True
    return False


class _BadSettingError(Exception):
    """A setting that cannot be applied; the message says why."""


def _applied(root: Node, text: str) -> Node:
    key, equals, value = text.partition("=")
    option = f"--set {text if len(text) <= 80 else text[:77] + '...'}"
    if not equals or not key.strip():
        raise _BadSettingError(f"{option}: must be key=value. For example --set parameters.L=0.2.")
    node = _value(value, Place(option=option))
    return _put(root, _path(root, key.strip(), option), node, option)


def _value(text: str, place: Place) -> Node:
    """Read the value as YAML; text that is no YAML collection or scalar is refused by the reader."""
    wrapped = read_text("value: " + text if text.strip() else "value: ''", "--set")
    return _placed(wrapped.content["value"], place)


def _placed(node: Node, place: Place) -> Node:
    content: Any = node.content
    if isinstance(content, dict):
        content = {key: _placed(value, place) for key, value in content.items()}
    elif isinstance(content, list):
        content = [_placed(value, place) for value in content]
    return Node(content, place, place, node.count)


def _path(root: Node, key: str, option: str) -> Path:
    """Return the path that a key names."""
    steps: list[str | int] = [int(step) if step.isdecimal() else step for step in key.split(".")]
    if any(step == "" for step in steps):
        raise _BadSettingError(f"{option}: the key has an empty part. Write it as mesh.cells.")
    parameters = plain(root).get("parameters")
    known = list(parameters) if isinstance(parameters, dict) else []
    top = list(Scenario.model_fields)
    if len(steps) == 1 and steps[0] in known:
        return ("parameters", steps[0])
    if steps[0] not in top:
        hint = did_you_mean(str(steps[0]), [*known, *top])
        listed = ", ".join([*known, *top])
        raise _BadSettingError(f"{option}: unknown key `{ascii(steps[0])[1:-1]}`. {hint} Known: {listed}.")
    if len(steps) == 2 and steps[0] == "parameters" and steps[1] not in known:
        hint = did_you_mean(str(steps[1]), known)
        raise _BadSettingError(
            f"{option}: the scenario has no parameter `{ascii(steps[1])[1:-1]}`. {hint} "
            f"Known: {', '.join(known) or 'none'}."
        )
    return tuple(steps)


def _put(node: Node, path: Path, value: Node, option: str) -> Node:
    """Return a copy of the tree with `value` at `path`; mappings on the way are made."""
    if not path:
        return replace(value, key_place=node.key_place)
    step, rest = path[0], path[1:]
    content = node.content
    if isinstance(content, list):
        if not isinstance(step, int) or step >= len(content):
            raise _BadSettingError(f"{option}: `{step}` must be an index below {len(content)} here.")
        return replace(node, content=[_put(n, rest, value, option) if k == step else n for k, n in enumerate(content)])
    if not isinstance(content, dict):
        if content is not None:
            raise _BadSettingError(f"{option}: `{step}` stands below a value that has no keys. Shorten the key.")
        content = {}
    key = str(step)
    below = content.get(key, Node(None, value.place, value.place))
    return replace(node, content={**content, key: _put(below, rest, value, option)})
