"""The metrics of the BI views, written a second time in plain Python from their descriptions."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
STEPS = ("session_started", "room_opened", "agreement_accepted", "message_sent")
Row = dict[str, Any]


class Event(NamedTuple):
    """An event that was sent once, and is stored one or more times.

    Attributes:
        at: when its first copy was received.
        project: the project.
        user: the user key of its person; None if it has no person.
        name: the name of the event.
        kind: chat, room or test.
        room: the id of its room; None without a room.
        copies: how often it is stored.
        properties: the properties that are typed columns.
        flags: the flags that `load` gave it.
        platform: the platform of the person; None if the event has none.
    """

    at: datetime
    project: str
    user: str | None
    name: str
    kind: str = "chat"
    room: str | None = None
    copies: int = 1
    properties: Mapping[str, Any] = MappingProxyType({})
    flags: tuple[str, ...] = ()
    platform: str | None = None

    @property
    def day(self) -> date:
        """The UTC day of receipt."""
        return self.at.date()


Events = list[Event]


def chat(events: Iterable[Event], *names: str) -> Events:
    """Return the chat events; if names are given, only those with one of the names."""
    return [each for each in events if each.kind == "chat" and (not names or each.name in names)]


def people(events: Iterable[Event], *names: str) -> int:
    """Return the number of different people in chat events with these names (or any name)."""
    return len({each.user for each in chat(events, *names)} - {None})


def count(events: Iterable[Event], *names: str) -> int:
    return len(chat(events, *names))


def divided(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def values(events: Iterable[Event], name: str, prop: str) -> list[Any]:
    """Return the values of a property in chat events with a name, without missing values."""
    found = (each.properties.get(prop) for each in chat(events, name))
    return [value for value in found if value is not None]


def mean(numbers: list[float]) -> float | None:
    return divided(sum(numbers), len(numbers))


def by_day(
    events: Iterable[Event], key: Callable[[Event], Row] = lambda _: {}
) -> Iterator[tuple[Row, Events]]:
    """Group events by project, day and the columns that `key` adds."""
    groups = defaultdict(list)
    for each in events:
        groups[tuple(({"project": each.project, "day": each.day} | key(each)).items())].append(each)
    for columns, those in groups.items():
        yield dict(columns), those


def _counts(those: Events) -> Row:
    return {
        "events": len(those),
        "active_users": people(those),
        "senders": people(those, "message_sent"),
        "messages": count(those, "message_sent"),
        "animated_reactions": count(those, "emoji_sent"),
        "message_reactions": count(those, "message_reaction_sent"),
    }


def daily_activity(events: Events) -> list[Row]:
    return [
        key | _counts(those) | {"rooms": len({each.room for each in those} - {None})}
        for key, those in by_day(chat(events))
    ]


def rooms_activity(events: Events) -> list[Row]:
    placed = [each for each in chat(events) if each.room]
    return [
        key | _counts(those) for key, those in by_day(placed, lambda each: {"room_id": each.room})
    ]


def entry_funnel(events: Events) -> list[Row]:
    found = []
    for key, those in by_day(chat(events, *STEPS)):
        did = defaultdict(set)
        for each in those:
            did[each.user].add(each.name)
        did.pop(None, None)
        counts = [
            sum(names.issuperset(STEPS[: number + 1]) for names in did.values())
            for number in range(len(STEPS))
        ]
        if counts[0]:
            columns = ("started", "opened", "accepted", "sent_message")
            found.append(key | dict(zip(columns, counts, strict=True)))
    return found


def six_months_before(day: date) -> date:
    """Return the same day of the month six months earlier, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - 6, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(following - DAY, date(year, month + 1, 1) + (day.day - 1) * DAY)


def _projects(events: Events) -> Iterator[tuple[str, Events]]:
    for project in sorted({each.project for each in events}):
        yield project, [each for each in chat(events) if each.project == project]


