"""Sources that are elsewhere: a git repository, an archive behind an address.

What comes is treated as an upload is: it ends as one file of a bounded size, and is unpacked by the
same checks. Which schemes may be asked at all is the installation's to say.
"""
