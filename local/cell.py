"""The names, addresses and settings of the embedded cell; Terraform sets those of a real cell."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from functions import FUNCTIONS

PROJECT = "local"
CELL = "eu"
LOCATION = "europe-west1"
PARTNER = "demo"
PARTNER_PROJECTS = {"dev": "eu", "partner-prod": "eu", "demo-us": "us"}
"""The demo partner's projects, and the cell that each is pinned to."""

DEFAULT_PORT_BASE = 8600
PORTS = (
    "receive",
    "load",
    "pubsub",
    "bigquery",
    "bigquery_grpc",
    "storage",
    "operate",
    "dashboard",
    "dashboard_proxy",
    "privacy",
    "privacy_proxy",
    "secret_manager",
)
"""The programs that listen on the cell's ports, in the order of the ports from the port base on."""

VIEWER = "you@demo.example"
"""The dashboard's proxy calls the dashboard as this person."""

OFFICER = "you@demo.example"
"""The proxy of `privacy` calls the function as this person, who may act for the whole cell."""

SCHEDULER_ACCOUNT = f"scheduler@{PROJECT}.iam.gserviceaccount.com"
PUSH_ACCOUNT = f"push@{PROJECT}.iam.gserviceaccount.com"

REPLAY_SECONDS = 300
"""The interval at which the scheduler replays the spill."""

SETTLE_SECONDS = 86_400
"""The interval at which the scheduler settles the store: each day at 00:00 UTC."""

REFRESH_SECONDS = 86_400
"""The interval at which the scheduler refreshes the rollups: each day at 00:00 UTC."""

SWEEP_SECONDS = 3_600
"""The interval at which the scheduler starts the sweep."""

UNFILED_SECONDS = 86_400
"""The interval at which the scheduler has deletions looked for that are stored but not filed."""

ATTEMPT_SECONDS = MappingProxyType(
    {"replay": 320, "settle": 560, "refresh": 560, "sweep": 560, "unfiled": 560}
)
"""How long a call of each job may take: the attempt deadlines of `modules/cell/scheduler.tf`."""


