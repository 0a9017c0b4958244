"""Time, whatever the zone, the cut-off and the moment."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from hypothesis import assume, given
from hypothesis import strategies as st

from scanner.core.calendar import DAY_MINUTES, SiteCalendar, Unit
from scanner.core.clock import (
    CentralTime,
    ClockOffset,
    ClockSample,
    ClockState,
    ClockStepped,
    started,
    step,
)
from scanner.core.units import BootId, Instant, MonoMs
from scanner.core.validity import Anchor, Offset, Rounding, ValidityRule, validity
from scanner.core.windows import WEEKDAYS, Window, is_open

ZONES = (
    "Europe/Paris",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Africa/Monrovia",
    "UTC",
)
CUT_OFFS = ("00:00", "00:30", "02:30", "03:00", "04:00", "23:59")
ONE_DAY = timedelta(days=1)

sites = st.builds(SiteCalendar, st.sampled_from(ZONES), st.sampled_from(CUT_OFFS))
instants = st.integers(0, 4_102_444_800_000).map(Instant)


@st.composite
def near_changes(draw: st.DrawFn) -> Instant:
    """Instants within two hours of a clock change in Paris or of Apia's skipped date."""
    change = draw(st.sampled_from((1_774_746_000_000, 1_792_890_000_000, 1_325_239_200_000)))
    return Instant(change + draw(st.integers(-7_200_000, 7_200_000)))


moments = instants | near_changes()


@given(sites, moments)
def test_an_instant_lies_in_the_business_day_of_its_date(site: SiteCalendar, at: Instant) -> None:
    assert site.day(site.business_date(at)).contains(at)


@given(sites, st.dates(date(1970, 1, 2), date(2099, 12, 30)))
def test_business_days_follow_one_another_without_gap_or_overlap(
    site: SiteCalendar, day: date
) -> None:
    today, tomorrow = site.day(day), site.day(day + ONE_DAY)
    assert today.until == tomorrow.start
    assert today.start is not None
    assert today.until is not None
    assert today.start <= today.until


@given(sites, moments, moments)
def test_what_was_asked_before_changes_no_answer(
    site: SiteCalendar, at: Instant, other: Instant
) -> None:
    before = site.business_date(at)
    site.business_date(other)
    assert site.business_date(at) == before


@given(sites, moments)
def test_the_wall_time_of_an_instant_leads_back_to_it(site: SiteCalendar, at: Instant) -> None:
    wall = site.wall(at)
    assert site.exists(wall)
    assert site.instant(wall, second=bool(wall.fold)) == at


@given(sites, st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30)))  # noqa: DTZ001 - a wall time
def test_a_wall_time_is_shown_exactly_when_it_exists(site: SiteCalendar, wall: datetime) -> None:
    wall = wall.replace(microsecond=0)
    first, second = site.instant(wall), site.instant(wall, second=True)
    assert first <= second
    assert (site.wall(first) == wall) is site.exists(wall)
    if not site.exists(wall):
        assert first == second
        assert site.wall(Instant(first - 1)) < wall < site.wall(first)


@given(sites, moments, st.integers(0, 1_000), st.sampled_from(Unit))
def test_adding_more_is_never_earlier(
    site: SiteCalendar, anchor: Instant, amount: int, unit: Unit
) -> None:
    less, more = (site.add(anchor, amount + extra, unit) for extra in (0, 1))
    assert anchor <= less or unit is not Unit.HOURS
    assert less <= more


@given(sites, moments, st.integers(1, 24))
def test_a_monthly_series_falls_on_the_anchors_day_or_the_months_last(
    site: SiteCalendar, anchor: Instant, months: int
) -> None:
    start, due = site.wall(anchor), site.wall(site.add(anchor, months, Unit.MONTHS))
    assume(due.time() == start.time())  # not moved by a gap
    assert due.day == start.day or (due + ONE_DAY).day == 1
    assert (due.year * 12 + due.month) - (start.year * 12 + start.month) == months


@given(
    sites, moments, st.integers(0, 400), st.sampled_from([u for u in Unit if u is not Unit.HOURS])
)
def test_a_rounded_term_ends_with_a_business_day_and_is_not_shorter(
    site: SiteCalendar, anchor: Instant, amount: int, unit: Unit
) -> None:
    offset = Offset(min(amount, 90), unit)
    rounded = validity(ValidityRule(anchor=Anchor.PURCHASE, offset=offset), anchor, site)
    assert rounded.start == anchor
    assert rounded.until is not None
    assert rounded.until == site.day_start(site.business_date(rounded.until))
    assert rounded.until > site.add(anchor, offset.amount, unit)


