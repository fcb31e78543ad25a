"""What most people would write after reading the documentation of functions and of Pub/Sub."""

import os

import flask
import functions_framework
from google.cloud import pubsub_v1

# A regional endpoint, so that events stay in the region.
endpoint = os.environ["PUBSUB_ENDPOINT"].partition("//")[2]
publisher = pubsub_v1.PublisherClient(client_options={"api_endpoint": endpoint})
topic = os.environ["EVENTS_TOPIC"]


@functions_framework.http
def receive(request: flask.Request) -> tuple[str, int]:
    """Publish the webhook's body and answer when Pub/Sub has it."""
    event = request.get_json()
    attributes = {"event": event["event"], "project": event["value"]["project"]}
    publisher.publish(topic, request.get_data(), **attributes).result()
    return "", 204
