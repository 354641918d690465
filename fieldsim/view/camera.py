"""The camera as arithmetic: where it stands, what it sees, and to which pixel a point goes.

Drawn coordinates are (p * stretch - centre) / half extent, so that a membrane of 1e-6 m and the Earth look
alike to the renderer. Perspective: pixel = focal length * (right, up components) / depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldsim.view.scene import Array, Scene

VIEW_ANGLE = 24.0  # degrees, vertical; a long lens keeps parallel edges nearly parallel
_FILL_ACROSS, _FILL_UP = 0.83, 0.86  # the rest is for ticks and names


@dataclass(frozen=True)
class DrawnSpace:
    """The affine map from Cartesian coordinates to the unit-sized space of the renderer."""

    stretch: Array
    centre: Array
    extent: float

    def __call__(self, points: Array) -> Array:
        """Return drawn coordinates of points (..., 3)."""
        return np.asarray((points * self.stretch - self.centre) / self.extent, dtype=float)

    def vectors(self, vectors: Array) -> Array:
        """Return drawn vectors (..., 3): the linear part of the map."""
        return np.asarray(vectors * self.stretch / self.extent, dtype=float)


def drawn_space(scene: Scene) -> DrawnSpace:
    """Return the map that brings the frame of `scene` to the origin with half extent one."""
    bounds = np.asarray(scene.frame.bounds, dtype=float).reshape(3, 2)
    stretch = np.asarray(scene.stretch, dtype=float)
    low, high = bounds[:, 0] * stretch, bounds[:, 1] * stretch
    return DrawnSpace(stretch, 0.5 * (low + high), 0.5 * float(np.max(np.abs(high - low))) or 1.0)


@dataclass(frozen=True)
class View:
    """A camera in drawn space: position, focus, unit vectors right and up, and the picture's width/height."""

    position: Array
    focus: Array
    right: Array
    up: Array
    ratio: float

    @property
    def forward(self) -> Array:
        """Return the unit vector from the camera to its focus."""
        towards = self.focus - self.position
        return np.asarray(towards / np.linalg.norm(towards), dtype=float)

    def project(self, drawn: Array) -> Array:
        """Return picture coordinates (..., 2) of drawn points: (0, 0) is bottom left, (1, 1) top right."""
        offset = drawn - self.position
        depth = offset @ self.forward
        half = np.tan(np.radians(VIEW_ANGLE) / 2.0)
        horizontal = offset @ self.right / (depth * half * self.ratio)
        vertical = offset @ self.up / (depth * half)
        return np.stack([0.5 + 0.5 * horizontal, 0.5 + 0.5 * vertical], axis=-1)


def box_corners(scene: Scene) -> Array:
    """Return the eight corners of the frame, (2, 2, 2, 3), in drawn coordinates."""
    bounds = np.asarray(scene.frame.bounds, dtype=float).reshape(3, 2)
    corners = np.stack(np.meshgrid(bounds[0], bounds[1], bounds[2], indexing="ij"), axis=-1)
    return drawn_space(scene)(corners)


def look(scene: Scene, ratio: float) -> View:
    """Return the view along the camera's direction in which the whole frame fills the picture.

    `ratio` is width over height. The focus is moved until the projected box is centred.
    """
    azimuth, elevation = np.radians([scene.camera.azimuth, scene.camera.elevation])
    back = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
    right = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
    up = np.cross(back, right)
    corners = box_corners(scene).reshape(-1, 3)
    half = np.tan(np.radians(VIEW_ANGLE) / 2.0)
    focus = np.zeros(3)
    distance = 1.0
    for _ in range(4):
        offset = corners - focus
        nearness = offset @ back
        across, upwards = np.abs(offset @ right) / (ratio * _FILL_ACROSS), np.abs(offset @ up) / _FILL_UP
        needed = np.maximum(across, upwards) / half + nearness
        distance = float(needed.max()) / scene.camera.zoom
        view = View(focus + distance * back, focus, right, up, ratio)
        seen = view.project(corners)
        middle = 0.5 * (seen.min(axis=0) + seen.max(axis=0)) - 0.5
        focus = focus + 2.0 * distance * half * (middle[0] * ratio * right + middle[1] * up)
    return View(focus + distance * back, focus, right, up, ratio)
