"""The simulator's material: what people do in a chat, and which clients they use."""

from dataclasses import dataclass

from functions.events.catalogue import Scalar

ENTRY = ("session_started", "room_opened")
TURNED_AWAY = 0.05
"""The share of visits that end before the messages are loaded."""
FIRST_VISIT = ("la_opened", "la_closed", "agreement_accepted", "name_set", "avatar_set")
BEAT = "session_time"
BEAT_SECONDS = (10, 20, 30, 60, 120, 180, 300, 600)
"""When the chat reports the length of a session, in seconds since its start."""

ACTIVITIES: tuple[tuple[int, tuple[str, ...]], ...] = (
    (30, ("message_sent",)),
    (6, ("message_sent", "message_changed")),
    (18, ("emo_panel_pressed", "emoji_sent", "emoji_sent")),
    (16, ("message_reaction_sent",)),
    (8, ("scrolled_to_unread_messages", "message_text_copied")),
    (8, ("pq_opened", "pq_answer_sent", "pq_viewed", "pq_closed")),
    (6, ("sticker_button_pressed", "sticker_sent")),
    (5, ("user-list_opened", "profile_opened", "user-list_closed")),
    (5, ("hl_viewed", "hl_button_pressed")),
    (4, ("following_filter_toggle", "message_sent")),
    (4, ("betshare_list_opened", "betshare_list_bet_shared", "betshare_chat_repeated")),
    (3, ("autotranslation_toggle", "autotranslation_language")),
    (3, ("settings_opened", "change_name_pressed", "name_changed", "settings_closed")),
    (3, ("settings_opened", "change_avatar_pressed", "avatar_changed", "settings_closed")),
    (3, ("records_player", "records_play", "records_forward", "records_back", "records_pause")),
    (2, ("ip_viewed", "ip_button_pressed")),
    (2, ("message_sending_blocked_slowmode",)),
    (2, ("ff_stream_evaluated", "ff_stream_type_of_problem_selected", "ff_stream_success")),
    (2, ("bad_connection", "ff_stream_connection_tested", "ff_stream_closed")),
    (2, ("report_pressed", "report_sent")),
    (1, ("report_pressed", "report_cancelled")),
    (1, ("records_play", "records_speed_changed")),
    (1, ("settings_opened", "banned_opened", "unblocking_pressed", "settings_closed")),
    (1, ("settings_opened", "delete_profile_pressed", "delete_profile_cancelled")),
    (1, ("delete_profile_pressed", "delete_profile_confirmed", "account_restored")),
)
"""The activities of people in a room: the relative frequency of each, and its events in order.

An event of the catalogue that is neither here nor in `ENTRY`, `FIRST_VISIT` or `BEAT` becomes an
activity of its own, with the frequency 1.
"""
GOES_ON = 0.8
"""The probability of each further step of an activity."""
COMES_BACK = "account_restored"
"""Each person who deletes a profile also restores it, so that no person stays hidden."""

FAVOURITES: dict[str, tuple[Scalar, ...]] = {
    "ordinal": (1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6),
    "hl_content": ("Double points tonight", "Double points tonight", "Extra time", "none"),
    "question": ("Who will win?", "Who will win?", "Who scores first?"),
}
"""The values of properties for which the catalogue only has examples.

A value that stands here more often is chosen more often.
"""

NICKNAMES = ("Andy", "Bea", "Chidi", "Dana", "Émile", "Freya", "Goran", "Hana", "Íris", "Jun 🎈")
ROOMS = ("16888417", "16888418", "16888419", "16888420", "16888421")
SCREENS = ("360x800", "390x844", "1920x1080", "2056x1164")
AGENTS = {
    "web": (
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/123.0.0.0 Safari/537.36"
        ),
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 14.4; rv:124.0) Gecko/20100101 Firefox/124.0",
    ),
    "ios": (
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1"
        ),
    ),
    "android": (
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/123.0.0.0 Mobile Safari/537.36"
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the chat, who always uses the same client."""

    user_id: str
    nickname: str
    project: str
    platform: str
    user_agent: str
    screen_size: str
