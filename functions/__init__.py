"""All deployed code: one package for each function, and the packages that they share."""

__version__ = "0.2.0.dev0"
"""The project's version; CHANGELOG.md lists the changes of each version."""

FUNCTIONS = ("receive", "load", "operate", "dashboard", "privacy")
"""The deployed functions. The package ``functions.<name>`` has the code of each function, and
``terraform/modules/cell/functions.tf`` declares the cloud resources."""
