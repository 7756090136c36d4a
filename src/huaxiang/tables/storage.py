# ruff: noqa: D102  (both filesystems do what `Storage` says)
"""Files of a lake or a landing folder, on any Hadoop path.

A path of this machine (`/data/lake`, `file:/data/lake`) is handled by Python itself and needs no Spark.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from huaxiang.errors import ConfigurationError, LostRaceError, Problem
from huaxiang.whole import write_whole

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCK = ".lock"


@dataclass(frozen=True)
class Entry:
    """One file or folder of a listing; `name` has no slash, `size` is 0 for a folder.

    `is_odd`: it is neither: a pipe, a device, a link to nothing or to a folder that holds it.
    """

    name: str
    size: int
    is_folder: bool
    is_odd: bool = False


class Lock:
    """A held lock, given back by `close`, by being forgotten, or by the end of the process."""

    def __init__(self, file: int) -> None:
        self.file = file
        self.close = weakref.finalize(self, os.close, file)


class Storage(Protocol):
    """What a lake needs of a filesystem. Paths are relative to `root`, with forward slashes."""

    root: str

    def uri(self, path: str) -> str:
        """Return the full path, as Spark and Delta take it."""

    def list(self, path: str = "") -> list[Entry]:
        """List a folder by name; a folder that is not there is empty."""

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder."""

    def read_text(self, path: str) -> str | None:
        """Return a file's text; None when it is not there."""

    def write_text(self, path: str, text: str) -> None:
        """Write a file so that a reader sees the old text or the new, never a part."""

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with all below it; nothing happens when it is not there."""

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of a file's bytes, in hex."""

    def local_copy(self, path: str, into: Path) -> Path:
        """Return the file on this machine's disk: itself when it is there already, else a copy in `into`."""

    def lock(self) -> Lock | None:
        """Hold the lake for this process until the lock is closed; LostRaceError when another holds it."""


def storage(root: str, spark: SparkSession | None = None) -> Storage:
    """Return the filesystem behind `root`; only paths of other filesystems need `spark`."""
    local = local_path(root, spark)
    if local is not None:
        return LocalStorage(local)
    if spark is None:
        raise ConfigurationError(
            Problem(
                root,
                "this is not a folder of this machine",
                "a local path",
                "use a command that starts Spark",
            )
        )
    return HadoopStorage(root, spark)


def local_path(root: str, spark: SparkSession | None = None) -> Path | None:
    """Return `root` as a folder of this machine; None when it is on another filesystem.

    Without a scheme it means what Hadoop's default filesystem means, if there is a session to ask.
    """
    scheme, colon, rest = root.partition(":")
    if colon and "/" not in scheme:
        return Path("/" + rest.lstrip("/")) if scheme == "file" else None
    if spark is not None:
        jvm: Any = spark.sparkContext
        default = jvm._jsc.hadoopConfiguration().get("fs.defaultFS", "file:///")  # noqa: SLF001
        if not default.startswith("file:"):
            return None
    return Path(root).absolute()


def _entry(found: os.DirEntry[str]) -> Entry:
    """Return what stands in a folder of this machine, links followed."""
    try:
        seen = found.stat()
        if stat.S_ISDIR(seen.st_mode):
            here = Path(os.path.realpath(Path(found.path).parent))
            above = found.is_symlink() and here.is_relative_to(os.path.realpath(found.path))
            return Entry(found.name, 0, not above, above)
        return Entry(found.name, seen.st_size, False, not stat.S_ISREG(seen.st_mode))
    except OSError:
        return Entry(found.name, 0, False, True)


