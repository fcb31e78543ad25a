"""Makes the tables about values from the catalogue: flags, units, placeholders, lists of people."""

from functions.events.catalogue import Catalogue
from generate.markdown import table


def parts(catalogue: Catalogue) -> dict[str, str]:
    """Return the content of each generated part of the contract, by the name of the part."""
    return {
        "flags": flags(catalogue),
        "units": _units(catalogue),
        "placeholders": _placeholders(catalogue),
        "lists of people": _lists_of_people(catalogue),
    }


def flags(catalogue: Catalogue) -> str:
    """Return the table of the flags."""
    rows = ((f"`{flag.name}`", flag.meaning, flag.stored) for flag in catalogue.flags)
    return table(("flag", "what was sent", "what is stored"), rows)


def _units(catalogue: Catalogue) -> str:
    own = {prop.unit for event in catalogue.events for prop in event.properties}
    rows = (
        (
            f"{name}: {_names(catalogue, name)}",
            ", ".join(f"`{spelling}`" for spelling in unit.spellings),
            "any" if unit.maximum is None else f"{unit.maximum:,}",
        )
        for name, unit in catalogue.units.items()
        if name in own
    )
    return table(("unit of the property", "units that are converted", "greatest number"), rows)


def _names(catalogue: Catalogue, unit: str) -> str:
    named = (
        f"`{prop.sent_as}` of `{event.name}`"
        for event in catalogue.events
        for prop in event.properties
        if prop.unit == unit
    )
    return ", ".join(named)


def _placeholders(catalogue: Catalogue) -> str:
    shared: dict[tuple[str, ...], list[str]] = {}
    for prop in (*catalogue.common, *catalogue.fallback("room").properties):
        if prop.placeholders:
            shared.setdefault(prop.placeholders, []).append(f"`{prop.sent_as}`")
    rows = (
        (", ".join(names), ", ".join(f"`{word}`" if word else "a blank" for word in words))
        for words, names in shared.items()
    )
    return table(("property", "placeholders"), rows)


def _lists_of_people(catalogue: Catalogue) -> str:
    rows = (
        (
            f"`{prop.sent_as}`",
            ", ".join(f"`{word}`" for word in dict.fromkeys(("[]", *prop.empty))),
            f"{prop.most:,}",
        )
        for prop in catalogue.fallback("room").properties
        if prop.most is not None
    )
    return table(("list", "what means that the list is empty", "people that are stored"), rows)
