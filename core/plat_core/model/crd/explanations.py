"""What `kubectl explain` says of each field, by `Class.field`.

A test demands a sentence for every field of the spec and of the status.
"""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "FunctionSpec.image": (
        "The image that a build made, by digest: localhost:5001/orders@sha256:… Exactly one of "
        "image and source."
    ),
    "FunctionSpec.source": "Files to build the function from. Exactly one of image and source.",
    "FunctionSpec.runtime": "How the code is served, for example python or python-flask.",
    "FunctionSpec.handler": (
        "What to call, as module:name, for example app:app. The runtime looks for it where it is "
        "not given."
    ),
    "FunctionSpec.timeout": "The one timeout of a call; when it passes, the caller gets a 504.",
    "FunctionSpec.concurrency": "Calls in flight at once in one replica; more of them wait.",
    "FunctionSpec.env": "Environment variables of a replica. PORT, K_* and PLAT_* are taken.",
    "FunctionSpec.secrets": (
        "Names of secrets whose keys are mounted as files below $PLAT_SECRETS_DIR/<name>. A change "
        "of a secret rolls out."
    ),
    "FunctionSpec.resources": "What a replica asks for and what it may not exceed.",
    "FunctionSpec.scale": "Between how many replicas, and at which load another one is wanted.",
    "FunctionSpec.access": "Who may call it: public, or token for those with a token.",
    "FunctionSpec.suspend": (
        "Stopped by its owner: no replica runs and calls are answered with 503."
    ),
    "FunctionSpec.forwardAuthorization": (
        "Let the caller's Authorization header reach the function."
    ),
    "FunctionSpec.debug": (
        "A port of the replica's loopback where a debugger may attach; for dev set-ups."
    ),
    "FunctionSpec.redeployedAt": (
        "When a redeploy was asked for: another value makes a new revision of the same artifact."
    ),
    "EnvVar.name": "Name of the variable.",
    "EnvVar.value": "Its value. Either value or valueFrom.",
    "EnvVar.valueFrom": "Where its value comes from. Either value or valueFrom.",
    "EnvVarSource.secretKeyRef": "A key of a secret in the function's namespace.",
    "SecretKeyRef.name": "Name of the secret.",
    "SecretKeyRef.key": "The key within the secret.",
    "SecretKeyRef.optional": "Whether the variable is left out where secret or key is missing.",
    "ResourceAmounts.cpu": "Cores: 250m, 0.5, 2.",
    "ResourceAmounts.memory": "Bytes: 64Mi, 1Gi.",
    "Resources.requests": "What is set aside for a replica.",
    "Resources.limits": (
        "What a replica may not exceed; beyond the memory it is ended as OOMKilled."
    ),
    "Scale.min": "The least replicas; with 0 the function sleeps after idle and wakes at a call.",
    "Scale.max": "The most replicas.",
    "Scale.replicas": (
        "A fixed number instead of autoscaling, as kubectl scale sets it; 0 sleeps until a call."
    ),
    "Scale.target": (
        "Calls in flight per replica that the autoscaler aims at; 70 % of concurrency where it is "
        "not given."
    ),
    "Scale.idle": "How long without a call until the function sleeps, where min is 0.",
    "Scale.whenIdle": (
        "How the function sleeps: stop ends its replicas; pause freezes one with its memory, "
        "which is ready sooner. Where replicas cannot be paused, pause is stop."
    ),
    "Source.inline": "Files by their path, as text.",
    "Source.git": "A folder in a git repository.",
    "Source.archive": "A zip or a tar.gz behind an address.",
    "GitSource.url": (
        "Where the repository is, as https:// or ssh://. The builder may allow other schemes. "
        "Without a password."
    ),
    "GitSource.ref": (
        "Branch, tag or commit. A branch is read when the source changes, or a redeploy is asked "
        "for; status.commit says what it was."
    ),
    "GitSource.path": "The folder within the repository; its root where it is not given.",
    "ArchiveSource.url": "Where the archive is, as https://. Without a password.",
    "ArchiveSource.digest": "What it must hash to, as sha256:…; another archive is refused.",
    "FunctionStatus.observedGeneration": "The generation of the spec that this status is about.",
    "FunctionStatus.conditions": (
        "Ready, Built, Available and Progressing, each with its reason and message."
    ),
    "FunctionStatus.hints": "What to do about a problem, in words that can be typed.",
    "FunctionStatus.revision": "The revision that answers calls.",
    "FunctionStatus.latestRevision": (
        "The newest revision; another than revision while it starts, or where it failed."
    ),
    "FunctionStatus.deployedAt": "When the newest revision was made.",
    "FunctionStatus.image": "The image that answers calls.",
    "FunctionStatus.commit": "The git commit that it was built from, where its source is one.",
    "FunctionStatus.replicas": "Replicas that run or start.",
    "FunctionStatus.readyReplicas": "Replicas that take calls.",
    "FunctionStatus.url": "Where the function is called.",
    "Condition.type": "What the fact is about.",
    "Condition.status": "Whether it holds.",
    "Condition.reason": "Why, in one word for machines.",
    "Condition.message": "Why, in words for people.",
    "Condition.lastTransitionTime": "Since when the status is what it is.",
    "Condition.observedGeneration": "The generation of the spec that this fact is about.",
    "Hint.reason": "Which problem it is about.",
    "Hint.fix": "What to type.",
}
