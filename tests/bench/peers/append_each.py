"""What most people would write after reading about the Storage Write API: an append for each."""

import base64
import os
from functools import cache
from typing import Any

import flask
import functions_framework
import grpc
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import (
    BigQueryWriteGrpcTransport,
)
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

STREAM = f"{os.environ['STORE_DATASET']}/tables/events_v1/streams/_default"
COLUMNS = ("ingest_id", "received_at", "kind", "event", "project", "partner", "data")


def declare() -> Any:
    """Declare a row: the attributes as columns, and the event as JSON."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="peer.proto", package="peer", syntax="proto2")
    row = file.message_type.add(name="Row")
    for number, column in enumerate(COLUMNS, 1):
        row.field.add(
            name=column, number=number, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("peer.Row"))


Row = declare()


descriptor = descriptor_pb2.DescriptorProto()
Row.DESCRIPTOR.CopyToProto(descriptor)
schema = types.ProtoSchema(proto_descriptor=descriptor)


@cache
def client() -> Any:
    """Connect, after the server has forked."""
    scheme, _, address = os.environ["BIGQUERY_WRITE_ENDPOINT"].partition("://")
    if scheme == "https":
        return BigQueryWriteClient(client_options={"api_endpoint": address})
    channel = grpc.insecure_channel(address)
    return BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=channel))


@functions_framework.http
def receive(request: flask.Request) -> tuple[str, int]:
    """Append the event and answer when BigQuery has it."""
    message = request.get_json()["message"]
    row = Row(data=base64.b64decode(message["data"]).decode(), **message["attributes"])
    rows = types.ProtoRows(serialized_rows=[row.SerializeToString()])
    data = types.AppendRowsRequest.ProtoData(writer_schema=schema, rows=rows)
    append = types.AppendRowsRequest(write_stream=STREAM, proto_rows=data)
    for _ in client().append_rows(iter([append])):
        break  # one request, one answer
    return "", 204
