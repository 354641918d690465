"""Compose solid pictures: surfaces of equal value, and a body with an eighth cut away.

Surfaces that close on themselves are drawn opaque and cut open towards the viewer, so that the inner ones show;
surfaces that end at the walls are drawn translucent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fieldsim.arrays import FloatArray
from fieldsim.errors import InvalidInput, must
from fieldsim.fields import ScalarField
from fieldsim.view import palette
from fieldsim.view.charges import PointLike, markers, positions
from fieldsim.view.compose_plane import Patch, plane_slice, sampled
from fieldsim.view.contours import is_flattened, plane_patches
from fieldsim.view.grid import Block, Walls, block
from fieldsim.view.labels import quantity, space_frame, unsqueezed, with_unit
from fieldsim.view.scales import Law, choose
from fieldsim.view.scene import Camera, Frame, Isosurfaces, Layer, Scene, Surface

# the wedge towards the default camera: x > 0, y < 0, z > 0
_CORE = "#aab2bd"
_FACE_SAMPLES = 121
_TOWARDS_VIEWER = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]])


def isosurfaces(
    field: ScalarField,
    *,
    levels: Sequence[float] | None = None,
    scale: Law = "auto",
    count: int = 4,
    sources: Sequence[PointLike] = (),
    limits: tuple[float, float] | None = None,
    colormap: str | None = None,
    title: str = "",
    walls: Walls | None = None,
) -> Scene:
    """Compose surfaces of equal value of a scalar field in space.

    `levels` lists the values; left out, `count` of them follow the law `scale` ("geometric" suits 1/r). `sources` are
    drawn as balls. Raises InvalidInput for a field on a line; on a patch the contours of a slice are drawn.
    """
    solid = block(field, walls=walls)
    name = field.name or "f"
    heading = title or f"Surfaces of equal {name}"
    if solid.ndim == 2:
        return plane_slice(field, contours=levels or True, scale=scale, sources=sources, title=heading, walls=walls)
    _must_be_solid(solid, "isosurfaces")
    outer, inner = _outer_and_inner(_faces(solid))
    choice = choose(
        [solid.within(solid.values)],
        label=with_unit(name, field.unit),
        unit=field.unit,
        law=scale,
        count=count,
        levels=levels,
        limits=limits,
        colormap=colormap,
        rim=np.concatenate([values[np.isfinite(values)] for _, values in outer]) if outer else None,
    )
    if choice.scale.colormap == palette.DIVERGING and choice.scale.kind == "linear":
        # a surface near zero would be white on white
        choice = replace(choice, scale=replace(choice.scale, colormap=palette.DIVERGING_GREY))
    opening = _opening(solid, sources) if choice.closed else None
    shells = Isosurfaces(
        solid.points,
        solid.values,
        choice.levels,
        choice.scale,
        choice.scale.kind,
        choice.scale.threshold,
        opacity=1.0 if choice.closed else 0.5,
        opening=opening,
    )
    cores = [Surface(points, colour=_CORE) for points, _ in inner]
    frame = space_frame([solid.points])
    extent = 0.5 * max(frame.bounds[1] - frame.bounds[0], frame.bounds[5] - frame.bounds[4])
    balls = markers(sources, field.unit, extent)
    note = "Surfaces at " + ", ".join(quantity(v, "") for v in choice.levels) + f" {quantity(0, field.unit)[2:]}"
    scene = Scene(
        heading,
        (*cores, shells, *balls),
        frame,
        Camera(azimuth=-52.0, elevation=24.0),
        notes=(note.rstrip(),),
        instead=plane_slice(
            field,
            normal="y",
            contours=choice.levels,
            scale=scale,
            sources=sources,
            title=heading,
            limits=limits,
            walls=walls,
        ),
    )
    return unsqueezed(scene)


def cutaway(
    field: ScalarField,
    *,
    title: str = "",
    limits: tuple[float, float] | None = None,
    colormap: str | None = None,
    scale: Law = "linear",
    walls: Walls | None = None,
) -> Scene:
    """Compose a body coloured by the field, the eighth towards the viewer cut away to show the inside.

    Raises InvalidInput for a field that does not fill a body.
    """
    solid = block(field, walls=walls)
    _must_be_solid(solid, "a cut-away")
    name = field.name or "f"
    frame = space_frame([solid.points])
    centre = np.array([0.5 * (frame.bounds[2 * k] + frame.bounds[2 * k + 1]) for k in range(3)])
    choice = choose(
        [solid.within(solid.values)],
        label=with_unit(name, field.unit),
        unit=field.unit,
        law=scale,
        limits=limits,
        colormap=colormap,
    )
    wedge = (centre, _TOWARDS_VIEWER)
    layers: list[Layer] = [Surface(points, values, choice.scale, opening=wedge) for points, values in _faces(solid)]
    for k in range(3):
        patches = plane_patches(solid.points, [solid.values], np.eye(3)[k], float(centre[k]))
        others = np.delete(_TOWARDS_VIEWER, k, axis=0)
        cut = None if patches is None else [(points, values) for points, (values,) in patches]
        # a curvilinear mesh has no layer of cells along the plane: there the field is sampled
        for points, values in cut or [_sampled_face(field, frame, centre, k)]:
            layers.append(Surface(points, values, choice.scale, lit=False, window=(centre, others)))
    heading = title or f"{name}, cut open"
    scene = Scene(
        heading,
        tuple(layers),
        frame,
        Camera(azimuth=-52.0, elevation=24.0),
        instead=plane_slice(field, normal="y", scale=scale, limits=limits, title=heading, walls=walls),
    )
    return unsqueezed(scene)


def _sampled_face(field: ScalarField, frame: Frame, centre: FloatArray, k: int) -> Patch:
    """Return the field over the quarter that is laid open of the plane across component k, NaN outside the mesh."""
    bounds = np.asarray(frame.bounds).reshape(3, 2)
    ahead = _TOWARDS_VIEWER.sum(axis=0) > 0.0
    low, high = np.where(ahead, centre, bounds[:, 0]), np.where(ahead, bounds[:, 1], centre)
    one, two = (axis for axis in range(3) if axis != k)
    return sampled(field, low, high, (one, two), centre, _FACE_SAMPLES)


def _must_be_solid(solid: Block, what: str) -> None:
    if solid.ndim != 3:
        raise InvalidInput(
            must("view", f"a field in space for {what}", f"a field over {solid.ndim} axis", "Draw a profile instead.")
        )


def _opening(solid: Block, sources: Sequence[PointLike]) -> tuple[FloatArray, FloatArray]:
    """Return the wedge to cut out: an eighth at a single centre, a quarter along several."""
    if sources:
        places = positions(sources)
        centre = places.mean(axis=0)
        return centre, _TOWARDS_VIEWER if len(places) == 1 else _TOWARDS_VIEWER[:2]
    flat = np.nan_to_num(np.abs(solid.values), nan=0.0)
    low, high = solid.points.reshape(-1, 3).min(axis=0), solid.points.reshape(-1, 3).max(axis=0)
    centre = 0.5 * (low + high)
    peak = solid.points.reshape(-1, 3)[int(flat.argmax())]
    near = np.linalg.norm(peak - centre) < 0.5 * np.linalg.norm(high - low)
    return (centre if near else peak), _TOWARDS_VIEWER


def _outer_and_inner(faces: Sequence[Patch]) -> tuple[list[Patch], list[Patch]]:
    """Tell the faces that bound a body from those of a core left out inside it, which reach no end of it."""
    if not faces:
        return [], []
    low = np.min([face[0].reshape(-1, 3).min(axis=0) for face in faces], axis=0)
    high = np.max([face[0].reshape(-1, 3).max(axis=0) for face in faces], axis=0)
    slack = 1e-9 * float(np.max(high - low))
    outer: list[Patch] = []
    inner: list[Patch] = []
    for face in faces:
        cloud = face[0].reshape(-1, 3)
        touches = (cloud.min(axis=0) < low + slack) | (cloud.max(axis=0) > high - slack)
        (outer if touches.any() else inner).append(face)
    return outer, inner


def _faces(solid: Block) -> list[tuple[FloatArray, FloatArray]]:
    """Return the outer faces of a block, those left out that shrink to a line or lie on each other (a seam)."""
    found = []
    span = float(np.ptp(solid.points))
    for axis in range(3):
        low, high = (np.take(solid.points, end, axis=axis) for end in (0, -1))
        if np.allclose(low, high, rtol=0.0, atol=1e-9 * span):
            continue
        for end, face in ((0, low), (-1, high)):
            if float(np.ptp(face)) > 1e-9 * span and not is_flattened(face):
                found.append((face, np.take(solid.values, end, axis=axis)))
    return found
