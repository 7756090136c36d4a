"""What a machine needs to run this, checked in a second and without starting Spark; each with its fix."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from packaging.requirements import Requirement
from packaging.version import Version

from huaxiang.errors import ConfigurationError
from huaxiang.jars import NETWORK_FIX, delta_package, in_ivy_cache, probe_maven, resolved_jars
from huaxiang.java import cache_folder, find_java

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

PINNED = ("pyspark", "delta-spark", "great-expectations", "pandas", "deltalake", "duckdb")
MEMORY_GIB = 4  # a small night's 2 GiB for the JVM, Python, and what DuckDB and the page cache want
DISK_GIB = 5
GIB = 2**30


@dataclass(frozen=True)
class Check:
    """One need of this machine: what was found, and what to do when it is not `ok`."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def checks(lake: Path | None = None) -> list[Check]:
    """Check Java, JARs, versions, write access, memory, disk, loopback and fonts, all of them always."""
    return [
        _java(),
        _jars(),
        *(_package(name, pin) for name, pin in _pins().items()),
        *(_writable(name, folder) for name, folder in _folders(lake).items()),
        _memory(),
        _disk(lake or Path.cwd()),
        _loopback(),
        _font(),
    ]


def _java() -> Check:
    try:
        java = find_java()
    except ConfigurationError as error:
        return Check("Java", ok=False, found=error.problems[0].found, fix=error.problems[0].hint)
    return Check("Java", ok=True, found=f"{java.version}, from {java.origin}")


def _jars() -> Check:
    try:
        package = delta_package()
    except PackageNotFoundError as missing:
        return Check(
            "Delta JARs", ok=False, found=f"{missing.name} is not installed", fix="pip install huaxiang"
        )
    known = resolved_jars()
    if known is not None:
        return Check("Delta JARs", ok=True, found=f"{len(known.paths)} files of {package}")
    if in_ivy_cache({}):
        return Check("Delta JARs", ok=True, found=f"{package} is in Ivy's cache")
    try:
        probe_maven({})
    except ConfigurationError as error:
        return Check("Delta JARs", ok=False, found=error.problems[0].found, fix=NETWORK_FIX)
    return Check("Delta JARs", ok=True, found=f"{package} will be downloaded by the first start (87 MB)")


def _pins() -> dict[str, SpecifierSet]:
    """Read the versions this program asks for, as installed or from the checkout it runs in."""
    try:
        asked = requires("huaxiang") or []
    except PackageNotFoundError:
        project = Path(__file__).parents[2] / "pyproject.toml"
        asked = tomllib.loads(project.read_text("utf-8"))["project"]["dependencies"]
    found = {requirement.name: requirement.specifier for requirement in map(Requirement, asked)}
    return {name: found[name] for name in PINNED if name in found}


def _package(name: str, pin: SpecifierSet) -> Check:
    fix = f"pip install '{name}{pin}'"
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(name, ok=False, found="not installed", fix=fix)
    return Check(name, ok=Version(found) in pin, found=found, fix=fix)


def _folders(lake: Path | None) -> dict[str, Path]:
    wanted = {"temporary folder": Path(tempfile.gettempdir()), "cache folder": cache_folder()}
    return {"lake": lake, **wanted} if lake else wanted


def _writable(name: str, folder: Path) -> Check:
    fix = f"choose a folder you may write (TMPDIR, XDG_CACHE_HOME or --lake), or `chmod u+w {folder}`"
    there = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            return Check(name, ok=True, found=f"{folder} can be written")
    except OSError as cause:
        return Check(name, ok=False, found=f"{folder}: {cause.strerror}", fix=fix)


def _memory() -> Check:
    total, free = memory_limit() / GIB, psutil.virtual_memory().available / GIB
    found = f"{min(free, total):.1f} of {total:.1f} GiB free"
    fix = "close other programs, or give Spark less: --set spark.driver.memory=1g"
    return Check("memory", ok=min(free, total) >= MEMORY_GIB * 0.9, found=found, fix=fix)


def memory_limit() -> int:
    """Return the bytes this process may have: the machine's, or a container's if that is less."""
    total = int(psutil.virtual_memory().total)
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(file).read_text("ascii")))
        except (OSError, ValueError):
            continue
    return total


def _disk(folder: Path) -> Check:
    there = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free / GIB
    fix = f"free some space on the disk of {there}, or choose another --lake"
    return Check("disk", ok=free >= DISK_GIB, found=f"{free:.0f} GiB free at {there}", fix=fix)


def _loopback() -> Check:
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=5).close()
    except OSError as cause:
        return Check(
            "loopback", ok=False, found=str(cause), fix="Python and Spark talk over 127.0.0.1: allow it"
        )
    return Check("loopback", ok=True, found="127.0.0.1 answers")


def _font() -> Check:
    """Look for a font with Chinese characters: pages show boxes without one, the rest does not need it."""
    fix = "`apt install fonts-noto-cjk` (Debian, Ubuntu), `dnf install google-noto-sans-cjk-fonts` (Fedora)"
    if not shutil.which("fc-list"):
        ok = os.name != "posix" or Path("/System/Library/Fonts").is_dir()
        return Check("Chinese font", ok=ok, found="fontconfig is not installed", fix=fix)
    command = ["fc-list", ":lang=zh", "family"]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout  # noqa: S603
    families = sorted({line.split(",")[0] for line in listed.splitlines() if line})
    found = (
        families[0] + (f" and {len(families) - 1} more" if len(families) > 1 else "") if families else "none"
    )
    return Check("Chinese font", ok=bool(families), found=found, fix=fix)
