"""Google's APIs with answers that tests choose: gRPC for Pub/Sub, REST for the other APIs."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

import grpc
from google.protobuf.json_format import ParseDict
from google.pubsub_v1 import GetSubscriptionRequest, GetTopicRequest, Subscription, Topic

REGION = "europe-west1"
TOPICS = ("projects/local/topics/chat-eu-events", "projects/local/topics/chat-eu-dead")
SECRETS = ("projects/local/secrets/chat-eu-partners", "projects/local/secrets/chat-eu-pseudonym")
DATASETS = "/bigquery/v2/projects/local/datasets"


class Answer(NamedTuple):
    status: int
    body: Any


class Served(NamedTuple):
    """The URL of the REST APIs, and the address of the gRPC APIs."""

    rest: str
    grpc: str


def healthy() -> dict[str, Answer]:
    """Return Google's answers about a cell that Terraform has created, by path."""
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
        "/storage/v1/b/local-chat-eu": Answer(200, {"location": REGION.upper()}),
        f"{DATASETS}/chat_eu_store": Answer(200, {"location": REGION}),
        f"{DATASETS}/chat_eu": Answer(200, {"location": REGION}),
    }


@contextmanager
def serving(answers: dict[str, Answer]) -> Iterator[Served]:
    """Serve the answers while the context is open; every other path is answered with 404."""

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
    pubsub = grpc.server(ThreadPoolExecutor(2))
    pubsub.add_generic_rpc_handlers(
        (
            _getter(answers, "Publisher", GetTopicRequest, "topic", Topic),
            _getter(answers, "Subscriber", GetSubscriptionRequest, "subscription", Subscription),
        )
    )
    port = pubsub.add_insecure_port("127.0.0.1:0")
    pubsub.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}", f"http://127.0.0.1:{port}")
    finally:
        pubsub.stop(None).wait()
        server.shutdown()
        server.server_close()
        thread.join()


def _getter(
    answers: dict[str, Answer], service: str, request_type: Any, field: str, answer_type: Any
) -> Any:
    """Return a gRPC handler of a ``Get…`` method of one of Pub/Sub's services."""

    def get(request: Any, context: Any) -> Any:
        answer = answers.get(f"/v1/{getattr(request, field)}", Answer(404, {}))
        if answer.status == 404:
            context.abort(grpc.StatusCode.NOT_FOUND, "")
        if answer.status != 200:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "")
        return ParseDict(answer.body, answer_type.pb()())

    handler: Any = grpc.unary_unary_rpc_method_handler(
        get,
        request_deserializer=request_type.pb().FromString,
        response_serializer=lambda found: found.SerializeToString(),
    )
    return grpc.method_handlers_generic_handler(
        f"google.pubsub.v1.{service}", {f"Get{answer_type.__name__}": handler}
    )
