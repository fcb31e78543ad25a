"""The dashboard's settings."""

from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Read from the environment by `functions.web.environment.read`.

    Attributes:
        gcp_project: the Google Cloud project.
        bigquery_endpoint: the region's, ``https://host``.
        location: the datasets' location, such as ``europe-west1``.
        store_dataset: ``projects/P/datasets/D``; of its tables only rollups are read.
        bi_dataset: the same for the views, of which none is read.
        operate_url: of the operate function, which Refresh calls; ``https://`` with an identity
            token, ``http://`` without.
        viewers_file: the secret that says who sees which projects.
        iap_audience: what Identity-Aware Proxy signs its assertions for,
            ``/projects/NUMBER/locations/REGION/services/SERVICE``. Empty where people come by
            Cloud Run's own check of the caller.
        query_seconds: how long the queries of one page may take.
        statement_bytes: the most bytes that one query may bill; BigQuery refuses one that would
            bill more. The default is 1 TiB, about 6 dollars: far more than rollups can have.
        refresh_seconds: how long Refresh waits for operate; less than this function's time-out.
    """

    gcp_project: str
    bigquery_endpoint: str
    location: str
    store_dataset: str
    bi_dataset: str
    operate_url: str
    viewers_file: Path
    iap_audience: str = ""
    query_seconds: float = 30.0
    statement_bytes: int = 2**40
    refresh_seconds: float = 280.0
