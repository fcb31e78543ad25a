"""The findings: codes in the column ``flags`` for values that do not fit, or that were guessed."""

from typing import Literal

Finding = Literal[
    "unnamed",
    "unknown",
    "duplicate",
    "out_of_list",
    "not_coerced",
    "not_sane",
    "placeholder",
    "rounded",
    "converted",
    "too_many",
    "too_large",
]
"""A code for something unusual about a property. A flag consists of the code, a colon and the
property's name. ``catalogue.yaml`` explains each code."""
