"""On which days an accreditation stands behind what an issuer decides."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from registry.domain.accreditation import Accreditation, with_accreditations
from registry.domain.certificate import Authorization

FIRST = date(2020, 1, 1)
SCHEMES = ("gbt19001-2016", "gbt24001-2016")


def day(offset: int | None) -> date | None:
    return None if offset is None else FIRST + timedelta(days=offset)


_DAYS = st.integers(0, 12)
_ENDS = st.none() | st.integers(0, 12)


@st.composite
def _authorizations(draw: st.DrawFn) -> Authorization:
    return Authorization(draw(st.sampled_from(SCHEMES)), day(draw(_DAYS)) or FIRST, day(draw(_ENDS)))


@st.composite
def _accreditations(draw: st.DrawFn) -> Accreditation:
    schemes = tuple(sorted(draw(st.sets(st.sampled_from(SCHEMES), min_size=1))))
    number = f"C{draw(st.integers(1, 3))}"
    return Accreditation("CNAS", number, schemes, day(draw(_DAYS)) or FIRST, day(draw(_ENDS)))


@given(
    st.lists(_authorizations(), max_size=4),
    st.lists(_accreditations(), max_size=4),
    st.sampled_from(SCHEMES),
    st.integers(-1, 13),
)
def test_a_day_is_accredited_when_both_cover_it(
    authorizations: list[Authorization], accreditations: list[Accreditation], scheme: str, offset: int
) -> None:
    on = FIRST + timedelta(days=offset)
    covering = [one for one in with_accreditations(authorizations, accreditations) if one.covers(scheme, on)]
    authorized = any(one.covers(scheme, on) for one in authorizations)
    accredited = authorized and any(one.covers(scheme, on) for one in accreditations)
    assert bool(covering) == authorized
    assert any(one.accreditation_number is not None for one in covering) == accredited


def test_first_and_last_day_are_included() -> None:
    one = Accreditation("CNAS", "C1", SCHEMES[:1], FIRST, FIRST + timedelta(days=1))
    covered = [one.covers(SCHEMES[0], FIRST + timedelta(days=offset)) for offset in range(-1, 3)]
    assert covered == [False, True, True, False]
    assert not one.covers(SCHEMES[1], FIRST)


def test_without_an_end_it_goes_on() -> None:
    assert Accreditation("CNAS", "C1", SCHEMES, FIRST).covers(SCHEMES[0], date(2999, 1, 1))
