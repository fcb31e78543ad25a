"""The embedded cell's secrets: the files that stand for the mounted ones."""

import base64
import hashlib
import json
import secrets
from pathlib import Path

from local.cell import CELL, OFFICER, PARTNER, PARTNER_PROJECTS, VIEWER


def prepare_secrets(folder: Path) -> str:
    """Write the cell's secrets, unless an earlier start did; return the demo partner's token.

    A data folder keeps its secrets, because its rows need the pseudonym key that they were written
    with. Each start writes the permissions for the dashboard and the privacy function again.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    projects = [project for project, cell in PARTNER_PROJECTS.items() if cell == CELL]
    viewers = {"projects": projects, "some": {VIEWER: projects}}
    (folder / "viewers.json").write_text(json.dumps(viewers))
    owners = dict.fromkeys(PARTNER_PROJECTS, PARTNER)
    callers = {"projects": projects, "everything": [OFFICER], "owners": owners}
    (folder / "callers.json").write_text(json.dumps(callers))
    closed = folder / "closed.json"
    if not closed.exists():
        closed.write_text(json.dumps({"partners": {}}))
    token_file = folder / "token"
    if token_file.exists():
        return token_file.read_text()
    (folder / "pseudonym").mkdir(mode=0o700)
    (folder / "pseudonym" / "1").write_bytes(base64.b64encode(secrets.token_bytes(32)))
    token = secrets.token_urlsafe(24)
    digest = hashlib.sha256(token.encode()).hexdigest()
    partner = {
        "tokens_sha256": [digest],
        "projects": PARTNER_PROJECTS,
        "request_ids": True,
    }
    (folder / "partners.json").write_text(json.dumps({"partners": {PARTNER: partner}}))
    token_file.write_text(token)
    return token
