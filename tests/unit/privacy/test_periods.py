"""The periods agree with each other."""

from datetime import timedelta

from functions.privacy import periods


def test_an_event_that_pubsub_keeps_is_stored_within_the_open_window() -> None:
    assert periods.SUBSCRIPTION + timedelta(days=1) <= periods.OPEN_WINDOW


def test_a_person_is_erased_by_the_end_of_day_30() -> None:
    assert timedelta(days=30) > periods.GRACE
