"""A picture in any of the forms that people have it in -> the grey pixels that the model reads.

In: a path, a PIL image, or an array. Out: (H, W) uint8, upright, transparency on white. Files are
read exactly as a run reads them. Knows nothing of formulas.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

from i2l_batch.config import ExtractConfig
from i2l_batch.errors import UsageError

if TYPE_CHECKING:
    from PIL import Image

AnyPicture: TypeAlias = Union[str, "os.PathLike[str]", "Image.Image", "NDArray[Any]"]


def grey_picture(picture: AnyPicture) -> NDArray[np.uint8]:
    """The picture as (H, W) uint8.

    An array is (H, W) grey, or (H, W, C) with grey, grey and alpha, RGB or RGBA; of bytes 0-255,
    of 16 bits 0-65535, of floating-point numbers 0-1, or of booleans, where true is white. Of a
    file with several pictures the first is read.

    Raises:
        SourceError: the file cannot be read.
        UsageError: the array is no picture.

    >>> grey_picture([[0.0, 0.5], [1.0, 1.0]])
    Traceback (most recent call last):
    i2l_batch.errors.UsageError: list is no picture: give a path, a PIL image or a numpy array
    >>> grey_picture(np.array([[0.0, 0.5], [1.0, 1.0]])).tolist()
    [[0, 128], [255, 255]]
    """
    from PIL import Image

    if isinstance(picture, (str, os.PathLike)):
        return _from_file(os.fspath(picture))
    if isinstance(picture, np.ndarray):
        return _from_array(picture)
    if isinstance(picture, Image.Image):
        return _from_image(picture)
    raise UsageError(
        f"{type(picture).__name__} is no picture: give a path, a PIL image or a numpy array"
    )


def _from_file(path: str) -> NDArray[np.uint8]:
    from i2l_batch.extract.image_file import extract_image
    from i2l_batch.images import decode_png

    crops = extract_image(path, ExtractConfig(pages="1"), 1).crops
    return decode_png(crops[0].png)


def _from_image(image: Image.Image) -> NDArray[np.uint8]:
    from i2l_batch.extract.image_file import to_grey

    if not image.width or not image.height:
        raise UsageError(f"a picture of {image.width} x {image.height} pixels has nothing in it")
    return np.asarray(to_grey(image))


def _from_array(array: NDArray[Any]) -> NDArray[np.uint8]:
    from PIL import Image

    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and 2 <= array.shape[2] <= 4)):
        raise UsageError(
            f"an array of shape {array.shape} is no picture: use (H, W) or (H, W, C) with C 1 to 4"
        )
    levels = _levels(array)
    return levels if levels.ndim == 2 else _from_image(Image.fromarray(levels))


def _levels(array: NDArray[Any]) -> NDArray[np.uint8]:
    """The samples as bytes."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return (array // 257).astype(np.uint8)
    if np.issubdtype(array.dtype, np.floating):
        if not ((array >= 0) & (array <= 1)).all():
            raise UsageError("an array of floating-point numbers must have them in 0 to 1")
        return np.floor(array * 255 + 0.5).astype(np.uint8)
    raise UsageError(f"an array of {array.dtype} is no picture: use uint8, uint16, float or bool")
