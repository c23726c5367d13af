"""The SQL backend: desired state, revisions, secrets and asynchronous calls in one database.

SQLite is what `plat up` uses, Postgres what several machines share; only `sqlite` and `postgres`
know which. The drivers block, so everything runs on the one thread of `Database`; this room starts
no process and knows nothing of replicas.
"""

from plat_backends.sql.calls import SqlCallStore
from plat_backends.sql.database import Database
from plat_backends.sql.deferred import DeferredDatabase
from plat_backends.sql.functions import SqlFunctionStore
from plat_backends.sql.secrets import SqlSecretStore

__all__ = ["Database", "DeferredDatabase", "SqlCallStore", "SqlFunctionStore", "SqlSecretStore"]
