"""The numbers that `make run` shows: the totals that a back office asks for, from the BI views."""

from rich.console import Console

from local import query
from local.cell import DEFAULT_PORT_BASE, Cell

TOTALS = """
SELECT
    project,
    COUNT(*) AS events,
    COUNT(DISTINCT user_key) AS people,
    COUNT(DISTINCT room_id) AS rooms,
    COUNT(DISTINCT DATE(received_at)) AS days
FROM events
GROUP BY project
ORDER BY project
"""
TOP_EVENTS = """
SELECT event, COUNT(*) AS events, COUNT(DISTINCT user_key) AS people
FROM events
WHERE kind = 'chat'
GROUP BY event
ORDER BY events DESC, event
LIMIT 10
"""
ACTIVE_USERS = """
SELECT project, day, dau, wau, mau
FROM active_users
WHERE day = CURRENT_DATE()
ORDER BY project
"""
DAYS = """
SELECT day, SUM(messages) AS messages, SUM(animated_reactions) AS animated_reactions,
    SUM(message_reactions) AS message_reactions
FROM daily_activity
WHERE day > DATE_SUB(CURRENT_DATE(), INTERVAL 10 DAY)
GROUP BY day
ORDER BY day DESC
"""
OVERVIEW = """
SELECT project, period, active_users, senders, messages,
    animated_reactions + message_reactions AS reactions
FROM overview
WHERE day = CURRENT_DATE()
ORDER BY project, period DESC
"""
SECTIONS = {
    "Totals": TOTALS,
    "Events by name (top 10)": TOP_EVENTS,
    "Active users today": ACTIVE_USERS,
    "Overview": OVERVIEW,
    "Messages and reactions, last 10 days": DAYS,
}

ROOM_WEBHOOK = '{"event":"room_created","value":{"project":"dev","roomId":"1","name":"Final"}}'
CHAT_WEBHOOK = (
    '{"event":"emoji_sent","value":{"user_id":"u1","event_id":"1","project":"dev","emoji":3}}'
)
EXAMPLE_QUERY = (
    "SELECT received_at, user_key, ordinal FROM event_emoji_sent ORDER BY received_at DESC LIMIT 5"
)


def show(cell: Cell, console: Console) -> None:
    """Print the sections as tables."""
    for title, sql in SECTIONS.items():
        result = query.run(cell, sql)
        columns = [field.name for field in result.schema]
        query.show(columns, map(tuple, result), title, console)


def how_to_go_on(cell: Cell) -> str:
    """Return the text that says how to open the dashboard, send webhooks and run queries."""
    addresses = cell.describe()
    post = "curl -sS -H 'Content-Type: application/json'"
    option = f" --port-base {cell.port_base}" if cell.port_base != DEFAULT_PORT_BASE else ""
    return f"""
See the numbers in a browser:
  {addresses["dashboard"]}

Send an event to the All Events webhook, and one to the Rooms webhook:
  {post} -d '{CHAT_WEBHOOK}' {addresses["events_url"]}
  {post} -d '{ROOM_WEBHOOK}' {addresses["rooms_url"]}

Query the BI dataset (one view for each event, and events, sessions, active_users, ...):
  .venv/bin/python -m local query{option} "{EXAMPLE_QUERY}"
"""
