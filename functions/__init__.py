"""All deployed code: one package for each function, and the packages that they share."""

__version__ = "0.2.0.dev0"
"""The project's version; CHANGELOG.md lists the changes of each version."""

FUNCTIONS = ("receive", "load", "operate", "dashboard", "privacy")
"""The functions that are deployed: the package ``functions.<name>`` of each has its code, and
``terraform/modules/cell/functions.tf`` its resources."""
