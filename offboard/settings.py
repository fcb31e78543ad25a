"""The setting of `make offboard`."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The setting, read from the environment by `functions.web.environment.read`.

    Attributes:
        identity_token: the operator's identity token. A pipeline needs it, because ``gcloud`` is
            not signed in there. If it is empty, ``gcloud`` is asked for a token.
    """

    identity_token: str = ""
