"""Reads settings from environment variables. Each variable has a setting's name in capitals.

Each function declares its settings as a frozen `msgspec.Struct` in its own package. Terraform and
the embedded cell set the variables. Only `functions.web.entry` reads variables without this module.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


def read(cls: type[S], environ: Mapping[str, str]) -> S:
    """Return a function's settings, read from environment variables.

    Args:
        cls: the type of the settings. Its field ``max_event_bytes``, for example, is read from
            ``MAX_EVENT_BYTES``.
        environ: the variables. An empty variable counts as missing; other variables are ignored.

    Raises:
        ValueError: a variable is missing or malformed; the message names it without its value.
    """
    values: dict[str, str] = {}
    for field in msgspec.structs.fields(cls):
        text = environ.get(field.name.upper(), "")
        if text:
            values[field.name] = text
        elif field.required:
            raise ValueError(f"setting {field.name.upper()} is missing")
    for name, text in values.items():
        field_type = cls.__annotations__[name]
        try:
            msgspec.convert(text, field_type, strict=False, dec_hook=_path)
        except msgspec.ValidationError:
            raise ValueError(f"setting {name.upper()} must be {field_type.__name__}") from None
    return msgspec.convert(values, cls, strict=False, dec_hook=_path)


def _path(expected: type[Any], value: object) -> object:
    if expected is Path:
        return Path(str(value))
    raise NotImplementedError
