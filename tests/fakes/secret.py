"""A secret with versions, in memory."""

from functions.google import secret_manager
from functions.google.secret_manager import SecretsUnavailable, Version
from tests.fakes.hook import Hook, ignore


class Secret(secret_manager.Secret):
    """Stands for `functions.google.secret_manager.Secret`.

    Args:
        versions: the contents of the versions, from version 1 on.

    Attributes:
        destroyed: the numbers of the versions that were destroyed.
        announced: the number of the version that Secret Manager calls the newest, because its
            answer is late; None for the newest.
        failing: the actions that fail: ``newest``, ``at``, ``add``.
        before: called with each action before it happens.
        after: called with each action after it happened.
    """

    def __init__(self, *versions: bytes) -> None:
        self.versions = [*versions]
        self.destroyed: set[int] = set()
        self.announced: int | None = None
        self.failing: set[str] = set()
        self.before: Hook = ignore
        self.after: Hook = ignore

    def newest(self) -> Version:
        self._begin("newest")
        number = self.announced or len(self.versions)
        self.after("newest")
        return Version(number, self.versions[number - 1])

    def at(self, number: int) -> Version | None:
        self._begin("at")
        version = None if self._is_gone(number) else Version(number, self.versions[number - 1])
        self.after("at")
        return version

    def add(self, data: bytes) -> int:
        self._begin("add")
        self.versions.append(data)
        number = len(self.versions)
        self.after("add")
        return number

    def _begin(self, action: str) -> None:
        self.before(action)
        if action in self.failing:
            raise SecretsUnavailable("ConnectionError")

    def _is_gone(self, number: int) -> bool:
        return number in self.destroyed or number > len(self.versions)