def active_users(events: Events, days: Iterable[date]) -> list[Row]:
    found = []
    days = list(days)
    for project, known in _projects(events):
        for day in days:

            def since(first: date, known: Events = known, day: date = day) -> int:
                return people(each for each in known if first <= each.day <= day)

            if since(six_months_before(day) + DAY):
                dau, mau = since(day), since(day - 29 * DAY)
                found.append(
                    {
                        "project": project,
                        "day": day,
                        "dau": dau,
                        "wau": since(day - 6 * DAY),
                        "mau": mau,
                        "calendar_week": since(day - day.weekday() * DAY),
                        "calendar_month": since(day.replace(day=1)),
                        "stickiness": divided(dau, mau),
                    }
                )
    return found


def room_people(events: Events, days: Iterable[date]) -> list[Row]:
    found = []
    days = list(days)
    for project, known in _projects(events):
        for room in sorted({each.room for each in known if each.room}):
            for day in days:
                spans = {
                    "7_days": day - 6 * DAY,
                    "30_days": day - 29 * DAY,
                    "90_days": day - 89 * DAY,
                    "6_months": six_months_before(day) + DAY,
                }
                row: Row = {"project": project, "day": day, "room_id": room}
                for span, first in spans.items():
                    those = [x for x in known if x.room == room and first <= x.day <= day]
                    row[f"active_{span}"] = people(those)
                    row[f"senders_{span}"] = people(those, "message_sent")
                if row["active_6_months"]:
                    found.append(row)
    return found


def overview(events: Events, days: Iterable[date]) -> list[Row]:
    found = []
    days = list(days)
    for project, known in _projects(events):
        for day in days:
            those = [each for each in known if each.day <= day]
            half_year = six_months_before(day) + DAY
            if not people(each for each in those if each.day >= half_year):
                continue
            for period, first in (("90 days", day - 89 * DAY), ("6 months", half_year)):
                counts = _counts([each for each in those if each.day >= first])
                del counts["events"]
                found.append({"project": project, "day": day, "period": period} | counts)
    return found


def cohorts(events: Events) -> list[Row]:
    """Return the rows of `cohorts`: each cohort is followed for 12 weeks.

    A person without an event for more than 16 weeks joins a new cohort.
    """
    weeks = defaultdict(set)
    for each in chat(events):
        if each.user:
            weeks[each.project, each.user].add(each.day - each.day.weekday() * DAY)
    counts: Counter[tuple[str, date, date]] = Counter()
    for (project, _), came in weeks.items():
        before = start = date.min
        for week in sorted(came):
            if before == date.min or week - before > 16 * WEEK:
                start = week
            before = week
            if week - start <= 12 * WEEK:
                counts[project, start, week] += 1
    return [
        {
            "project": project,
            "cohort_week": start,
            "week": week,
            "weeks_later": (week - start) // WEEK,
            "people": number,
            "cohort_people": counts[project, start, start],
            "returned": number / counts[project, start, start],
        }
        for (project, start, week), number in counts.items()
    ]


@dataclass
class _Visit:
    """The visit of a person to a room; all times are times of receipt.

    Attributes:
        started: when the first event of the visit came.
        ended: when the last event of the visit came.
        began: the earliest time at which the person is known to have been in the room.
        entry: the name of the first event.
        openings: the times at which the person opened the room.
        reports: each reported duration in seconds, with the time of the report.
    """

    started: datetime
    ended: datetime
    began: datetime
    entry: str
    openings: list[datetime] = field(default_factory=list)
    reports: list[tuple[datetime, int]] = field(default_factory=list)
    events: int = 0
    messages: int = 0
    platform: str | None = None

    def duration(self) -> int | None:
        """The sum of the longest reports since each opening, at most the time that passed."""
        longest: dict[int, int] = {}
        for at, seconds in self.reports:
            since = at - timedelta(seconds=seconds)
            since = max(since, datetime.combine(at.date(), datetime.min.time(), UTC))
            opening = sum(opened <= since + timedelta(minutes=1) for opened in self.openings)
            longest[opening] = max(longest.get(opening, 0), seconds)
        passed = (self.ended - self.began) // timedelta(seconds=1)
        return min(sum(longest.values()), passed) if longest else None


