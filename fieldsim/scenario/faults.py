"""Turn pydantic's errors into findings: our sentences, with their place and the nearest known key."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from fieldsim.errors import Finding
from fieldsim.scenario.nodes import Node, Path, child, escaped, finding

_SENTENCES: Mapping[str, str] = {
    "string_type": "must be text; got {got}. Put it in quotes.",
    "string_too_short": "must not be empty. Write some text.",
    "string_too_long": "must be at most {max_length} characters long; got {got}. Shorten it.",
    "list_type": "must be a list; got {got}. Write it as [a, b].",
    "too_short": "must have at least {min_length} values; got {actual_length}. Add the missing ones.",
    "too_long": "must have at most {max_length} values; got {actual_length}. Remove the rest.",
    "dict_type": "must be a mapping; got {got}. Write it as {{key: value}}.",
    "model_type": "must be a mapping; got {got}. Write it as {{key: value}}.",
    "model_attributes_type": "must be a mapping; got {got}. Write it as {{key: value}}.",
    "bool_type": "must be true or false; got {got}. Write true or false without quotes.",
    "literal_error": "must be {expected}; got {got}. {hint}",
}


def findings_of(error: ValidationError, root: Node, model: type[BaseModel]) -> list[Finding]:
    """Return one finding for each of pydantic's errors."""
    return [_finding(detail, root, model) for detail in error.errors(include_url=False)]


def _finding(detail: Any, root: Node, model: type[BaseModel]) -> Finding:
    path, of_key = _path_in(root, tuple(detail["loc"]))
    kind = detail["type"]
    if kind == "fieldsim":
        return finding(root, path, detail["ctx"]["message"], of_key=of_key)
    if kind == "missing":
        message = f"the key `{path[-1]}` is required here. Add it."
        return finding(root, path, message)
    if kind == "extra_forbidden":
        known = allowed_keys(model, path[:-1])
        return finding(root, path, unknown_key(str(path[-1]), known), of_key=True)
    got = _shown(detail.get("input"))
    context = dict(detail.get("ctx") or {})
    expected = str(context.get("expected", ""))
    hint = did_you_mean(
        str(detail.get("input")), [part.strip("' ") for part in expected.replace(" or ", ",").split(",")]
    )
    if of_key and kind == "literal_error":
        words = [part.strip("' ") for part in expected.replace(" or ", ",").split(",")]
        return finding(root, path, unknown_key(str(path[-1]), words), of_key=True)
    sentence = _SENTENCES.get(kind)
    context |= {
        "got": got,
        "expected": f"one of {expected}" if "," in expected or " or " in expected else expected,
    }
    message = sentence.format(**context, hint=hint or "Choose one of them.") if sentence else _plainly(detail, got)
    return finding(root, path, message, of_key=of_key)


def _plainly(detail: Any, got: str) -> str:
    return f"is wrong: {detail['msg'][0].lower()}{detail['msg'][1:]}; got {got}. Correct it."


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return "nothing" if value is None else ascii(value)[:200]


def _path_in(root: Node, location: tuple[str | int, ...]) -> tuple[Path, bool]:
    """Return the part of a location that the file has (its end always counts), and whether a key is meant.

    Short forms (a list that stands for a mapping) add steps that the file does not have.
    """
    of_key = bool(location) and location[-1] == "[key]"
    steps = location[:-1] if of_key else location
    node: Node | None = root
    path: list[str | int] = []
    for number, step in enumerate(steps):
        below = child(node, step) if node is not None else None
        if below is not None:
            node = below
            path.append(step)
        elif node is not None and isinstance(node.content, dict) and number == len(steps) - 1:
            path.append(step)
    return tuple(path), of_key


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Return the sentence for a key that does not exist, with the nearest one that does."""
    shown = escaped(key)
    hint = did_you_mean(key, known)
    listed = ", ".join(known) if len(known) <= 20 else ", ".join(known[:20]) + ", ..."
    return f"unknown key {shown}. {hint or 'Remove it.'} Known here: {listed or 'none'}."


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return ``Did you mean `near`?``, or nothing when nothing is near."""
    lowered = {name.lower(): name for name in known}
    close = get_close_matches(word[:60], known, n=1, cutoff=0.6) or [
        lowered[name] for name in get_close_matches(word[:60].lower(), list(lowered), n=1, cutoff=0.6)
    ]
    return f"Did you mean `{close[0]}`?" if close else ""


def allowed_keys(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys that the schema knows at a path."""
    here: Any = model
    for step in path:
        here = _below(here, step)
    found = _model_in(here)
    return list(found.model_fields) if found is not None else []


def _below(annotation: Any, step: str | int) -> Any:
    model = _model_in(annotation)
    if model is not None and isinstance(step, str):
        field = model.model_fields.get(step)
        if field is not None:
            return field.annotation
        short = getattr(model, "short", None)
        return model.model_fields[short].annotation if short in model.model_fields else None
    for part in _parts(annotation):
        if typing.get_origin(part) is list:
            return typing.get_args(part)[0]
        if typing.get_origin(part) is dict:
            return typing.get_args(part)[1]
    return None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    for part in _parts(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def _parts(annotation: Any) -> list[Any]:
    """Return the alternatives of a union, without None and without Annotated."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _parts(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [part for arg in typing.get_args(annotation) for part in _parts(arg)]
    return [] if annotation is type(None) else [annotation]
