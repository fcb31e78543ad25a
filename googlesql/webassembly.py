"""Google's SQL library as a WebAssembly module, compiled once per checkout and run in this process.

The package `zetasql` compiles the module at every start, which takes half a minute of processor
time, and it copies memory byte by byte. This module replaces both: it keeps the compiled module in
``.cache``, and copies memory in one piece.
"""

import ctypes
import fcntl
import hashlib
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import wasmtime
import zetasql.wasi
from zetasql.core import wasm_client

WASM = Path(zetasql.wasi.__file__).with_name("zetasql.wasm")
CACHE = Path(__file__).parents[1] / ".cache" / "googlesql"
"""The folder of the compiled module. Git ignores it, and `make clean` removes it."""


def compiled(engine: wasmtime.Engine, wasm: Path = WASM, cache: Path = CACHE) -> wasmtime.Module:
    """Return a compiled module; only the first call compiles it, later ones read it from the cache.

    If several processes call this at once, one compiles the module, and the others wait.

    Args:
        engine: the engine that will run the module.
        wasm: the file with the module.
        cache: the folder for compiled modules.
    """
    kept = cache / f"{_identity(wasm)}.cwasm"
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        if kept.exists():
            try:
                return wasmtime.Module.deserialize_file(engine, str(kept))
            except wasmtime.WasmtimeError:
                kept.unlink()  # it was compiled for another processor, or is incomplete
        module = wasmtime.Module.from_file(engine, str(wasm))
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_bytes(module.serialize())
        part.replace(kept)
        return module


def _identity(wasm: Path) -> str:
    parts = (version("wasmtime"), platform.machine(), hashlib.sha256(wasm.read_bytes()).hexdigest())
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _KeptModule:
    """Replaces wasmtime's class `Module` in the package's client."""

    @staticmethod
    def from_file(engine: wasmtime.Engine, path: str) -> wasmtime.Module:
        return compiled(engine, Path(path))


class _Client(wasm_client.WasmClient):  # type: ignore[misc] # the package has no types
    """The package's client, but it copies memory in one piece instead of byte by byte."""

    def _address(self, place: int) -> int:
        return ctypes.addressof(self.memory.data_ptr().contents) + place

    def write_bytes(self, ptr: int, data: bytes) -> None:
        ctypes.memmove(self._address(ptr), data, len(data))

    def read_bytes(self, ptr: int, size: int) -> bytes:
        return ctypes.string_at(self._address(ptr), size)


class Library:
    """An instance of the library. It needs 140 MB of memory, and handles one call at a time."""

    def __init__(self) -> None:
        package: Any = wasm_client
        package.Module = _KeptModule
        self._client = _Client(str(WASM))
        self._turn = threading.Lock()

    def call(self, method: str, request: Any, answer: Any) -> Any:
        """Call a method of the service ``ZetaSqlLocalService``.

        Raises:
            zetasql.core.exceptions.ServerError: the library refuses the request.
        """
        with self._turn:  # two calls at the same time would crash the process
            return self._client.call_grpc_func(f"ZetaSqlLocalService_{method}", request, answer)
