"""Which Java is taken, what is said when there is none, and what a failed start is called."""

from __future__ import annotations

import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest

from huaxiang import jars, java
from huaxiang.doctor import checks
from huaxiang.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def home(folder: Path, version: str, modules: str = "java.base jdk.incubator.vector") -> Path:
    """A Java home that only says its version."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    (folder / "bin" / "java").chmod(0o755)
    (folder / "release").write_text(f'JAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return folder


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any Java, with a cache of its own."""
    for name in ("JAVA_HOME", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "DEFAULT_ARTIFACT_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(java.importlib.util, "find_spec", lambda _: None)


def test_java_home_comes_first_unless_spark_cannot_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, good = home(tmp_path / "old", "1.8.0_292"), home(tmp_path / "good", "17.0.15")
    newer = home(tmp_path / "newer", "21.0.8")
    monkeypatch.setenv("PATH", f"{old}/bin:{good}/bin")
    assert java.find_java().home == good
    monkeypatch.setenv("JAVA_HOME", str(newer))
    assert (java.find_java().version, java.find_java().home) == (21, newer)
    (newer / "release").write_text('JAVA_VERSION="25.0.1"')
    assert java.find_java().home == good


def test_without_java_the_message_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(home(tmp_path / "next", "25")))
    with pytest.raises(ConfigurationError) as caught:
        java.find_java()
    assert f"no Java 17 or 21 (JAVA_HOME={tmp_path}/next: Java 25)" in str(caught.value)
    assert "apt install openjdk-17-jre-headless" in str(caught.value)


def test_a_runtime_without_the_vector_module_is_wrapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(home(tmp_path / "small", "21.0.8", "java.base")))
    found = java.find_java()
    assert found.runtime == tmp_path / "small"
    given = ["-Xmx1g", "--add-modules=jdk.incubator.vector", "-Dx=a b"]
    command = [found.home / "bin" / "java", *given]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["-Xmx1g", "-Dx=a b"]
    assert java.find_java() == found  # made once


def test_the_trust_store_is_the_systems_or_made_from_its_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(home(tmp_path / "jdk", "17")))
    found = java.find_java()
    assert java.trust_options(found) == []  # nothing in the environment asks for it
    bundle = tmp_path / "ca.pem"
    bundle.write_text(
        "# a comment\n" + "-----BEGIN CERTIFICATE-----\nAAEC\nAwQ=\n-----END CERTIFICATE-----\n" * 2
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setattr(java, "DEBIAN_TRUST", tmp_path / "none")
    assert java.trust_options(found) == [f"-Djavax.net.ssl.trustStore={tmp_path}/cache/huaxiang/cacerts.jks"]
    store = (tmp_path / "cache/huaxiang/cacerts.jks").read_bytes()
    assert struct.unpack(">III", store[:12]) == (0xFEEDFEED, 2, 2)
    assert store.count(b"\x00\x01\x02\x03\x04") == 2
    (tmp_path / "none").write_text("")
    assert java.trust_options(found) == [f"-Djavax.net.ssl.trustStore={tmp_path}/none"]


def test_jars_are_taken_from_the_record_only_when_complete(tmp_path: Path) -> None:
    assert jars.resolved_jars() is None
    files = [tmp_path / "a.jar", tmp_path / "b.jar"]
    for file in files:
        file.write_bytes(b"jar")
    jars.remember_jars(f"file://{file}" for file in files)
    assert jars.resolved_jars() == jars.Jars(tuple(files))
    files[1].write_bytes(b"half a")
    assert jars.resolved_jars() is None


def test_a_network_that_does_not_answer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"spark.jars.ivy": str(tmp_path / "ivy")}
    monkeypatch.setenv("DEFAULT_ARTIFACT_REPOSITORY", "http://127.0.0.1:9/maven")
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1:9 does not answer"):
        jars.probe_maven(settings)
    jars.probe_maven({**settings, "spark.jars.repositories": "https://mirror.example"})  # Ivy knows better
    group, artifact, release = jars.delta_package().split(":")
    (tmp_path / "ivy" / "jars").mkdir(parents=True)
    (tmp_path / "ivy" / "jars" / f"{group}_{artifact}-{release}.jar").write_bytes(b"")
    jars.probe_maven(settings)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            ":: UNRESOLVED DEPENDENCIES ::\nHost repository.example not found. url=x",
            "Host repository.example not found",
        ),
        (
            "module not found: io.delta\nYou probably access … proxy … not well configured",
            "its own certificates",
        ),
        (
            "OpenJDK 64-Bit Server VM warning: INFO: os::commit_memory(0x0) failed",
            "not enough memory for the JVM",
        ),
        ("Exception in thread main\nsomething else", "something else"),
    ],
)
def test_a_start_that_fails_is_explained(said: str, cause: str) -> None:
    assert cause in str(jars.explain_start_failure(said))


def test_the_doctor_names_a_fix_for_all_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(home(tmp_path / "jdk", "21")))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 10**6))
    found = {check.name: check for check in checks(tmp_path / "lake" / "new")}
    assert found["Java"].found == f"21, from JAVA_HOME={tmp_path}/jdk"
    assert found["lake"].ok
    assert found["pyspark"].ok
    assert not found["disk"].ok
    assert all(check.fix for check in found.values() if not check.ok)