def sessions(events: Events) -> list[Row]:
    """Return the rows of `sessions`; events of the same moment are in the order of their ids."""
    rooms: dict[tuple[str, str, date], str | None] = {}
    found: dict[tuple[str, str, date, str | None], list[_Visit]] = defaultdict(list)
    numbered = [(each.at, f"i{number}", each) for number, each in enumerate(events)]
    for at, _, each in sorted(numbered, key=lambda entry: entry[:2]):
        if each.kind != "chat" or not each.user:
            continue
        who = (each.project, each.user, each.day)
        rooms[who] = each.room or rooms.get(who)
        visits = found[*who, rooms[who]]
        seconds = each.properties["duration"] if each.name == "session_time" else 0
        midnight = datetime.combine(each.day, datetime.min.time(), UTC)
        began = max(at - timedelta(seconds=seconds), midnight)
        if not visits or began > visits[-1].ended + timedelta(minutes=30):
            visits.append(_Visit(at, at, began, each.name))
        visit = visits[-1]
        visit.ended = at
        visit.began = min(visit.began, began)
        visit.events += 1
        visit.messages += each.name == "message_sent"
        visit.platform = each.platform or visit.platform
        if each.name == "session_started":
            visit.openings.append(at)
        if each.name == "session_time":
            visit.reports.append((at, seconds))
    return [
        {
            "project": project,
            "user_key": user,
            "day": day,
            "room_id": room,
            "started_at": visit.started,
            "ended_at": visit.ended,
            "entry_event": visit.entry,
            "platform": visit.platform,
            "duration_seconds": visit.duration(),
            "events": visit.events,
            "messages": visit.messages,
        }
        for (project, user, day, room), visits in found.items()
        for visit in visits
    ]


def polls(events: Events) -> list[Row]:
    names = ("pq_opened", "pq_answer_sent", "pq_viewed", "pq_closed")
    return [
        key
        | {
            "opened": count(those, "pq_opened"),
            "openers": people(those, "pq_opened"),
            "answered": count(those, "pq_answer_sent"),
            "voters": people(those, "pq_answer_sent"),
            "viewed": count(those, "pq_viewed"),
            "closed": count(those, "pq_closed"),
            "participation": divided(people(those, "pq_answer_sent"), people(those, "pq_opened")),
        }
        for key, those in by_day(
            chat(events, *names),
            lambda each: {name: each.properties.get(name) for name in ("type", "question")},
        )
    ]


def highlights(events: Events) -> list[Row]:
    return [
        key
        | {
            "views": count(those, "hl_viewed"),
            "viewers": people(those, "hl_viewed"),
            "clicks": count(those, "hl_button_pressed"),
            "clickers": people(those, "hl_button_pressed"),
            "ctr": divided(count(those, "hl_button_pressed"), count(those, "hl_viewed")),
        }
        for key, those in by_day(
            chat(events, "hl_viewed", "hl_button_pressed"),
            lambda each: {"hl_content": each.properties.get("hl_content")},
        )
    ]


STREAM = (
    "bad_connection", "ff_stream_evaluated", "ff_stream_type_of_problem_selected",
    "ff_stream_connection_tested", "ff_stream_success", "ff_stream_closed",
)  # fmt: skip