@dataclass(frozen=True)
class Cell:
    """One embedded cell.

    Attributes:
        port_base: the first of its ports.
        token: the token of the demo partner.
        secrets: the folder that stands for the mounted secrets.
        pubsub: ``host:port`` of Pub/Sub: the cell's stand-in, or Google's emulator.
    """

    port_base: int
    token: str
    secrets: Path
    pubsub: str

    topic = f"projects/{PROJECT}/topics/chat-{CELL}-events"
    subscription = f"projects/{PROJECT}/subscriptions/chat-{CELL}-load"
    dead_letter_topic = f"projects/{PROJECT}/topics/chat-{CELL}-dead"
    dead_letter_subscription = f"projects/{PROJECT}/subscriptions/chat-{CELL}-dead"
    privacy_subscription = f"projects/{PROJECT}/subscriptions/chat-{CELL}-privacy"
    bucket = f"{PROJECT}-chat-{CELL}"
    store_dataset = f"chat_{CELL}_store"
    bi_dataset = f"chat_{CELL}"

    def port(self, name: str) -> int:
        """Return the port of one of `PORTS`."""
        return self.port_base + PORTS.index(name)

    def url(self, name: str) -> str:
        """Return the address of one of `PORTS`."""
        return f"http://127.0.0.1:{self.port(name)}"

    def secret(self, name: str) -> str:
        """Return the full name that a secret has in Secret Manager."""
        return f"projects/{PROJECT}/secrets/chat-{CELL}-{name}"

    def jobs(self) -> tuple[tuple[int, str], ...]:
        """Return the scheduler's jobs: an interval in seconds, and the URL to call."""
        operate = self.url("operate")
        return (
            (REPLAY_SECONDS, f"{operate}/replay"),
            (SETTLE_SECONDS, f"{operate}/settle"),
            (REFRESH_SECONDS, f"{operate}/refresh"),
            (SWEEP_SECONDS, f"{self.url('privacy')}/sweep"),
            (UNFILED_SECONDS, f"{self.url('privacy')}/unfiled"),
        )

    def describe(self) -> dict[str, Any]:
        """Return the addresses and names that a client of the cell needs."""
        return {
            "receive": self.url("receive"),
            "events_url": f"{self.url('receive')}/events/{self.token}",
            "rooms_url": f"{self.url('receive')}/rooms/{self.token}",
            "token": self.token,
            "dashboard": self.url("dashboard_proxy"),
            "privacy": self.url("privacy_proxy"),
            "pubsub": self.pubsub,
            "bigquery": self.url("bigquery"),
            "bigquery_grpc": f"127.0.0.1:{self.port('bigquery_grpc')}",
            "storage": self.url("storage"),
            "secrets": self.url("secret_manager"),
            "project": PROJECT,
            "location": LOCATION,
            "store_dataset": self.store_dataset,
            "bi_dataset": self.bi_dataset,
            "functions": {name: self.url(name) for name in FUNCTIONS},
        }

    def parts(self) -> dict[str, Any]:
        """Return the resources whose locations `functions/locations` checks: the setting PARTS."""
        secrets = ("callers", "closed", "partners", "pseudonym", "viewers")
        return {
            "topics": [self.topic, self.dead_letter_topic],
            "secrets": [self.secret(name) for name in secrets],
            "buckets": [self.bucket],
            "datasets": {"store": self.store_dataset, "bi": self.bi_dataset},
        }

    def settings(self) -> dict[str, str]:
        """Return the functions' environment variables."""
        return {
            "CELL": CELL,
            "GCP_PROJECT": PROJECT,
            "PUBSUB_ENDPOINT": f"http://{self.pubsub}",
            "EVENTS_TOPIC": self.topic,
            "DEAD_LETTER_TOPIC": self.dead_letter_topic,
            "DEAD_LETTER_SUBSCRIPTION": self.dead_letter_subscription,
            "BIGQUERY_WRITE_ENDPOINT": self.url("bigquery_grpc"),
            "BIGQUERY_ENDPOINT": self.url("bigquery"),
            "LOCATION": LOCATION,
            "STORE_DATASET": f"projects/{PROJECT}/datasets/{self.store_dataset}",
            "BI_DATASET": f"projects/{PROJECT}/datasets/{self.bi_dataset}",
            "STORAGE_ENDPOINT": self.url("storage"),
            "BUCKET": self.bucket,
            # The BigQuery stand-in handles one append at a time, so fewer, larger ones are faster.
            "MAX_IN_FLIGHT_APPENDS": "1",
            "PARTNERS_FILE": str(self.secrets / "partners.json"),
            "PSEUDONYM_KEYS": str(self.secrets / "pseudonym"),
            "OPERATE_URL": self.url("operate"),
            "VIEWERS_FILE": str(self.secrets / "viewers.json"),
            "CLOSED_FILE": str(self.secrets / "closed.json"),
            "CLOSED_SECRET": self.secret("closed"),
            "SECRETS_ENDPOINT": self.url("secret_manager"),
            "CALLERS_FILE": str(self.secrets / "callers.json"),
            "PARTS": json.dumps(self.parts()),
            "GDPR": "true",
            "SCHEDULER_ACCOUNT": SCHEDULER_ACCOUNT,
            "PUSH_ACCOUNT": PUSH_ACCOUNT,
        }


def remember(cell: Cell, state: Path) -> None:
    """Write the running cell to a file, in which the other commands find it."""
    state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    state.touch(mode=0o600)
    state.write_text(json.dumps(asdict(cell), default=str))


def find(state: Path) -> Cell | None:
    """Return the cell that `remember` wrote to a file, or None if there is no file."""
    try:
        noted = json.loads(state.read_text())
    except FileNotFoundError:
        return None
    return Cell(noted["port_base"], noted["token"], Path(noted["secrets"]), noted["pubsub"])


def forget(state: Path) -> None:
    """Delete the file that `remember` wrote, because the cell stops."""
    state.unlink(missing_ok=True)
