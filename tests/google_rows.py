"""Rows of the Storage Write API, read with Google's own message classes."""

from collections.abc import Iterator
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


def row_class(descriptor: descriptor_pb2.DescriptorProto) -> Any:
    """Return the message class of rows with this descriptor."""
    file = descriptor_pb2.FileDescriptorProto(name="sent.proto", message_type=[descriptor])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(descriptor.name))


def field_paths(descriptor: descriptor_pb2.DescriptorProto, scope: str = "") -> Iterator[str]:
    """Yield the fields of a descriptor; a field of a RECORD is ``record.field``."""
    nested = {nested_type.name: nested_type for nested_type in descriptor.nested_type}
    for field in descriptor.field:
        yield f"{scope}{field.name}"
        kind = field.type_name.rpartition(".")[2]
        if kind:
            yield from field_paths(nested[kind], f"{scope}{field.name}.")
