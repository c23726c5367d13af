"""The description of each field of the resource by `Class.field`, as `kubectl explain` shows it.

A test requires a description for every field of the spec and the status.
"""

from __future__ import annotations

from typing import Final

DESCRIPTIONS: Final[dict[str, str]] = {
    "FunctionSpec.image": (
        "Image of a build, by digest: localhost:5001/orders@sha256:… Exactly one of image and "
        "source is required."
    ),
    "FunctionSpec.source": (
        "Files to build the function from. Exactly one of image and source is required."
    ),
    "FunctionSpec.runtime": "Runtime that serves the code, for example python or python-flask.",
    "FunctionSpec.handler": (
        "Code to call, as module:name, for example app:app. The runtime detects it by default."
    ),
    "FunctionSpec.timeout": "Timeout of a call, after which the client receives a 504.",
    "FunctionSpec.concurrency": "Maximum number of calls in flight per replica; more of them wait.",
    "FunctionSpec.env": (
        "Environment variables of the replicas. PORT, K_* and PLAT_* are reserved."
    ),
    "FunctionSpec.secrets": (
        "Names of secrets whose keys are mounted as files below $PLAT_SECRETS_DIR/<name>. A change "
        "of a secret rolls out a new revision."
    ),
    "FunctionSpec.resources": "Resource requests and limits of a replica.",
    "FunctionSpec.scale": "Bounds and targets of autoscaling.",
    "FunctionSpec.access": "Who may call the function: public for everyone, or token.",
    "FunctionSpec.suspend": "Suspend stops all replicas and rejects calls with 503.",
    "FunctionSpec.forwardAuthorization": (
        "Forward the client's Authorization header to the function."
    ),
    "FunctionSpec.debug": (
        "Port on the replica's loopback interface for a debugger. For dev set-ups only."
    ),
    "FunctionSpec.redeployedAt": (
        "Time of the last redeploy. A new value creates a new revision of the same artifact."
    ),
    "EnvVar.name": "Name of the environment variable.",
    "EnvVar.value": "Value of the variable. Mutually exclusive with valueFrom.",
    "EnvVar.valueFrom": "Source of the value. Mutually exclusive with value.",
    "EnvVarSource.secretKeyRef": "Selects a key of a secret in the function's namespace.",
    "SecretKeyRef.name": "Name of the secret.",
    "SecretKeyRef.key": "Key within the secret.",
    "SecretKeyRef.optional": (
        "Whether to omit the variable if the secret or its key does not exist."
    ),
    "ResourceAmounts.cpu": "CPU cores: 250m, 0.5, 2.",
    "ResourceAmounts.memory": "Memory in bytes: 64Mi, 1Gi.",
    "Resources.requests": "Resources reserved for a replica.",
    "Resources.limits": (
        "Resources that a replica may not exceed. A replica that exceeds its memory is OOMKilled."
    ),
    "Scale.min": (
        "Minimum number of replicas. With 0, the function sleeps when idle and a call wakes it."
    ),
    "Scale.max": "Maximum number of replicas.",
    "Scale.replicas": (
        "Fixed number of replicas instead of autoscaling, as kubectl scale sets it. With 0, the "
        "function sleeps until a call."
    ),
    "Scale.target": ("Target of calls in flight per replica. Defaults to 70 % of concurrency."),
    "Scale.idle": "Time without calls after which the function sleeps, if min is 0.",
    "Scale.whenIdle": (
        "How the function sleeps: stop ends its replicas; pause freezes one with its memory, so "
        "that it is ready sooner. A backend that cannot pause replicas stops them."
    ),
    "Source.inline": "Files by path, as text.",
    "Source.git": "Folder in a git repository.",
    "Source.archive": "Zip or tar.gz archive at a URL.",
    "GitSource.url": (
        "URL of the repository, https:// or ssh://, without a password. The builder may allow "
        "other schemes."
    ),
    "GitSource.ref": (
        "Branch, tag or commit. A branch is resolved when the source changes or on a redeploy; "
        "status.commit shows the result."
    ),
    "GitSource.path": "Folder within the repository. Defaults to its root.",
    "ArchiveSource.url": "URL of the archive, https://, without a password.",
    "ArchiveSource.digest": "Required digest of the archive, as sha256:….",
    "FunctionStatus.observedGeneration": "Generation of the spec that this status describes.",
    "FunctionStatus.conditions": (
        "Conditions Ready, Built, Available and Progressing, each with a reason and a message."
    ),
    "FunctionStatus.hints": "Hints on how to resolve problems.",
    "FunctionStatus.revision": "Name of the revision that serves calls.",
    "FunctionStatus.latestRevision": (
        "Name of the newest revision. Differs from revision while it starts, or if it failed."
    ),
    "FunctionStatus.deployedAt": "Creation time of the newest revision.",
    "FunctionStatus.image": "Image that serves calls.",
    "FunctionStatus.commit": "Git commit that the image was built from.",
    "FunctionStatus.replicas": "Number of replicas that run or start.",
    "FunctionStatus.readyReplicas": "Number of replicas that serve calls.",
    "FunctionStatus.url": "URL of the function.",
    "Condition.type": "Type of the condition.",
    "Condition.status": "Status of the condition: True, False or Unknown.",
    "Condition.reason": "Reason of the last transition, as one word for programs.",
    "Condition.message": "Details of the last transition, for people.",
    "Condition.lastTransitionTime": "Time of the last change of the status.",
    "Condition.observedGeneration": "Generation of the spec that this condition describes.",
    "Hint.reason": "Reason of the problem.",
    "Hint.fix": "Command or sentence that resolves it.",
}
