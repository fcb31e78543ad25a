"""The periods agree with each other."""

from datetime import timedelta

from functions.privacy import periods


def test_an_event_that_pubsub_keeps_is_stored_within_the_open_window() -> None:
    assert periods.SUBSCRIPTION + timedelta(days=1) <= periods.OPEN_WINDOW


def test_a_person_is_erased_by_the_end_of_day_30_even_if_sweeps_fail_for_a_day() -> None:
    begins = periods.GRACE + periods.GATHERING + timedelta(hours=1)
    assert begins + timedelta(days=1) <= timedelta(days=30)


def test_an_alert_leaves_a_day_to_act_and_does_not_fire_for_erasures_that_wait() -> None:
    assert periods.GATHERING + timedelta(hours=3) <= periods.OVERDUE
    assert periods.GRACE + periods.OVERDUE + timedelta(days=1) <= timedelta(days=30)
