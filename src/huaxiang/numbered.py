"""Texts of Arrow columns as numbers, for graphs that one machine settles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]


def numbered(*columns: pa.ChunkedArray[Any]) -> tuple[pa.StringArray, list[Integers]]:
    """Return the texts of all columns, each once and sorted by code point, and each column as places among them.

    No column may hold a null.
    """
    every: Any = pa.chunked_array([c for column in columns for c in column.chunks], type=pa.string())
    encoded = every.combine_chunks().dictionary_encode()
    order = integers(pc.sort_indices(encoded.dictionary))
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size, dtype=np.int64)
    ends = np.cumsum([len(column) for column in columns])[:-1]
    return taken(encoded.dictionary, order), np.split(place[integers(encoded.indices)], ends)


def taken(words: Any, at: Integers) -> Any:
    """Return the words at these places."""
    return words.take(pa.array(at))


def integers(column: Any) -> Integers:
    """Return a column of whole numbers without nulls as 64-bit ones."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.int64)
