"""The embedded cell: everything of one cell on this machine, behind the same APIs."""

import os

# Without this, gRPC wakes its threads in a child between fork and exec. The child's descriptors are
# closed then, so it may crash. gRPC reads the variable when it is first imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
