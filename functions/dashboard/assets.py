"""The style sheet and the scripts of the page.

The path of each file contains a hash of its content, so browsers can keep the file for a year.
"""

import gzip
import hashlib
from collections.abc import Mapping
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from functions.web.routes import Route

_HERE = Path(__file__).parent / "static"
_YEAR = "private, max-age=31536000, immutable"


class Asset(NamedTuple):
    """A style sheet or script to serve.

    Attributes:
        content: the file's bytes.
        compressed: the file's bytes, compressed with gzip.
        media_type: the file's media type.
    """

    content: bytes
    compressed: bytes
    media_type: str


class Assets:
    """The style sheet and the scripts of the page, read from disk when this object is created.

    Attributes:
        paths: the path in the URL of each file, by file name.
    """

    def __init__(self) -> None:
        chart = resources.files("chartkick") / "django/static/chartkick/Chart.bundle.js"
        contents = {
            "dashboard.css": (_HERE / "dashboard.css").read_bytes(),
            "dashboard.js": (_HERE / "dashboard.js").read_bytes(),
            "charts.js": (_HERE / "charts.js").read_bytes(),
            "chart.bundle.js": chart.read_bytes(),
        }
        self.paths: Mapping[str, str] = {
            name: f"/assets/{hashlib.sha256(content).hexdigest()[:12]}/{name}"
            for name, content in contents.items()
        }
        self._assets = {self.paths[name]: _asset(name, body) for name, body in contents.items()}

    def routes(self) -> list[Route[Request]]:
        """Return a route for each style sheet and script."""
        return [Route("GET", path, partial(_serve, asset)) for path, asset in self._assets.items()]


async def _serve(asset: Asset, request: Request) -> Response:
    headers = {"Cache-Control": _YEAR, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(asset.content, headers=headers, media_type=asset.media_type)
    headers["Content-Encoding"] = "gzip"
    return Response(asset.compressed, headers=headers, media_type=asset.media_type)


@cache
def _asset(name: str, content: bytes) -> Asset:
    media_type = "text/css" if name.endswith(".css") else "text/javascript"
    return Asset(content, gzip.compress(content, mtime=0), media_type)
