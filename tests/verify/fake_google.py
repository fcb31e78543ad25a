"""The REST APIs that no stand-in has: a topic's storage policy, a secret's replication."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

REGION = "europe-west1"
TOPICS = ("projects/local/topics/chat-eu-events", "projects/local/topics/chat-eu-dead")
SECRETS = ("projects/local/secrets/chat-eu-partners", "projects/local/secrets/chat-eu-pseudonym")


class Answer(NamedTuple):
    status: int
    body: Any


def healthy() -> dict[str, Answer]:
    """What Google answers of a cell as Terraform makes it, by path."""
    policy = {"allowedPersistenceRegions": [REGION], "enforceInTransit": True}
    replication = {"userManaged": {"replicas": [{"location": REGION}]}}
    return {
        **{
            f"/v1/{topic}": Answer(200, {"name": topic, "messageStoragePolicy": policy})
            for topic in TOPICS
        },
        **{
            f"/v1/{secret}": Answer(200, {"name": secret, "replication": replication})
            for secret in SECRETS
        },
    }


@contextmanager
def serving(answers: dict[str, Answer]) -> Iterator[str]:
    """Answer GET requests for as long as the context is open; its URL. The rest is 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path, Answer(404, {"error": {"code": 404}}))
            body = (
                answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            )
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
