"""BigQuery's API of jobs, in this process, below the real client library; tests can let it fail."""

import json
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from requests.adapters import BaseAdapter
from requests.exceptions import ConnectionError as NoConnection

from tests.fakes.clock import Clock

LOCATION = "europe-west1"


class RefusedJob(NamedTuple):
    """An answer that is an error."""

    status: int
    reason: str = ""
    message: str = "secret"


class Lost(NamedTuple):
    """No answer comes, whether the request was carried out or not."""

    carried_out: bool


class JobService(BaseAdapter):
    """The service. A job takes `seconds` by the clock, changes three rows and returns a day.

    Attributes:
        jobs: the inserted jobs, by id, in order.
        asked: each request, as its verb and the job's id.
        answers: the answers to the next requests with a verb (``insert``, ``get``, ``cancel``,
            ``rows``); None for the normal answer.
        errors: the errors of the next jobs; None for a job that succeeds.
        seconds: how long a job takes.
        obeys: whether a cancelled job ends.
        billed: the bytes that each job bills.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.jobs: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str]] = []
        self.answers: dict[str, list[RefusedJob | Lost | None]] = {}
        self.errors: list[tuple[str, str] | None] = []
        self.seconds = 0.0
        self.obeys = True
        self.billed = 0

    def client(self) -> bigquery.Client:
        """Return Google's client, which sends its requests to this service."""
        session = requests.Session()
        session.mount("https://", self)
        return bigquery.Client(
            "p",
            location=LOCATION,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": "https://bigquery.example"},
            _http=session,
        )

    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.asked]

    def send(self, request: Any, *_args: Any, **_options: Any) -> requests.Response:
        url = urlsplit(request.url)
        *_, kind, last = url.path.split("/")
        body = json.loads(request.body) if request.body else {}
        if last == "jobs":
            verb, job_id = "insert", body["jobReference"]["jobId"]
        else:
            verb = {"cancel": "cancel", "jobs": "get", "queries": "rows"}[
                last if last == "cancel" else kind
            ]
            job_id = kind if verb == "cancel" else last
            # BigQuery does not find a job of a single region without its location.
            assert parse_qs(url.query)["location"] == [LOCATION]
        self.asked.append((verb, job_id))
        planned = self.answers.get(verb) or [None]
        told = planned.pop(0)
        if isinstance(told, RefusedJob):
            return _response(request, told.status, _error(told))
        answer = getattr(self, f"_{verb}")(job_id, body)
        if isinstance(told, Lost):
            if not told.carried_out:
                self.jobs.pop(job_id, None)
            raise NoConnection
        return _response(request, *answer)

    def _insert(self, job_id: str, body: dict[str, Any]) -> tuple[int, Any]:
        if job_id in self.jobs:
            return 409, _error(RefusedJob(409, "duplicate"))
        error = self.errors.pop(0) if self.errors else None
        self.jobs[job_id] = body | {"ends": self.clock.now + self.seconds, "error": error}
        return 200, self._resource(job_id)

    def _get(self, job_id: str, _body: object) -> tuple[int, Any]:
        if job_id not in self.jobs:
            return 404, _error(RefusedJob(404, "notFound"))
        return 200, self._resource(job_id)

    def _cancel(self, job_id: str, _body: object) -> tuple[int, Any]:
        job = self.jobs.get(job_id)
        if job is None:
            return 404, _error(RefusedJob(404, "notFound"))
        if self.obeys and job["ends"] > self.clock.now:
            job |= {"ends": self.clock.now, "error": ("stopped", "cancelled")}
        return 200, {"job": self._resource(job_id)}

    def _rows(self, job_id: str, _body: object) -> tuple[int, Any]:
        schema = {"fields": [{"name": "day", "type": "TIMESTAMP"}]}
        rows = [{"f": [{"v": "1795305600000000"}]}]
        reference = self._resource(job_id)["jobReference"]
        found = {"jobComplete": True, "jobReference": reference, "schema": schema}
        return 200, found | {"rows": rows, "totalRows": "1"}

    def _resource(self, job_id: str) -> dict[str, Any]:
        job = self.jobs[job_id]
        done = job["ends"] <= self.clock.now
        status: dict[str, Any] = {"state": "DONE" if done else "RUNNING"}
        if done and job["error"]:
            reason, message = job["error"]
            status["errorResult"] = {"reason": reason, "message": message}
        query = {"numDmlAffectedRows": "3", "totalBytesBilled": str(self.billed)}
        return {
            "jobReference": {"projectId": "p", "jobId": job_id, "location": LOCATION},
            "configuration": job["configuration"],
            "status": status,
            "statistics": {"query": query},
        }

    def close(self) -> None:
        """Do nothing: the service holds no connections."""


def _error(refused: RefusedJob) -> dict[str, Any]:
    detail = {"reason": refused.reason, "message": refused.message}
    return {"error": {"code": refused.status, "message": refused.message, "errors": [detail]}}


def _response(request: Any, status: int, body: Any) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers["content-type"] = "application/json"
    response._content = json.dumps(body).encode()
    response.request, response.url = request, request.url
    return response
