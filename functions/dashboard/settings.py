"""The settings of the function `dashboard`."""

from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, read from the environment by `functions.web.environment.read`.

    Attributes:
        gcp_project: the Google Cloud project.
        bigquery_endpoint: the regional endpoint of BigQuery, ``https://host``.
        location: the datasets' location, such as ``europe-west1``.
        store_dataset: the full name of the dataset with the tables, ``projects/P/datasets/D``; the
            dashboard reads only the rollups and the ledger.
        bi_dataset: the full name of the dataset with the views. It only fills in the variables of
            the SQL files; the dashboard reads no view.
        operate_url: the URL of the operate function, which the dashboard calls to refresh. With
            ``https://``, calls have an identity token; with ``http://``, they have none.
        viewers_file: the file with the secret that lists the projects of each viewer.
        iap_audience: the audience that assertions of Identity-Aware Proxy must have,
            ``/projects/NUMBER/locations/REGION/services/SERVICE``. Empty if Cloud Run itself
            identifies the caller.
        query_seconds: the time limit of each query for a page.
        statement_bytes: the maximum bytes that one query may bill; BigQuery refuses a query that
            would bill more. The default is 1 TiB (about 6 dollars), far more than the rollups
            contain.
        refresh_seconds: the time limit of a call to operate. It must be below the time-out of this
            function.
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
