"""The Metadata Service: what functions there are, found by name, label, runtime or words.

It owns no truth: it follows the function controller, and answers from what it last heard, saying
how old that is, while the controller is away. It changes nothing and sees no secret's value. Only
`wiring` opens a backend, only `settings` reads the environment.
"""
