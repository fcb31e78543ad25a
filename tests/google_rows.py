"""Rows of the Storage Write API, read with Google's own message classes."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


def row_class(descriptor: descriptor_pb2.DescriptorProto) -> Any:
    """Return the class of the rows that a writer describes so."""
    file = descriptor_pb2.FileDescriptorProto(name="sent.proto", message_type=[descriptor])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(descriptor.name))
