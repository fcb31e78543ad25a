"""The embedded cell: everything of one cell on this machine, behind the same APIs."""

import os

# Else gRPC wakes its threads between fork and exec of a child, which the child may not survive:
# its descriptors are closed by then. It is read when gRPC is first imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
