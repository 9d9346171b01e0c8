"""A picture on its way from print to a user's file, which knows where its tokens went.

In: ink and token boxes. Out: a grey picture, and the same boxes in its pixels. Knows no distortion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

PAPER = 255.0
"""Grey of white paper."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Black on white, with what happened to its geometry."""

    grey: np.ndarray
    """(H, W) float32, 0 black to 255 white; values may leave the range until it is finished."""
    em: float
    """Body size of the text in pixels."""
    affine: np.ndarray
    """(2, 3): a point x, y, 1 of the ink to pixels of `grey`."""

    @classmethod
    def of_ink(cls, ink: np.ndarray, em: float, margin: int) -> Picture:
        """Ink (H, W) uint8, 0 empty to 255 full, on paper that is wider by `margin` pixels."""
        grey = np.pad(PAPER - ink.astype(np.float32), margin, constant_values=PAPER)
        return cls(grey, em, np.array([[1.0, 0.0, margin], [0.0, 1.0, margin]]))

    def shown(self, grey: np.ndarray) -> Picture:
        """The same geometry with other grey values."""
        return replace(self, grey=grey.astype(np.float32))

    def padded(self, left: int, top: int, right: int, bottom: int) -> Picture:
        """With so many pixels of paper more at each edge; negative numbers cut."""
        height, width = self.grey.shape
        cut = self.grey[
            max(0, -top) : height - max(0, -bottom), max(0, -left) : width - max(0, -right)
        ]
        edges = ((max(0, top), max(0, bottom)), (max(0, left), max(0, right)))
        moved = self.affine + np.array([[0, 0, left], [0, 0, top]])
        return replace(self, grey=np.pad(cut, edges, constant_values=PAPER), affine=moved)

    def resized(self, factor: float) -> Picture:
        """Larger or smaller by a factor."""
        height, width = (max(1, round(size * factor)) for size in self.grey.shape)
        image = Image.fromarray(self.grey).resize((width, height), Image.Resampling.BICUBIC)
        stretch = np.array([[width / self.grey.shape[1]], [height / self.grey.shape[0]]])
        return Picture(np.asarray(image), self.em * factor, self.affine * stretch)

    def mapped(self, linear: np.ndarray) -> Picture:
        """Under a linear map (2, 2) about the middle, on paper just large enough."""
        height, width = self.grey.shape
        corners = np.array([[0, width, 0, width], [0, 0, height, height]])
        turned = linear @ corners
        low = turned.min(1)
        size = np.ceil(turned.max(1) - low).astype(int)
        forward = np.column_stack([linear, -low])
        back = np.linalg.inv(linear)
        image = Image.fromarray(self.grey).transform(
            (int(size[0]), int(size[1])),
            Image.Transform.AFFINE,
            tuple(np.column_stack([back, back @ low]).ravel().tolist()),
            Image.Resampling.BICUBIC,
            fillcolor=PAPER,
        )
        affine = forward[:, :2] @ self.affine + np.column_stack([np.zeros((2, 2)), forward[:, 2]])
        return Picture(np.asarray(image), self.em, affine)

    def place(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes (T, 4) x0 y0 x1 y1 of the ink, in pixels of this picture; float."""
        x0, y0, x1, y1 = boxes.astype(float).T
        corners = np.stack([[x0, x1, x0, x1], [y0, y0, y1, y1]])  # (2, 4, T)
        moved = np.einsum("ij,jkt->ikt", self.affine[:, :2], corners)
        moved += self.affine[:, 2, None, None]
        return np.concatenate([moved.min(1), moved.max(1)]).T

    def bytes(self) -> np.ndarray:
        """(H, W) uint8 grey."""
        return np.clip(np.rint(self.grey), 0, 255).astype(np.uint8)
