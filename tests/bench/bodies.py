"""The bodies that the benchmarks send: one event of 305 bytes, alone or in arrays."""

EVENT = (
    b'{"event":"message_sent","value":{"user_id":"BUmXxFyNMNE6FUVhL+ECSQ==","event_id":"16888",'
    b'"platform":"android","platformUserAgent":"Mozilla/5.0 (Linux; Android 14) '
    b'AppleWebKit/537.36 Chrome/123 Safari/537.36","screen_size":"360x800","project":"dev",'
    b'"source":"room","nickname":"Andy","message_type":"text"}}'
)


def body(events: int) -> bytes:
    """Return the body of a request: one event, or an array with several copies of it."""
    return EVENT if events == 1 else b"[" + b",".join([EVENT] * events) + b"]"
