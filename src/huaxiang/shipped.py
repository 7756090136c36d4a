"""Where the shipped `schemas/` and `conf/` lie: inside the wheel, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path


def shipped(folder: str) -> Path:
    """Return the folder `schemas` or `conf` that came with this installation."""
    inside = Path(__file__).parent / "_shipped" / folder
    return inside if inside.is_dir() else Path(__file__).parents[2] / folder
