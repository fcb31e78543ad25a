import pickle

from functions.load.people import KnownPeople
from functions.load.row import Identity

DAY = 86_400_000_000


def person(key: str = "k", *, nickname: str | None = None, received_at: int = 5 * DAY) -> Identity:
    return Identity("demo", "dev", key, 1, "u", nickname, received_at)


def test_a_person_is_known_for_the_day() -> None:
    known = KnownPeople(10)
    assert not known.knows(person())
    known.remember(person())
    assert known.knows(person(received_at=6 * DAY - 1))
    assert not known.knows(person(received_at=6 * DAY))
    assert not known.knows(person("other"))


def test_a_new_nickname_makes_a_person_new() -> None:
    known = KnownPeople(10)
    known.remember(person())
    assert not known.knows(person(nickname="Andy"))
    known.remember(person(nickname="Andy"))
    assert known.knows(person(nickname="Andy"))
    assert known.knows(person())
    known.remember(person())
    assert known.knows(person(nickname="Andy"))
    assert not known.knows(person(nickname="Bea"))


def test_the_least_recently_seen_is_forgotten() -> None:
    known = KnownPeople(2)
    known.remember(person("a"))
    known.remember(person("b"))
    assert known.knows(person("a"))
    known.remember(person("c"))
    assert [known.knows(person(key)) for key in "abc"] == [True, False, True]


def test_a_long_nickname_takes_no_more_than_a_short_one() -> None:
    known = KnownPeople(2)
    known.remember(person(nickname="x" * 1_000_000))
    assert known.knows(person(nickname="x" * 1_000_000))
    assert not known.knows(person(nickname="x" * 999_999))
    assert len(pickle.dumps(known)) < 1_000
