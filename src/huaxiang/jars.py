"""Delta's JARs: from Ivy's cache without asking Ivy when they are all there, else from Maven."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from huaxiang.errors import ConfigurationError, Problem
from huaxiang.java import cache_folder
from huaxiang.whole import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NETWORK_FIX = (
    "the first start needs Maven once (87 MB); behind a proxy set `--set spark.driver.extraJavaOptions="
    "-Dhttps.proxyHost=… -Dhttps.proxyPort=…`, for a mirror `DEFAULT_ARTIFACT_REPOSITORY=https://…`, or copy"
    " ~/.ivy2.5.2 from a machine that has started once"
)


@dataclass(frozen=True)
class Jars:
    """The JARs of one resolution, as Ivy left them on this machine."""

    paths: tuple[Path, ...]


def delta_package() -> str:
    """Return the Maven coordinates that belong to the installed delta-spark and pyspark wheels."""
    spark = ".".join(version("pyspark").split(".")[:2])
    return f"io.delta:delta-spark_{spark}_2.13:{version('delta-spark')}"


def _record(package: str) -> Path:
    return cache_folder() / f"jars-{package.replace(':', '-')}.json"


def resolved_jars() -> Jars | None:
    """Return the JARs an earlier start resolved; None when one is missing or has another size."""
    try:
        listed = json.loads(_record(delta_package()).read_text("utf-8"))
        sizes = {Path(path): int(size) for path, size in listed.items()}
        complete = sizes and all(path.stat().st_size == size for path, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return None
    return Jars(tuple(sizes)) if complete else None


def remember_jars(uris: Iterable[str]) -> None:
    """Note what Ivy resolved, so that the next start (also without a network) need not ask it."""
    paths = [Path(urlsplit(uri).path) for uri in uris]
    record = _record(delta_package())
    write_whole(record, json.dumps({str(p): p.stat().st_size for p in paths}, indent=1))


def in_ivy_cache(settings: Mapping[str, str]) -> bool:
    """Whether Ivy has Delta's main JAR already, so that it will probably not need the network."""
    group, artifact, release = delta_package().split(":")
    ivy = Path(settings.get("spark.jars.ivy", "~/.ivy2.5.2")).expanduser()
    return (ivy / "jars" / f"{group}_{artifact}-{release}.jar").is_file()


def probe_maven(settings: Mapping[str, str]) -> None:
    """Raise ConfigurationError when the JARs must be downloaded and the repository's host does not answer.

    Only a repository named in DEFAULT_ARTIFACT_REPOSITORY is asked; with proxies, mirrors or Ivy settings,
    and for Ivy's own default, Ivy knows better: `explain_start_failure` then says what it said.
    """
    told = {"spark.jars.ivySettings", "spark.jars.repositories"} & set(settings)
    options = settings.get("spark.driver.extraJavaOptions", "") + os.environ.get("JAVA_TOOL_OPTIONS", "")
    named = os.environ.get("DEFAULT_ARTIFACT_REPOSITORY")
    if not named or told or "proxyHost" in options or in_ivy_cache(settings):
        return
    url = urlsplit(named)
    address = (url.hostname or "", url.port or (443 if url.scheme == "https" else 80))
    try:
        socket.create_connection(address, timeout=10).close()
    except OSError as cause:
        host = f"{address[0]}:{address[1]}"
        found = f"{delta_package()} is not on this machine and {host} does not answer ({cause})"
        raise ConfigurationError(Problem("Delta JARs", found, "", NETWORK_FIX)) from cause


def explain_start_failure(said: str) -> Problem:
    """Turn what the JVM printed before it died into a problem that names the cause."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if any("unresolved dependenc" in line.lower() or "module not found" in line for line in lines):
        hosts = sorted({line for line in lines if "not found" in line and line.startswith("Host ")})[:1]
        trust = any("proxy" in line and "configured" in line for line in lines)
        why = (
            "a network with its own certificates: SSL_CERT_FILE must name them"
            if trust
            else "; ".join(hosts) or "Maven did not deliver it"
        )
        return Problem("Delta JARs", f"Ivy could not resolve {delta_package()}: {why}", "", NETWORK_FIX)
    short = ("Could not reserve enough space", "Cannot allocate memory", "os::commit_memory")
    if any(sign in line for line in lines for sign in short):
        less = "give it less: --set spark.driver.memory=1g"
        return Problem("Spark", "there is not enough memory for the JVM", "", less)
    tail = "\n".join(lines[-15:])
    return Problem("Spark", "the JVM ended before it was ready", "", "see `huaxiang doctor`", tail)
