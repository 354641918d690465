"""Tables of numbers in text files: UTF-8, decimal points, every row of the same length, nothing that is not finite."""

from __future__ import annotations

import io
import os
from array import array
from typing import IO

import numpy as np

from fieldsim.errors import InvalidInput, Refused, must
from fieldsim.potentials.checks import FloatArray

LARGEST_TEXT = 256 * 1024**2  # bytes of a table


def read_table(stream: IO[bytes], name: str, largest: int) -> FloatArray:
    """Read rows of numbers between commas, semicolons, tabs or spaces.

    One line of headings, empty lines and what follows # pass; `largest` limits the bytes as float64. Returns
    (rows, columns). Raises InvalidInput naming the line, and Refused beyond the limit.
    """
    size = os.fstat(stream.fileno()).st_size
    # two characters a number is the densest a table can be
    if size > LARGEST_TEXT or 4 * size > largest:
        raise Refused(must("path", f"a table below {min(LARGEST_TEXT, largest // 4)} bytes", size, "Save it as .npy."))
    numbers = array("d")
    columns = 0
    headings = 0
    text_lines = io.TextIOWrapper(stream, encoding="utf-8-sig")
    try:
        for number, line in enumerate(text_lines, start=1):
            text = line.partition("#")[0].strip()
            if not text:
                continue
            cells = _cells(text)
            try:
                row = [_number(cell) for cell in cells]
            except ValueError:
                if not columns and headings == 0 and not any(_is_number(cell) for cell in cells):
                    headings = 1
                    continue
                raise InvalidInput(
                    must(
                        f"line {number} of {name}",
                        "finite numbers",
                        text,
                        "Write 1.5, not 1,5; no blanks or NaN.",
                    )
                ) from None
            if columns and len(row) != columns:
                raise InvalidInput(
                    must(
                        f"line {number} of {name}",
                        f"of {columns} numbers",
                        len(row),
                        "Fill or cut the row.",
                    )
                )
            columns = len(row)
            numbers.extend(row)
    except UnicodeDecodeError as error:
        raise InvalidInput(
            must("path", "a UTF-8 text file", name, f"Byte {error.start} is not UTF-8: save it again.")
        ) from None
    finally:
        # the file belongs to the caller, who closes it
        text_lines.detach()
    if not columns:
        raise InvalidInput(must("path", "a table with at least one row of numbers", name, "It is empty."))
    return np.array(numbers).reshape(-1, columns)


def _cells(text: str) -> list[str]:
    for separator in (";", ",", "\t"):
        if separator in text:
            return [cell.strip() for cell in text.split(separator)]
    return text.split()


def _number(cell: str) -> float:
    # float() also takes 1_000 and "nan": neither is a number in a table
    if "_" in cell:
        raise ValueError(cell)
    value = float(cell)
    if not np.isfinite(value):
        raise ValueError(cell)
    return value


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
