"""Says why a body is not valid, without quoting it.

msgspec's errors quote values and the names of unknown fields. Both may be personal data, such as an
id in the wrong field.
"""

import re

import msgspec

MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The errors of `msgspec.json.decode` for a body that is not valid. It raises RecursionError for a
body that is nested too deeply, even if the nested part belongs to no field."""

_PLACE = re.compile(r" - at `\$[^`]*`")
_QUOTED = re.compile(r" '[^']*'")
_UNKNOWN_FIELD = "Object contains unknown field `"
_UNKNOWN_VALUE = "Invalid enum value "
"""How errors that quote the body begin."""


def describe(error: msgspec.DecodeError | UnicodeDecodeError | RecursionError) -> str:
    """Return why a body is not valid, and in which field.

    Args:
        error: the error of `msgspec.json.decode`. The type to decode must have only named fields,
            so that the place in the error does not quote the body.
    """
    if isinstance(error, UnicodeDecodeError):
        return "the body is not UTF-8"
    if isinstance(error, RecursionError):
        return "the body is nested too deeply"
    text = str(error)
    if text.startswith(_UNKNOWN_FIELD):
        # Do not return the place of the field. An error about the outermost object has no place, so
        # a text that looks like a place may come from the name of the unknown field.
        return "Object has an unknown field"
    if text.startswith(_UNKNOWN_VALUE):
        places = _PLACE.findall(text)
        # The error ends with the place in the body. But the quoted value may also look like a
        # place, so the place is left out if there are two, or if the only one is not at the end.
        place = places[0] if len(places) == 1 and text.endswith(places[0]) else ""
        return f"Unknown value{place}"
    return _QUOTED.sub("", text)
