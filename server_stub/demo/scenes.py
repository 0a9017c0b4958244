"""Scenes: camera frames of people who hold a code up to the gate, drawn instead of filmed.

Law: deterministic by seed, grey, and honest: what makes real codes hard to read (tilt, blur, a dim or glaring
screen, moiré, a thumb, noise) is applied to the pixels, and a scene tells the truth about what it shows.

Source: docs/decoding.md, "Rendered frames".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from server_stub.demo.lane_view import Layer, draw_lane
from server_stub.demo.symbols import draw_modules, quiet_zone_modules

_NOISE_LEVELS = 3.0
_PIXELS_PER_MODULE = 8
"""Of the flat drawing that is then put into perspective."""

_PAPER = {"phone": 235.0, "paper": 215.0, "card": 205.0}
_INK = {"phone": 15.0, "paper": 35.0, "card": 30.0}
_BORDER_MODULES = {"phone": 3, "paper": 6, "card": 4}
_BORDER = {"phone": 25.0, "paper": 215.0, "card": 170.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One code, what it is on and how it is held.

    Args:
        payload: the symbol's bytes.
        symbology: a name of `server_stub.demo.symbols.DRAWABLE`.
        medium: phone, paper or card.
        centre: where, as fractions of the frame's width and height; None: side by side with the others.
        px_per_module: size; about 2 is the least that can be read.
        tilt_deg: turned away from the camera around its upright axis.
        rotation_deg: turned in the plane of the picture.
        blur_modules: defocus, the Gaussian's sigma.
        motion_modules: the way moved, sideways, while the shutter was open.
        brightness: of a screen, 1 is full.
        inverted: dark mode: light modules on dark ground.
        covered: part of the symbol's height that a thumb hides, from below.
        glare: a lamp is mirrored in it.
        moire: strength of the pattern that a screen's pixels make with the camera's, 0 to 1.
    """

    payload: bytes
    symbology: str = "qr"
    medium: str = "phone"
    centre: tuple[float, float] | None = None
    px_per_module: float = 5.0
    tilt_deg: float = 0.0
    rotation_deg: float = 0.0
    blur_modules: float = 0.0
    motion_modules: float = 0.0
    brightness: float = 1.0
    inverted: bool = False
    covered: float = 0.0
    glare: bool = False
    moire: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One moment in front of the lens.

    Args:
        shown: the codes in view; later ones lie over earlier ones.
        seed: of the background and the noise.
        walker: where somebody stands behind them, 0 left to 1 right.
    """

    shown: tuple[Shown, ...] = ()
    seed: int = 0
    walker: float | None = None


def render(scene: Scene, width: int = 1280, height: int = 720) -> NDArray[np.uint8]:
    """The frame that a camera would take of the scene."""
    # The lane is the same in all frames of a demonstration; only the noise is new each time.
    picture = draw_lane(0, width, height, scene.walker)
    for place, shown in enumerate(scene.shown, start=1):
        _lay(picture, shown, shown.centre or (place / (len(scene.shown) + 1), 0.5))
    noise = np.random.default_rng(scene.seed).standard_normal((height, width), np.float32)
    return np.clip(picture + _NOISE_LEVELS * noise, 0, 255).astype(np.uint8)


def empty_lane(
    seed: int, width: int = 1280, height: int = 720, walker: float | None = None
) -> NDArray[np.uint8]:
    """The lane with nothing to read in it."""
    return render(Scene(seed=seed, walker=walker), width, height)


def _lay(picture: Layer, shown: Shown, centre: tuple[float, float]) -> None:
    """Put one code into the picture, its middle at these fractions of width and height."""
    flat = _draw_flat(shown)
    height, width = picture.shape
    placed = _perspective(flat.shape, shown, width, (centre[0] * width, centre[1] * height))
    # Averaged first, so that no module falls between the picture's pixels.
    soft = max(_PIXELS_PER_MODULE / shown.px_per_module / 3, 0.1)
    flat = np.asarray(cv2.GaussianBlur(flat, (0, 0), soft), np.float32)
    layer, mask = (
        _smear(np.asarray(cv2.warpPerspective(drawing, placed, (width, height)), np.float32), shown)
        for drawing in (flat, np.ones_like(flat))
    )
    picture *= 1 - mask
    picture += layer


def _draw_flat(shown: Shown) -> Layer:
    """The code seen straight on, with what it is printed or shown on."""
    modules = draw_modules(shown.payload, shown.symbology)
    dark, light = _INK[shown.medium], _PAPER[shown.medium]
    if shown.inverted:
        dark, light = light, dark
    quiet = quiet_zone_modules(shown.symbology)
    symbol = np.where(np.pad(modules, quiet), dark, light).astype(np.float32)
    border = _BORDER_MODULES[shown.medium]
    symbol = np.pad(symbol, border, constant_values=_BORDER[shown.medium])
    flat = np.kron(symbol, np.ones((_PIXELS_PER_MODULE, _PIXELS_PER_MODULE), np.float32))
    inset = (quiet + border) * _PIXELS_PER_MODULE
    if shown.moire:
        flat *= _moire(flat.shape, shown)
    if shown.medium == "phone":
        flat *= shown.brightness
    if shown.glare:
        flat += _glare(flat.shape)
    if shown.covered:
        _draw_thumb(flat, inset, shown.covered)
    return flat


def _moire(shape: tuple[int, ...], shown: Shown) -> Layer:
    """Slow slanted waves and the fine grid they come from."""
    rows, columns = np.indices(shape, np.float32)
    pixel = _PIXELS_PER_MODULE / shown.px_per_module
    waves = np.sin((columns + 0.4 * rows) / (6.1 * pixel)) + 0.5 * np.sin(rows / (1.3 * pixel))
    return np.asarray(1 - 0.25 * shown.moire * (1 + waves / 1.5), np.float32)


def _glare(shape: tuple[int, ...]) -> Layer:
    """A bright round spot up and right of the middle, fading over an eighth of the width."""
    rows, columns = np.indices(shape, np.float32)
    distance = np.hypot(rows - 0.42 * shape[0], columns - 0.62 * shape[1])
    return np.asarray(230 * np.exp(-((distance / (0.09 * shape[1])) ** 2)), np.float32)


def _draw_thumb(flat: Layer, inset: int, covered: float) -> None:
    height, width = flat.shape
    symbol_height = height - 2 * inset
    tip = height - inset - int(covered * symbol_height)
    centre = (int(width * 0.55), height)
    cv2.ellipse(flat, centre, (max(width // 9, 1), height - tip), 0, 180, 360, 140.0, -1)


def _perspective(
    shape: tuple[int, ...], shown: Shown, width: int, centre_px: tuple[float, float]
) -> NDArray[np.float64]:
    """The matrix that takes the flat drawing into a picture of this width."""
    tall, wide = shape[0], shape[1]
    focal_px = 1.1 * width
    tilt, turn = radians(shown.tilt_deg), radians(shown.rotation_deg)
    corners = np.array([(0, 0), (wide, 0), (wide, tall), (0, tall)], np.float32)
    x, y = ((corners - (wide / 2, tall / 2)) * shown.px_per_module / _PIXELS_PER_MODULE).T
    nearness = focal_px / (focal_px + x * sin(tilt))
    x, y = x * cos(tilt) * nearness, y * nearness
    turned = np.stack([x * cos(turn) - y * sin(turn), x * sin(turn) + y * cos(turn)], axis=1)
    seen = (turned + centre_px).astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, seen))


def _smear(layer: NDArray[np.float32], shown: Shown) -> Layer:
    """Defocus and motion."""
    if shown.blur_modules:
        sigma = shown.blur_modules * shown.px_per_module
        layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), sigma), np.float32)
    if shown.motion_modules:
        way_px = max(1, round(shown.motion_modules * shown.px_per_module))
        layer = np.asarray(cv2.blur(layer, (way_px, 1)), np.float32)
    return layer
