"""What the environment may say."""

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Read from the environment by `functions.web.environment.read`.

    Attributes:
        identity_token: of who asks, where ``gcloud`` is not signed in as them: for a pipeline.
    """

    identity_token: str = ""
