"""An access token is read in a thread, once for all callers, and before the old one expires."""

import asyncio
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from google.auth import _helpers, credentials
from google.auth.exceptions import DefaultCredentialsError, RefreshError

from functions.google.access_token import AccessToken, NoAccess

LONG, STALE, OVER = timedelta(hours=1), timedelta(minutes=1), timedelta(0)


class Tokens(credentials.CredentialsWithQuotaProject):
    """Credentials that give numbered tokens, each for the next of some times."""

    def __init__(self, *lives: timedelta, quota_project: str = "") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.lives = [*lives]
        self.read = 0
        self.threads: list[threading.Thread] = []
        self.may_read = threading.Event()
        self.may_read.set()
        self._quota_project_id = quota_project or None

    def refresh(self, _request: Any) -> None:
        self.may_read.wait(60)
        self.threads.append(threading.current_thread())
        if not self.lives:
            raise RefreshError("secret")
        self.read += 1
        self.token = f"token-{self.read}"
        self.expiry = _now() + self.lives.pop(0)


def _now() -> datetime:
    now: datetime = _helpers.utcnow()
    return now


async def test_a_token_is_read_once_in_a_thread() -> None:
    tokens = Tokens(LONG)
    access = AccessToken(lambda: tokens)
    assert access.at_hand() is None
    read = [await access.metadata(), await access.metadata(), access.at_hand()]
    assert [dict(each or ()) for each in read] == [{"authorization": "Bearer token-1"}] * 3
    assert threading.main_thread() not in tokens.threads
    assert tokens.read == 1


async def test_all_callers_wait_for_the_same_token() -> None:
    tokens = Tokens(LONG)
    access = AccessToken(lambda: tokens)
    tokens.may_read.clear()
    callers = [asyncio.create_task(access.metadata()) for _ in range(3)]
    await asyncio.sleep(0)
    callers[0].cancel()
    tokens.may_read.set()
    first, *others = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert others == [(("authorization", "Bearer token-1"),)] * 2
    assert tokens.read == 1


@pytest.mark.parametrize("life", [STALE, OVER])
async def test_a_token_is_replaced_before_it_expires(life: timedelta) -> None:
    access = AccessToken(lambda: tokens)
    tokens = Tokens(life, LONG)
    await access.metadata()
    assert access.at_hand() is None
    assert dict(await access.metadata()) == {"authorization": "Bearer token-2"}


async def test_a_token_that_cannot_be_replaced_is_used_until_it_expires() -> None:
    tokens = Tokens(STALE)
    access = AccessToken(lambda: tokens)
    assert dict(await access.metadata()) == {"authorization": "Bearer token-1"}
    assert dict(await access.metadata()) == {"authorization": "Bearer token-1"}
    tokens.expiry = _now()
    with pytest.raises(NoAccess, match=r"^RefreshError$"):
        await access.metadata()


async def test_credentials_are_looked_for_again() -> None:
    found: list[Any] = [DefaultCredentialsError("secret"), Tokens(LONG)]

    def find() -> Any:
        each = found.pop(0)
        if isinstance(each, Exception):
            raise each
        return each

    access = AccessToken(find)
    with pytest.raises(NoAccess, match=r"^DefaultCredentialsError$"):
        await access.metadata()
    assert dict(await access.metadata()) == {"authorization": "Bearer token-1"}


async def test_a_quota_project_is_named() -> None:
    tokens = Tokens(LONG, quota_project="payer")
    metadata = dict(await AccessToken(lambda: tokens).metadata())
    assert metadata["x-goog-user-project"] == "payer"
