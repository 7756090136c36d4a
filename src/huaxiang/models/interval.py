"""How sure a share is. No Spark here: of columns see `insight.of_months`."""

from __future__ import annotations

import math

ONE_SIDED = 1.645
"""Standard errors that a gain must exceed: surely (95 %, one-sided) better."""


def share_interval(part: float, whole: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    share, z = part / whole, 1.96
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    width = z / (1 + z * z / whole) * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    return middle - width, middle + width
