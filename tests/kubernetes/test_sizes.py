"""Scaling by a gateway whose caches may be out of date."""

from __future__ import annotations

import pytest
from plat_backends.kubernetes import Api, Caches, KubernetesFunctionStore, KubernetesRoutes
from plat_core.model.names import FunctionRef

from .functions import Functions
from .process import OperatorProcess

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow]


async def test_waking_does_not_undo_a_concurrent_scale_up(
    functions: Functions, operator: OperatorProcess
) -> None:
    functions.apply("hello", scale={"min": 0, "max": 10, "idle": "600s"})
    functions.wait("hello")
    functions.kubectl("scale", "deployment/hello-1", "--replicas=0")
    caches, ref = Caches(), FunctionRef("hello", functions.namespace)
    caches.functions.put(functions.get("fn/hello"))
    caches.deployments.put(functions.get("deployment/hello-1"))
    functions.kubectl("scale", "deployment/hello-1", "--replicas=3")

    def size() -> int:
        return int(functions.get("deployment/hello-1")["spec"]["replicas"])

    async with Api.open(str(functions.cluster.kubeconfig)) as api:
        store = KubernetesFunctionStore(api, caches.functions, caches.revisions, manager="test")
        routes = KubernetesRoutes(api, store, caches.functions, caches.deployments, caches.pods)
        await routes.scale(ref, 1)
        assert size() == 3
        await routes.scale(ref, 4)
        assert size() == 4
        await routes.close()
