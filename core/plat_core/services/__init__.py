"""The services: what plat does, said in terms of ports.

This room may import the model, the errors and the ports. It may not import a backend, a web
framework or an SDK, and it reads neither the environment nor the clock of the machine: both are
given to it.
"""
