"""Draw a Scene with PyVista, off-screen or in a window: the only file that imports it.

Geometry is brought to drawn coordinates of size one first. Pictures are rendered at twice their size and
averaged down; titles, axes and colour bars are added by `frame`, so VTK draws no text here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyvista
from numpy.typing import NDArray
from vtkmodules.vtkCommonCore import vtkLogger

from fieldsim.fields import ScalarField, VectorField
from fieldsim.view import palette
from fieldsim.view.axes_box import box_lines
from fieldsim.view.camera import VIEW_ANGLE, DrawnSpace, View, drawn_space, look
from fieldsim.view.scene import (
    GREY,
    Array,
    Arrows,
    ColourScale,
    Isosurfaces,
    Layer,
    Lines,
    Markers,
    Scene,
    Surface,
    transform,
)

_SUPERSAMPLING = 2

# VTK warns that there is no X server before it turns to EGL; only errors are of interest
vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)


def self_test() -> None:
    """Render one small picture off-screen; ends with an error, or kills the process, where that fails."""
    plotter = pyvista.Plotter(off_screen=True, window_size=(16, 16))
    plotter.add_mesh(pyvista.Sphere(theta_resolution=4, phi_resolution=4))
    plotter.screenshot(return_img=True)
    plotter.close()


def render(scene: Scene, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the geometry of `scene` as an image (height, width, 3) without any text, `size` = (w, h)."""
    view = look(scene, size[0] / size[1])
    window = (_SUPERSAMPLING * size[0], _SUPERSAMPLING * size[1])
    plotter = pyvista.Plotter(off_screen=True, window_size=window)
    try:
        _fill(plotter, scene, view)
        large = np.asarray(plotter.screenshot(return_img=True), dtype=np.uint16)
    finally:
        plotter.close()
    step = _SUPERSAMPLING
    blocks = large.reshape(size[1], step, size[0], step, 3).sum(axis=(1, 3), dtype=np.uint16)
    return np.asarray((blocks + step * step // 2) // (step * step), dtype=np.uint8)


def window(scene: Scene) -> None:
    """Open an interactive window with the scene, its colour bars and its axes; returns when it is closed."""
    plotter = pyvista.Plotter(window_size=scene.size, title=scene.title)
    _fill(plotter, scene, look(scene, scene.size[0] / scene.size[1]))
    _dress(plotter, scene)
    plotter.show()


def _dress(plotter: Any, scene: Scene) -> None:
    """Add the title, the bars and the axes that a written picture gets from its sheet."""
    plotter.add_title(scene.title, font_size=14, color="black")
    factors = np.repeat(scene.frame.factors, 2)
    names = scene.frame.labels
    plotter.show_bounds(
        axes_ranges=list(np.asarray(scene.frame.bounds) * factors),
        xtitle=names[0],
        ytitle=names[1],
        ztitle=names[2],
        color="black",
        location="outer",
    )
    for number, scale in enumerate(scene.scales):
        table = pyvista.LookupTable(cmap=palette.listed(scale.colormap), scalar_range=(scale.low, scale.high))
        table.log_scale = scale.kind == "log"
        # a bar wants a mapper of its own; this one belongs to a point too small to see
        dot = plotter.add_mesh(pyvista.PolyData([[0.0, 0.0, 0.0]]), point_size=0.1, opacity=0.0)
        dot.mapper.lookup_table = table
        plotter.add_scalar_bar(
            title=scale.label, mapper=dot.mapper, vertical=True, color="black", position_x=0.9 - 0.1 * number
        )


def dataset(field: ScalarField | VectorField) -> Any:
    """Return the field as cell data on the true cells: ImageData, RectilinearGrid or StructuredGrid."""
    mesh = field.mesh
    straight = all(np.all(np.asarray(h) == 1.0) for h in mesh.scale_factors)
    if straight and mesh.ndim == mesh.dim:
        edges = [axis.edges for axis in mesh.axes] + [np.zeros(1)] * (3 - mesh.ndim)
        grid = pyvista.RectilinearGrid(*edges)
        if all(axis.uniform for axis in mesh.axes):
            spacing = [float(axis.length / axis.cells) for axis in mesh.axes] + [1.0] * (3 - mesh.ndim)
            grid = pyvista.ImageData(dimensions=grid.dimensions, spacing=spacing, origin=[float(e[0]) for e in edges])
    else:
        corners = np.zeros((3, *(n + 1 for n in mesh.shape), *(1,) * (3 - mesh.ndim)))
        corners[: mesh.dim] = mesh.corners.reshape(mesh.dim, *corners.shape[1:])
        grid = pyvista.StructuredGrid(*corners)
    name = field.name or "field"
    if isinstance(field, ScalarField):
        grid.cell_data[name] = field.values.ravel(order="F")
        return grid
    vectors = np.zeros((mesh.size, 3))
    for k, component in enumerate(field.cartesian):
        vectors[:, k] = component.ravel(order="F")
    grid.cell_data[name] = vectors
    return grid


def _fill(plotter: Any, scene: Scene, view: View) -> None:
    plotter.set_background("white")
    # multisampling empties translucent layers under depth peeling (VTK 9.7); we supersample instead
    plotter.disable_anti_aliasing()
    plotter.enable_depth_peeling(8)
    space = drawn_space(scene)
    for layer in scene.layers:
        _add(plotter, layer, space)
    edges = _polylines(box_lines(scene, view), np.arange(0, 2 * len(box_lines(scene, view)), 2))
    plotter.add_mesh(edges, color=GREY, line_width=1.5 * _SUPERSAMPLING, lighting=False)
    camera = plotter.camera
    camera.position = tuple(view.position)
    camera.focal_point = tuple(view.focus)
    camera.up = tuple(view.up)
    camera.view_angle = VIEW_ANGLE
    plotter.reset_camera_clipping_range()


def _add(plotter: Any, layer: Layer, space: DrawnSpace) -> None:
    if isinstance(layer, Surface):
        _add_surface(plotter, layer, space)
    elif isinstance(layer, Isosurfaces):
        _add_isosurfaces(plotter, layer, space)
    elif isinstance(layer, Lines):
        _add_lines(plotter, layer, space)
    elif isinstance(layer, Arrows):
        _add_arrows(plotter, layer, space)
    else:
        _add_markers(plotter, layer, space)


def _coloured(
    plotter: Any, mesh: Any, values: Array | None, scale: ColourScale | None, colour: str, **style: Any
) -> None:
    if mesh.n_points == 0:
        return
    if values is None or scale is None:
        plotter.add_mesh(mesh, color=colour, **style)
        return
    mesh.point_data["bar"] = scale.fraction(values)
    plotter.add_mesh(
        mesh,
        scalars="bar",
        clim=(0.0, 1.0),
        cmap=palette.listed(scale.colormap),
        n_colors=256,
        show_scalar_bar=False,
        **style,
    )


_SHINE = {"smooth_shading": True, "specular": 0.12, "specular_power": 18.0, "ambient": 0.34, "diffuse": 0.78}


def _add_surface(plotter: Any, layer: Surface, space: DrawnSpace) -> None:
    mesh = _patch(space(layer.points), layer.values)
    if layer.opening is not None:
        mesh = _opened(mesh, space(layer.opening[0]), layer.opening[1])
    if layer.window is not None:
        mesh = _windowed(mesh, space(layer.window[0]), layer.window[1])
    style = _SHINE if layer.lit else {"lighting": False}
    values = None if layer.values is None or not mesh.n_points else np.asarray(mesh.point_data["value"])
    _coloured(plotter, mesh, values, layer.scale, layer.colour, opacity=layer.opacity, **style)


def _patch(points: Array, values: Array | None) -> Any:
    """Return the facets of a structured surface, without those that touch a NaN."""
    count = points.shape[0] * points.shape[1]
    index = np.arange(count).reshape(points.shape[:2])
    corners = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1, 4)
    known = np.isfinite(points).all(axis=-1).ravel()
    if values is not None:
        known &= np.isfinite(values).ravel()
    corners = corners[known[corners].all(axis=1)]
    faces = np.hstack([np.full((len(corners), 1), 4), corners])
    mesh = pyvista.PolyData(np.nan_to_num(points.reshape(-1, 3)), faces=faces.ravel())
    if values is not None:
        mesh.point_data["value"] = np.nan_to_num(values.ravel())
    return mesh


def _add_isosurfaces(plotter: Any, layer: Isosurfaces, space: DrawnSpace) -> None:
    stretched = transform(layer.values, layer.kind, layer.threshold)
    block = _block(space(layer.points), stretched)
    for level in layer.levels:
        height = float(transform(np.asarray(level), layer.kind, layer.threshold))
        shell = block.contour([height], scalars="field", compute_normals=False)
        if shell.n_points and layer.opening is not None:
            shell = _opened(shell, space(layer.opening[0]), layer.opening[1])
        if shell.n_points == 0:
            continue
        colour = tuple(palette.colours(layer.scale, np.asarray(level)))
        plotter.add_mesh(shell, color=colour, opacity=layer.opacity, scalars=None, **_SHINE)


def _block(points: Array, values: Array) -> Any:
    grid = pyvista.StructuredGrid(*np.moveaxis(points, -1, 0))
    grid.point_data["field"] = values.ravel(order="F")
    if np.isfinite(values).all():
        return grid
    bad = np.isnan(values)
    touched = np.zeros(tuple(n - 1 for n in values.shape), dtype=bool)
    for corner in np.ndindex(2, 2, 2):
        touched |= bad[tuple(slice(c, n - 1 + c) for c, n in zip(corner, values.shape, strict=True))]
    return grid.extract_cells(np.flatnonzero(~touched.ravel(order="F")))


def _opened(shell: Any, origin: Array, normals: Array) -> Any:
    """Take away what lies on the positive side of all planes, one plane at a time to keep edges straight.

    Normals are taken before: clipping turns some facets over, which would leave dark teeth along the cut.
    """
    shell = shell.compute_normals(cell_normals=False, split_vertices=False)
    kept = []
    for normal in normals:
        outside, shell = _halves(shell, origin, normal)
        kept.append(outside)
    rest = pyvista.merge([piece for piece in kept if piece.n_points], merge_points=False)
    rest.point_data.active_normals = np.asarray(rest.point_data["Normals"])
    return rest


def _windowed(shell: Any, origin: Array, normals: Array) -> Any:
    """Keep only what lies on the positive side of all planes."""
    for normal in normals:
        shell = _halves(shell, origin, normal)[1]
    return shell


def _halves(shell: Any, origin: Array, normal: Array) -> tuple[Any, Any]:
    """Return the parts of a surface on the negative and on the positive side of a plane."""
    if shell.n_points == 0:
        return shell, shell
    shell.point_data["side"] = (np.asarray(shell.points, dtype=float) - origin) @ normal
    parts = (shell.clip_scalar(scalars="side", value=0.0, invert=below) for below in (True, False))
    below, above = parts
    return below, above


def _polylines(points: Array, starts: NDArray[np.int64]) -> Any:
    counts = np.diff(np.append(starts, len(points)))
    cells = [np.concatenate([[n], np.arange(s, s + n)]) for s, n in zip(starts, counts, strict=True) if n > 1]
    lines = np.concatenate(cells) if cells else np.zeros(0, dtype=int)
    return pyvista.PolyData(points, lines=lines) if cells else pyvista.PolyData()


def _add_lines(plotter: Any, layer: Lines, space: DrawnSpace) -> None:
    mesh = _polylines(space(layer.points), layer.starts)
    if mesh.n_points == 0:
        return
    values = layer.values
    if layer.tube > 0.0:
        if values is not None:
            mesh.point_data["value"] = values
        mesh = mesh.tube(radius=layer.tube, n_sides=14, capping=True)
        values = None if values is None else np.asarray(mesh.point_data["value"], dtype=float)
        _coloured(plotter, mesh, values, layer.scale, layer.colour, **_SHINE)
        return
    width = layer.width * _SUPERSAMPLING
    _coloured(plotter, mesh, values, layer.scale, layer.colour, line_width=width, lighting=False)


def _add_arrows(plotter: Any, layer: Arrows, space: DrawnSpace) -> None:
    vectors = space.vectors(layer.vectors)
    length = np.linalg.norm(vectors, axis=1)
    use = np.isfinite(length) & (length > 0.0)
    if not use.any():
        return
    start = space(layer.points)[use] - (0.5 * vectors[use] if layer.centred else 0.0)
    cloud = pyvista.PolyData(start)
    cloud.point_data["vector"], cloud.point_data["length"] = vectors[use], length[use]
    if layer.values is not None:
        cloud.point_data["value"] = layer.values[use]
    if layer.heads_only:
        shape = pyvista.Cone(center=(0.5, 0, 0), direction=(1, 0, 0), height=1.0, radius=0.34, resolution=24)
    else:
        shape = pyvista.Arrow(
            tip_length=0.36, tip_radius=0.13, tip_resolution=24, shaft_radius=0.045, shaft_resolution=16
        )
    mesh = cloud.glyph(orient="vector", scale="length", factor=1.0, geom=shape)
    values = None if layer.values is None else np.asarray(mesh.point_data["value"], dtype=float)
    _coloured(plotter, mesh, values, layer.scale, layer.colour, **{**_SHINE, "smooth_shading": False})


def _add_markers(plotter: Any, layer: Markers, space: DrawnSpace) -> None:
    for point, colour in zip(space(layer.points), layer.colours, strict=True):
        ball = pyvista.Sphere(radius=layer.size, center=point, theta_resolution=40, phi_resolution=40)
        plotter.add_mesh(ball, color=colour, **_SHINE)
