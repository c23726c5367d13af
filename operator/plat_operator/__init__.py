"""The operator: a `Function` resource becomes Deployments and Services, and stays so.

A thin edge around kopf: events of Functions come in by kopf, everything else by watches of the
kubernetes backend; what to do is decided by the same pure plan as everywhere. Only `wiring` opens
the backend, only `handlers` knows kopf, only `settings` names the environment's variables.
"""
