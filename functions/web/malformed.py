"""Says why a body is not valid, without a word of its content.

msgspec's errors quote values and unknown names. Both may be about a person: for example, an id that
stands in the wrong field.
"""

import re

import msgspec

MALFORMED = (msgspec.DecodeError, UnicodeDecodeError)
"""The errors of `msgspec.json.decode` for a body that is not valid."""

_PLACE = re.compile(r" - at `\$[^`]*`")
_QUOTED = re.compile(r" '[^']*'")
_QUOTING = {
    "Object contains unknown field `": "Object has an unknown field",
    "Invalid enum value ": "Unknown value",
}
"""The beginnings of errors that quote the sender, and the texts that replace these errors."""


def describe(error: msgspec.DecodeError | UnicodeDecodeError) -> str:
    """Return why a body is not valid, and in which field.

    Args:
        error: the error of `msgspec.json.decode`. The decoded type must have only named fields, so
            that no path in the error quotes the sender.
    """
    if isinstance(error, UnicodeDecodeError):
        return "the body is not UTF-8"
    text = str(error)
    for beginning, safe in _QUOTING.items():
        if text.startswith(beginning):
            places = _PLACE.findall(text)
            # The error may quote a text of the sender that looks like a place. So the place is left
            # out if there seem to be two places, or if the only one is not at the end.
            return safe + (places[0] if len(places) == 1 and text.endswith(places[0]) else "")
    return _QUOTED.sub("", text)