def stream_quality(events: Events) -> list[Row]:
    found = []
    for key, those in by_day(chat(events, *STREAM)):
        problems = Counter(values(those, "ff_stream_type_of_problem_selected", "type"))
        row = key | {
            "evaluations": count(those, "ff_stream_evaluated"),
            "average_evaluation": mean(values(those, "ff_stream_evaluated", "evaluation")),
            "problems": count(those, "ff_stream_type_of_problem_selected"),
            "connection_tests": count(those, "ff_stream_connection_tested"),
            "average_speed": mean(values(those, "ff_stream_connection_tested", "speed")),
            "average_ping": mean(values(those, "ff_stream_connection_tested", "ping")),
            "bad_connections": count(those, "bad_connection"),
            "users_with_bad_connection": people(those, "bad_connection"),
            "forms_completed": count(those, "ff_stream_success"),
            "forms_closed": count(those, "ff_stream_closed"),
        }
        kinds = ("dn_work", "interruptions", "microphone")
        found.append(row | {f"problems_{kind}": problems[kind] for kind in kinds})
    return found


MODERATION = (
    "report_pressed", "report_sent", "report_cancelled", "banned_opened", "unblocking_pressed",
    "message_sending_blocked_slowmode",
)  # fmt: skip


def moderation(events: Events) -> list[Row]:
    def key(each: Event) -> Row:
        typed = each.name in {"report_sent", "report_cancelled"}
        return {
            "event": each.name,
            "report_type": each.properties.get("type") if typed else None,
        }

    return [
        columns | {"events": len(those), "users": people(those)}
        for columns, those in by_day(chat(events, *MODERATION), key)
    ]


BETS = ("betshare_list_opened", "betshare_list_bet_shared", "betshare_chat_repeated")


def copybetting(events: Events) -> list[Row]:
    columns = (
        ("lists_opened", "openers"),
        ("bets_shared", "sharers"),
        ("bets_repeated", "repeaters"),
    )
    found = []
    for key, those in by_day(chat(events, *BETS)):
        row = dict(key)
        for name, (times, who) in zip(BETS, columns, strict=True):
            row |= {times: count(those, name), who: people(those, name)}
        found.append(row)
    return found


RECORDS = (
    "records_player", "records_play", "records_pause", "records_forward", "records_back",
    "records_speed_changed",
)  # fmt: skip


def records(events: Events) -> list[Row]:
    found = []
    for key, those in by_day(chat(events, *RECORDS)):
        views = Counter(values(those, "records_player", "view"))
        found.append(
            key
            | {
                "plays": count(those, "records_play"),
                "listeners": people(those, "records_play"),
                "pauses": count(those, "records_pause"),
                "jumps_forward": count(those, "records_forward"),
                "seconds_forward": sum(values(those, "records_forward", "duration")),
                "jumps_back": count(those, "records_back"),
                "seconds_back": sum(values(those, "records_back", "duration")),
                "speed_changes": count(those, "records_speed_changed"),
                "average_speed": mean(values(those, "records_speed_changed", "speed")),
                "player_expanded": views["expanded"],
                "player_minimized": views["minimized"],
            }
        )
    return found


def autotranslation(events: Events) -> list[Row]:
    settings = {
        "autotranslation_toggle": ("status", "status"),
        "autotranslation_language": ("language", "language_selected"),
    }

    def key(each: Event) -> Row:
        setting, prop = settings[each.name]
        return {"setting": setting, "value": each.properties.get(prop)}

    return [
        columns | {"events": len(those), "users": people(those)}
        for columns, those in by_day(chat(events, *settings), key)
    ]


def catalogue_drift(events: Events, known: Callable[[str], bool]) -> list[Row]:
    """Return the rows of `catalogue_drift`: events that are not in the catalogue, and flags."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for each in events:
        if each.kind == "test":
            continue
        findings = [flag.split(":", 1) for flag in each.flags]
        if not known(each.name):
            findings.append(["uncatalogued", ""])
        for finding, prop in findings:
            counts[each.project, each.day, each.kind, each.name, finding, prop or None] += 1
    columns = ("project", "day", "kind", "event", "finding", "property")
    return [
        dict(zip(columns, key, strict=True)) | {"events": number} for key, number in counts.items()
    ]