@given(sites, moments, st.integers(0, 10_000))
def test_hours_are_elapsed_whatever_the_rounding(
    site: SiteCalendar, anchor: Instant, amount: int
) -> None:
    for rounding in Rounding:
        rule = ValidityRule(
            anchor=Anchor.FIRST_SCAN, offset=Offset(amount, Unit.HOURS), rounding=rounding
        )
        assert validity(rule, anchor, site).until == anchor + amount * 3_600_000


weekday_sets = st.frozensets(st.integers(0, len(WEEKDAYS) - 1), min_size=1)


@given(sites, moments, weekday_sets)
def test_a_whole_day_is_the_business_day(
    site: SiteCalendar, at: Instant, days: frozenset[int]
) -> None:
    window = Window(days, 0, DAY_MINUTES)
    assert is_open([window], at, site) is (site.business_date(at).weekday() in days)


@given(
    st.sampled_from(CUT_OFFS),
    moments,
    weekday_sets,
    st.integers(0, DAY_MINUTES - 1),
    st.integers(0, DAY_MINUTES),
)
def test_where_clocks_never_change_a_window_is_what_the_wall_says(
    cutoff: str, at: Instant, days: frozenset[int], from_: int, until: int
) -> None:
    assume(from_ != until)
    site = SiteCalendar("Etc/GMT-3", cutoff)
    wall = site.wall(at)
    minutes = wall.hour * 60 + wall.minute
    business_day = site.business_date(at).weekday() in days
    if until < from_ and until > site.cutoff_min:
        expected = (minutes >= from_ and wall.weekday() in days) or (
            minutes < until and (wall - ONE_DAY).weekday() in days
        )
    elif until < from_:
        expected = business_day and (minutes >= from_ or minutes < until)
    else:
        expected = business_day and from_ <= minutes < until
    assert is_open([Window(days, from_, until)], at, site) is expected


class Look(NamedTuple):
    """One sample, told relative to the one before."""

    starts_boot: bool
    elapsed: int
    wall: Instant
    is_synchronised: bool
    central: tuple[Instant, float] | None
    """Signed time and when in the boot it came, 0 to 1."""
    rtc_set_at: Instant | None


def samples_of(told: list[Look]) -> list[ClockSample]:
    """A gate's life: boots, walls that jump, sources that come and go."""
    samples = []
    mono, boot = 0, 0
    for look in told:
        mono, boot = (0, boot + 1) if look.starts_boot else (mono + look.elapsed, boot)
        name = BootId(f"boot-{boot}")
        central = look.central and CentralTime(
            look.central[0], MonoMs(int(mono * look.central[1])), name
        )
        samples.append(
            ClockSample(
                wall=look.wall,
                mono=MonoMs(mono),
                boot=name,
                is_synchronised=look.is_synchronised,
                central=central,
                rtc_set_at=look.rtc_set_at,
            )
        )
    return samples


near = st.integers(1_700_000_000_000, 1_700_020_000_000).map(Instant) | instants
looks = st.lists(
    st.builds(
        Look,
        starts_boot=st.sampled_from([False] * 6 + [True]),
        elapsed=st.integers(0, 10_000_000),
        wall=near,
        is_synchronised=st.booleans(),
        central=st.none() | st.tuples(near, st.floats(0, 1)),
        rtc_set_at=st.none() | near,
    ),
    min_size=1,
    max_size=12,
).map(samples_of)


@given(instants, looks)
def test_the_clock_keeps_its_promises(floor: Instant, samples: list[ClockSample]) -> None:
    memory = started(floor)
    before = None
    offsets: dict[BootId, int] = {}
    for sample in samples:
        floor_before = memory.floor
        memory, reading, facts = step(memory, sample)
        offsets |= {fact.boot: fact.offset_ms for fact in facts if isinstance(fact, ClockOffset)}
        obeyed = [fact for fact in facts if isinstance(fact, ClockStepped) and not fact.is_held]

        assert (reading.mono, reading.boot) == (sample.mono, sample.boot)
        assert reading.now >= reading.floor == memory.floor
        if reading.state is ClockState.UNTRUSTED:
            assert reading.floor == floor_before
            assert reading.now >= sample.wall
            assert not obeyed
        else:
            assert reading.floor == reading.now >= sample.mono + offsets[sample.boot]
        if reading.state is ClockState.TRUSTED:
            assert reading.now == sample.mono + offsets[sample.boot]
            assert bool(obeyed) or reading.now >= floor_before
        else:
            assert reading.floor >= floor_before
        if before is not None and before.boot == reading.boot:
            assert obeyed or reading.now >= before.now
            assert before.state is ClockState.UNTRUSTED or reading.state is not ClockState.UNTRUSTED
        before = reading


@given(instants, looks)
def test_a_look_that_is_repeated_changes_nothing(
    floor: Instant, samples: list[ClockSample]
) -> None:
    memory = started(floor)
    for sample in samples:
        memory, reading, _ = step(memory, sample)
        assert step(memory, sample) == (memory, reading, ())
