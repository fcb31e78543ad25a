"""All deployed code: one package for each function, and the packages that they share."""

__version__ = "0.2.0.dev0"
"""The project's version; CHANGELOG.md lists the changes of each version."""

FUNCTIONS = ("receive", "load", "operate", "dashboard", "privacy")
"""The names of the deployed functions. Each has its code in the package ``functions.<name>``, and
its cloud resources in ``terraform/modules/cell/functions.tf``."""
