"""The chart as plain manifests, for those without Helm: rendered by it, committed, compared.

Each file says which chart it was rendered from. Where Helm is not installed, a file of the same
chart is taken as it is, and one of another chart cannot be brought up to date.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from plat_core.model import crd

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/plat"
FOLDER = ROOT / "manifests"
NAMESPACE = "plat-system"
KUBERNETES = "1.30.0"
"""The oldest Kubernetes version that the chart supports."""
STRICT = {"pod-security.kubernetes.io/enforce": "restricted"}
WITHOUT_NAMESPACE = {"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}
HEADER = """\
# Written by `make generate` from {values} and the chart {chart}: edit those, not this file.
# {use}
"""
SEPARATOR = "# ---- from the chart ----\n"


def plain() -> str:
    """The platform for any cluster: `kubectl apply -f`, or a kustomization on top of it."""
    return page("plat.yaml", "values.yaml", "kubectl apply --server-side -f manifests/plat.yaml")


def kind() -> str:
    """The platform on the cluster of kind-config.yaml, as `plat up --kind` applies it."""
    return page("kind.yaml", "kind-values.yaml", "Applied by `plat up --kind`.")


def page(name: str, values: str, use: str) -> str:
    """Return one file: header, namespace and CRD, and the rendered chart."""
    chart = _fingerprint(FOLDER / values)
    head = HEADER.format(values=f"manifests/{values}", chart=chart, use=use)
    fixed = [_namespace(), yaml.safe_load(crd.manifest())]
    return head + _dump(fixed) + SEPARATOR + _from_chart(name, FOLDER / values, chart)


def _from_chart(name: str, values: Path, chart: str) -> str:
    if shutil.which("helm"):
        return _dump(_rendered(values))
    stored = (FOLDER / name).read_text(encoding="utf-8") if (FOLDER / name).is_file() else ""
    if f"chart {chart}:" in stored:
        sys.stderr.write(f"manifests/{name}: Helm is not installed, it was rendered elsewhere\n")
        return stored.partition(SEPARATOR)[2]
    raise SystemExit(f"the chart changed, and manifests/{name} needs Helm to follow: install it")


def _rendered(values: Path) -> list[dict[str, Any]]:
    line = ["helm", "template", "plat", str(CHART), "--namespace", NAMESPACE, "-f", str(values)]
    line += ["--kube-version", KUBERNETES]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise SystemExit(done.stderr)
    kept = yaml.safe_load_all(done.stdout)
    return [_placed(document) for document in kept if document and not _is_fixed(document)]


def _is_fixed(document: dict[str, Any]) -> bool:
    return document["kind"] in ("CustomResourceDefinition", "Namespace")


def _placed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with its namespace, and without the labels of Helm."""
    if document["kind"] not in WITHOUT_NAMESPACE:
        document["metadata"].setdefault("namespace", NAMESPACE)
    labels = document["metadata"].get("labels", {})
    labels.pop("helm.sh/chart", None)
    return document


def _namespace() -> dict[str, Any]:
    metadata = {"name": NAMESPACE, "labels": STRICT}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _fingerprint(values: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted((*CHART.rglob("*"), values)):
        # the CRD is another generated file, and already included
        if path.is_file() and not path.is_symlink() and path.parent != CHART / "files":
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _dump(documents: list[dict[str, Any]]) -> str:
    texts = [
        yaml.safe_dump(one, sort_keys=False, width=96, allow_unicode=True) for one in documents
    ]
    return re.sub(
        r"managed-by: Helm\b", "managed-by: plat", "".join(f"---\n{one}" for one in texts)
    )
