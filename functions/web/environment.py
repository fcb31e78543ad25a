"""Reads settings from environment variables, which have the names of the fields in capitals.

Each function declares its settings as a frozen `msgspec.Struct` in its own package. Terraform and
the embedded cell set the variables. Only `functions.web.entry` reads other variables.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


def read(cls: type[S], environ: Mapping[str, str]) -> S:
    """Fill a settings struct from environment variables.

    Args:
        cls: the struct; the field ``max_event_bytes`` is read from ``MAX_EVENT_BYTES``.
        environ: the variables. Variables without a field are ignored; empty ones count as unset.

    Raises:
        ValueError: a variable is missing or malformed; the message says which, without its value.
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
            raise ValueError(f"setting {name.upper()} is not {field_type.__name__}") from None
    return msgspec.convert(values, cls, strict=False, dec_hook=_path)


def _path(expected: type[Any], value: object) -> object:
    if expected is Path:
        return Path(str(value))
    raise NotImplementedError
