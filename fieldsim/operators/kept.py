"""What was prepared for a mesh, kept while the mesh lives."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar
from weakref import WeakKeyDictionary

from fieldsim.meshes import Mesh

T = TypeVar("T")
# Prepared operators, by mesh: dropped with the mesh.
_REGISTRY: WeakKeyDictionary[Mesh, dict[Hashable, object]] = WeakKeyDictionary()


def kept(mesh: Mesh, key: Hashable, build: Callable[[], T]) -> T:
    """Return what `build` made for this mesh and key the first time."""
    store = _REGISTRY.setdefault(mesh, {})
    if key not in store:
        store[key] = build()
    return store[key]  # type: ignore[return-value]
