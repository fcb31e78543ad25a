from google.cloud.bigquery_storage_v1.types import storage, stream

from functions.load.storage_write import (
    VIEW_FULL,
    AppendRowsResponse,
    GetWriteStreamRequest,
    WriteStream,
    append_request,
    column_paths,
)

STREAM = "projects/p/datasets/d/tables/t/streams/_default"


def test_a_request_is_what_the_official_client_would_send() -> None:
    official = storage.AppendRowsRequest.pb()(
        write_stream=STREAM,
        proto_rows={
            "writer_schema": {"proto_descriptor": {"name": "Row"}},
            "rows": {"serialized_rows": [b"a", b""]},
        },
        trace_id="watchers:load",
    )
    descriptor = official.proto_rows.writer_schema.proto_descriptor.SerializeToString()
    ours = append_request(STREAM, [b"a", b""], descriptor)
    assert storage.AppendRowsRequest.pb().FromString(ours.SerializeToString()) == official


def test_a_later_request_has_no_descriptor() -> None:
    ours = append_request(STREAM, [b"a"], None)
    official = storage.AppendRowsRequest.pb().FromString(ours.SerializeToString())
    assert not official.proto_rows.HasField("writer_schema")


def test_a_response_is_read_as_the_official_client_would() -> None:
    official = storage.AppendRowsResponse.pb()(
        error={"code": 3, "message": "m"},
        row_errors=[{"index": 2, "code": 1, "message": "bad"}],
        write_stream=STREAM,
    )
    ours = AppendRowsResponse.FromString(official.SerializeToString())
    assert (ours.error.code, ours.error.message) == (3, "m")
    [error] = ours.row_errors
    assert (error.index, error.code, error.message) == (2, 1, "bad")


def test_a_good_answer_has_no_error() -> None:
    official = storage.AppendRowsResponse.pb()(append_result={})
    ours = AppendRowsResponse.FromString(official.SerializeToString())
    assert not ours.HasField("error")
    assert not ours.row_errors


COLUMNS = {"fields": [{"name": "a"}, {"name": "b", "fields": [{"name": "c"}]}]}


def test_a_stream_s_columns_are_asked_for_and_read_as_by_the_official_client() -> None:
    encoded = GetWriteStreamRequest(name=STREAM, view=VIEW_FULL).SerializeToString()
    official = storage.GetWriteStreamRequest.pb().FromString(encoded)
    assert (official.name, official.view) == (STREAM, stream.WriteStreamView.FULL)
    shown = stream.WriteStream.pb()(name=STREAM, table_schema=COLUMNS, location="eu")
    ours = WriteStream.FromString(shown.SerializeToString())
    assert list(column_paths(ours.table_schema.fields)) == ["a", "b", "b.c"]


def test_a_changed_schema_is_read_as_by_the_official_client() -> None:
    official = storage.AppendRowsResponse.pb()(append_result={}, updated_schema=COLUMNS)
    ours = AppendRowsResponse.FromString(official.SerializeToString())
    assert list(column_paths(ours.updated_schema.fields)) == ["a", "b", "b.c"]
