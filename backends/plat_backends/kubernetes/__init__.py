"""Kubernetes backend: functions are custom resources, replicas are pods, artifacts are images.

`kinds`, `policy`, `gateways`, `pods`, `manifests`, `parsed`, `function_documents` and `observing`
are pure. Only `api` may send requests to the API server. `listing`, `reflector` and `cache` hold
the state of the cluster, and the other modules implement the ports. The backend runs in two
processes: the operator (store, workloads) and the gateway (store, routes, scaler, logs, secrets).
"""

from plat_backends.kubernetes.api import Api
from plat_backends.kubernetes.cache import Cache
from plat_backends.kubernetes.caches import Caches
from plat_backends.kubernetes.functions import KubernetesFunctionStore
from plat_backends.kubernetes.gateways import Gateways, gateways
from plat_backends.kubernetes.listing import list_objects
from plat_backends.kubernetes.logs import KubernetesLogs
from plat_backends.kubernetes.policy import PodPolicy
from plat_backends.kubernetes.reflector import Reflector
from plat_backends.kubernetes.routes import KubernetesRoutes
from plat_backends.kubernetes.secrets import KubernetesSecretStore, KubernetesSecretVersions
from plat_backends.kubernetes.warnings import WarningStore
from plat_backends.kubernetes.workloads import KubernetesWorkloads

__all__ = [
    "Api",
    "Cache",
    "Caches",
    "Gateways",
    "KubernetesFunctionStore",
    "KubernetesLogs",
    "KubernetesRoutes",
    "KubernetesSecretStore",
    "KubernetesSecretVersions",
    "KubernetesWorkloads",
    "PodPolicy",
    "Reflector",
    "WarningStore",
    "gateways",
    "list_objects",
]
