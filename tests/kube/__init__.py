"""A stand-in Kubernetes for tests: two clusters, and a kubeconfig for each lane.

`kube.production` and `kube.staging` are clusters of their own with an API server each. `kube.read` and
`kube.write` are kubeconfigs with both contexts: the first one's token may only look (403 for anything else), the
second one's may change things. The current context is production, its namespace prod.

    def test_something(kube):
        story.deployment(kube.production.cluster, "console", "prod", "console:v1", replicas=3)
        kube.kubectl("get", "pods", "-n", "prod")        # the real kubectl; lane="write" for the other one
        assert kube.production.cluster.changes == []
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from kube.cluster import Cluster
from kube.schema import Schema
from kube.server import Server
from kube.story import furnish

CONTEXTS = ("production", "staging")


@dataclass(frozen=True, slots=True)
class Kube:
    """Two clusters and the ways into them."""

    folder: Path
    production: Server
    staging: Server
    read: Path
    write: Path

    def environment(self, lane: str = "read") -> dict[str, str]:
        """What a lane's environment needs for kubectl."""
        config = self.write if lane == "write" else self.read
        return {"KUBECONFIG": str(config), "HOME": str(self.folder), "PATH": "/usr/local/bin:/usr/bin:/bin"}

    def kubectl(self, *args: str, lane: str = "read") -> subprocess.CompletedProcess[str]:
        """Run the real kubectl; skips where this machine has none."""
        program = shutil.which("kubectl")
        if program is None:
            pytest.skip("skipped: no kubectl, so nothing was compared with the real one")
        return subprocess.run(
            [program, *args],
            env=self.environment(lane),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="session")
def kube_schema(shared_if_there: Path | None) -> Schema:
    """The definitions objects are held to; reading them takes a moment, so once."""
    return Schema.read(shared_if_there)


@pytest.fixture(scope="session")
def kube_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 and its key: kubectl sends no token without TLS."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("skipped: no openssl to make a certificate with, so no Kubernetes to talk to")
    folder = tmp_path_factory.mktemp("kube-tls")
    key, alone = folder / "key.pem", folder / "certificate.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=kube", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = [openssl, "req", *kind, *name, "-keyout", str(key), "-out", str(alone)]
    subprocess.run(made, check=True, capture_output=True, timeout=30)
    both = folder / "both.pem"
    both.write_text(alone.read_text() + key.read_text())
    return both


@pytest.fixture
def kube(tmp_path: Path, kube_schema: Schema, kube_certificate: Path) -> Iterator[Kube]:
    """Two furnished clusters; see the module."""
    folder = tmp_path / "kube"
    folder.mkdir()
    servers = [Server(Cluster(kube_schema), str(kube_certificate)) for _ in CONTEXTS]
    for server in servers:
        furnish(server.cluster)
    paths = {}
    for lane, token in (("read", "look"), ("write", "change")):
        paths[lane] = folder / f"{lane}.kubeconfig"
        written = kubeconfig(dict(zip(CONTEXTS, servers, strict=True)), token, kube_certificate)
        paths[lane].write_text(written)
    try:
        yield Kube(folder, servers[0], servers[1], paths["read"], paths["write"])
    finally:
        for server in servers:
            server.close()


def kubeconfig(clusters: dict[str, Server], token: str, certificate: Path, namespace: str = "prod") -> str:
    """Write a kubeconfig with a context for each cluster; the first is the current one."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": next(iter(clusters)),
            "clusters": [
                {"name": name, "cluster": {"server": one.url, "certificate-authority": str(certificate)}}
                for name, one in clusters.items()
            ],
            "users": [{"name": "lane", "user": {"token": token}}],
            "contexts": [
                {"name": name, "context": {"cluster": name, "user": "lane", "namespace": namespace}}
                for name in clusters
            ],
        }
    )