class LocalStorage:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.path = root
        self.root = str(root)

    def uri(self, path: str) -> str:
        return str(self.path / path)

    def list(self, path: str = "") -> list[Entry]:
        try:
            with os.scandir(self.path / path) as found:
                entries = [_entry(e) for e in found]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(entries, key=lambda e: e.name)

    def exists(self, path: str) -> bool:
        return (self.path / path).exists()

    def read_text(self, path: str) -> str | None:
        try:
            return (self.path / path).read_text("utf-8")
        except FileNotFoundError:
            return None

    def write_text(self, path: str, text: str) -> None:
        write_whole(self.path / path, text)

    def delete(self, path: str) -> None:
        target = self.path / path
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    def sha256(self, path: str) -> str:
        with (self.path / path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def local_copy(self, path: str, into: Path) -> Path:  # noqa: ARG002  (it is here already)
        return self.path / path

    def lock(self) -> Lock:
        """Take an advisory lock that the system gives back when the process ends, however it ends."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            held = Lock(os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o644))
        except OSError as cause:
            problem = Problem(
                self.root, f"the lake can't be written ({cause.strerror})", "", "choose another --lake"
            )
            raise ConfigurationError(problem) from cause
        try:
            fcntl.flock(held.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            holder = os.read(held.file, 100).decode("utf-8", "replace").strip() or "another process"
            held.close()
            problem = Problem(
                self.root, f"{holder} is writing this lake", "", "wait until it is done, then retry"
            )
            raise LostRaceError(problem) from cause
        os.truncate(held.file, 0)
        os.write(held.file, f"process {os.getpid()}".encode())
        return held


class HadoopStorage:
    """A folder on any filesystem that Hadoop knows (`hdfs:`, `s3a:`, …), through Spark's JVM."""

    def __init__(self, root: str, spark: SparkSession) -> None:
        context: Any = spark.sparkContext
        self.root = root.rstrip("/")
        self._jvm = context._jvm  # noqa: SLF001  (PySpark has no other way to a Hadoop filesystem)
        self._conf = context._jsc.hadoopConfiguration()  # noqa: SLF001
        self._fs = self._path("").getFileSystem(self._conf)

    def uri(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def _path(self, path: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(self.uri(path))

    def list(self, path: str = "") -> list[Entry]:
        if not self.exists(path):
            return []
        found = self._fs.listStatus(self._path(path))
        entries = [
            Entry(s.getPath().getName(), 0 if s.isDirectory() else s.getLen(), s.isDirectory()) for s in found
        ]
        return sorted(entries, key=lambda e: e.name)

    def exists(self, path: str) -> bool:
        return bool(self._fs.exists(self._path(path)))

    def read_text(self, path: str) -> str | None:
        if not self.exists(path):
            return None
        stream = self._fs.open(self._path(path))
        try:
            return bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream)).decode("utf-8")
        finally:
            stream.close()

    def write_text(self, path: str, text: str) -> None:
        """Write beside and rename where a rename replaces at once (hdfs); an object store puts it whole."""
        renames = self._fs.getScheme() in {"hdfs", "viewfs", "file"}
        draft = self._path(f"{path}.draft") if renames else self._path(path)
        stream = self._fs.create(draft, True)
        try:
            stream.write(bytearray(text.encode("utf-8")))
        finally:
            stream.close()
        if renames:
            context = self._jvm.org.apache.hadoop.fs.FileContext.getFileContext(draft.toUri(), self._conf)
            rename = self._jvm.org.apache.hadoop.fs.Options.Rename
            options = self._jvm.java.lang.reflect.Array.newInstance(rename.OVERWRITE.getClass(), 1)
            options[0] = rename.OVERWRITE
            context.rename(draft, self._path(path), options)

    def delete(self, path: str) -> None:
        self._fs.delete(self._path(path), True)

    def sha256(self, path: str) -> str:
        stream = self._fs.open(self._path(path))
        try:
            return str(self._jvm.org.apache.commons.codec.digest.DigestUtils.sha256Hex(stream))
        finally:
            stream.close()

    def local_copy(self, path: str, into: Path) -> Path:
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        local = self._jvm.org.apache.hadoop.fs.Path(target.as_uri())
        self._fs.copyToLocalFile(False, self._path(path), local, True)
        return target

    def lock(self) -> None:
        """Hold nothing: there publishing is decided by the release table alone."""
