"""The codes in the column ``flags``: what does not fit the catalogue, and what was guessed."""

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
    "too_large",
]
"""A flag is a finding, a colon and a property's name. ``catalogue.yaml`` explains each finding."""
