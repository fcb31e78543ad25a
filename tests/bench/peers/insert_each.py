"""The design that the documentation of BigQuery's client suggests: an insert for each event."""

import base64
import json
import os
import uuid
from datetime import UTC, datetime

import flask
import functions_framework
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

_, project, _, dataset = os.environ["STORE_DATASET"].split("/")
client = bigquery.Client(
    project=project,
    credentials=AnonymousCredentials(),
    client_options={"api_endpoint": os.environ["BIGQUERY_ENDPOINT"]},
)


@functions_framework.http
def receive(request: flask.Request) -> tuple[str, int]:
    """Insert the event and answer when BigQuery has it."""
    message = request.get_json()["message"]
    row = message["attributes"] | {
        "delivery_id": str(uuid.uuid4()),
        "stored_at": datetime.now(UTC).isoformat(),
        "catalogued": True,
        "extra": json.dumps(json.loads(base64.b64decode(message["data"]))["value"]),
    }
    errors = client.insert_rows_json(f"{project}.{dataset}.events_v1", [row])
    return ("", 503) if errors else ("", 204)
