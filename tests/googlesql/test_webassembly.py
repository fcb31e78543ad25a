"""The library is compiled once, and again only if the kept module cannot be used."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import wasmtime

from googlesql.analyser import of_warehouse
from googlesql.webassembly import compiled
from tests.googlesql.texts import WAREHOUSE

SMALL = '(module (func (export "one") (result i32) i32.const 1))'


def answer(engine: wasmtime.Engine, module: wasmtime.Module) -> object:
    store = wasmtime.Store(engine)
    one = wasmtime.Instance(store, module, []).exports(store)["one"]
    assert isinstance(one, wasmtime.Func)
    return one(store)


def test_a_module_is_compiled_once(tmp_path: Path) -> None:
    engine = wasmtime.Engine()
    source = tmp_path / "small.wasm"
    source.write_bytes(wasmtime.wat2wasm(SMALL))
    cache = tmp_path / "cache"
    assert answer(engine, compiled(engine, source, cache)) == 1
    [kept] = cache.glob("*.cwasm")
    first = kept.stat().st_mtime_ns
    assert answer(engine, compiled(engine, source, cache)) == 1
    assert kept.stat().st_mtime_ns == first


def test_an_incomplete_module_is_compiled_again(tmp_path: Path) -> None:
    engine = wasmtime.Engine()
    source = tmp_path / "small.wasm"
    source.write_bytes(wasmtime.wat2wasm(SMALL))
    cache = tmp_path / "cache"
    compiled(engine, source, cache)
    [kept] = cache.glob("*.cwasm")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:1000])
    assert answer(engine, compiled(engine, source, cache)) == 1
    assert len(kept.read_bytes()) == len(whole)


def test_threads_take_turns() -> None:
    analyser = of_warehouse(WAREHOUSE)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(analyser.analyse, ["SELECT event FROM chat_eu.events"] * 40))
    assert {resolved.kind for resolved in found} == {"query"}
