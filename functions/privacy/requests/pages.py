"""Renders HTML pages for people. Each page is one file, without scripts or external resources."""

from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

TEMPLATES = Path(__file__).parent / "templates"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""The HTTP headers of a page. Styles are inline, so that a saved copy is complete."""


def render(name: str, **values: object) -> str:
    """Render a page. All values are escaped.

    Args:
        name: the template's name, without its extension.
        values: the template's variables.
    """
    return _templates().get_template(f"{name}.html").render(**values)


def page(name: str, **values: object) -> HTMLResponse:
    """Render a page, and return it as a response. `render` explains the arguments."""
    return HTMLResponse(render(name, **values), headers=HEADERS)


def moment(value: datetime) -> str:
    """Return a time (UTC) as text, such as ``22 November 2026, 14:05 UTC``."""
    return f"{value.day} {value:%B %Y, %H:%M} UTC"


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(moment=moment)
    return templates
