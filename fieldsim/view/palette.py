"""Colour maps as plain tables: 256 rows of red, green, blue in [0, 1] for a name matplotlib knows."""

from __future__ import annotations

import difflib
from functools import lru_cache
from typing import Any

import numpy as np

from fieldsim.errors import InvalidInput, must
from fieldsim.view.scene import Array, ColourScale

SEQUENTIAL = "viridis"
DIVERGING = "RdBu_r"
DIVERGING_GREY = "coolwarm"
TEMPERATURE = "RdYlBu_r"
TERRAIN = "land"
WARM = "YlOrRd"
COLD = "GnBu_r"


@lru_cache(maxsize=32)
def table(name: str) -> Array:
    """Return the colour table (256, 3) of the colour map `name`; InvalidInput suggests a near name.

    "land" is matplotlib's gist_earth without its sea.
    """
    import matplotlib

    if name == TERRAIN:
        return _rows(matplotlib.colormaps["gist_earth"](np.linspace(0.34, 0.97, 256)))
    if name not in matplotlib.colormaps:
        near = difflib.get_close_matches(name, list(matplotlib.colormaps), n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Take {SEQUENTIAL!r} or {DIVERGING!r}."
        raise InvalidInput(must("colormap", "a colour map of matplotlib", name, hint))
    return _rows(matplotlib.colormaps[name](np.linspace(0.0, 1.0, 256)))


def _rows(colours: Array) -> Array:
    rows = np.array(colours, dtype=float)[:, :3].copy()
    rows.setflags(write=False)
    return rows


def colours(scale: ColourScale, values: Array) -> Array:
    """Return the colours (..., 3) in [0, 1] of values on a scale; NaN becomes white."""
    fraction = scale.fraction(values)
    index = np.nan_to_num(fraction * 255.0, nan=0.0).round().astype(int)
    return np.where(np.isnan(fraction)[..., None], 1.0, table(scale.colormap)[index])


def listed(name: str) -> Any:
    """Return the table as the colour map object that matplotlib and PyVista take."""
    from matplotlib.colors import ListedColormap

    return ListedColormap(table(name))
