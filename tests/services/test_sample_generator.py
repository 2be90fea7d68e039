"""The samples look like life, obey the registry's rules, and can't be taken for anybody's real certificates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from stdnum.cn import uscc

from registry.domain.certificate import (
    CERTIFICATE_ZONE,
    EnterpriseSize,
    HolderType,
    check_certificate,
    day_of,
)
from registry.domain.lifecycle import Status, StatusEvent, admit, status_at
from registry.domain.reasons import Act, Reason
from registry.domain.schemes import SCHEMES, Kind
from registry.services.sample.enterprises import MAX_ENTERPRISES, ORGANIZATION_MARK
from registry.services.sample.generator import (
    EARLIEST_TODAY,
    SampleCertificate,
    sample_certificates,
    sample_issuers,
)
from registry.services.sample.industries import INDUSTRIES
from registry.services.sample.places import COUNTIES, PREFECTURES

TODAY = date(2026, 1, 15)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, CERTIFICATE_ZONE)


def history(sample: SampleCertificate) -> list[StatusEvent]:
    """The events of a sample, each admitted by the rules when it is added."""
    events = [StatusEvent(1, Act.ISSUE, Reason.INITIAL, sample.issued_at, sample.issued_at)]
    for act in sample.acts:
        event = StatusEvent(len(events) + 1, act.act, act.reason, act.at, act.at, act.until, act.note)
        admit(events, event, sample.certificate.period)
        events.append(event)
    return events


def status_on(sample: SampleCertificate, today: date) -> Status:
    now = midnight(today)
    status = status_at(history(sample), sample.certificate.period, now, now)
    assert status is not None, "not issued yet"
    return status.status


@pytest.fixture(scope="module")
def samples() -> list[SampleCertificate]:
    return list(sample_certificates(TODAY))


@pytest.fixture(scope="module")
def of_firms(samples: list[SampleCertificate]) -> list[SampleCertificate]:
    return [sample for sample in samples if sample.certificate.holder.type is HolderType.ORGANIZATION]


def codes(samples: list[SampleCertificate]) -> Iterator[str]:
    for sample in samples:
        identifier = sample.certificate.holder.identifier
        assert identifier is not None
        assert identifier.scheme == "uscc"
        yield identifier.value


def test_two_machines_get_the_same_samples(samples: list[SampleCertificate]) -> None:
    again = list(sample_certificates(TODAY))
    assert again == samples


def test_another_seed_gives_other_firms_and_another_day_the_same() -> None:
    def names(today: date, seed: int) -> set[str]:
        return {sample.certificate.holder.name.zh for sample in sample_certificates(today, 50, seed)}

    firms = {name for name in names(TODAY, 1) if "公司" in name}
    assert firms <= names(TODAY + timedelta(days=100), 1)
    assert not firms <= names(TODAY, 2)


def test_nobody_takes_a_sample_for_a_real_certificate(samples: list[SampleCertificate]) -> None:
    for sample in samples:
        name = sample.certificate.holder.name
        assert "样例" in name.zh
        assert name.en is not None
        assert name.en.endswith("(Sample)")
    for issuer in sample_issuers():
        assert "样例" in issuer.name.zh
        assert "Sample" in (issuer.name.en or "")
        assert "样例" in issuer.address.zh
        assert issuer.website.endswith(".example")
        assert all("样例" in (a.accreditation_body or "样例") for a in issuer.authorizations)
        assert all("SAMPLE" in (a.accreditation_number or "SAMPLE") for a in issuer.authorizations)


def test_every_credit_code_is_valid_and_belongs_to_one_firm(of_firms: list[SampleCertificate]) -> None:
    holders = {sample.certificate.holder for sample in of_firms}
    assert len(holders) == 2000
    assert len(set(codes(of_firms))) == 2000
    assert len({holder.name.zh for holder in holders}) == len({holder.name.en for holder in holders}) == 2000
    for code in set(codes(of_firms)):
        assert uscc.is_valid(code)
        assert code[8:].startswith(ORGANIZATION_MARK)


def test_the_organization_code_within_a_credit_code_checks_too(of_firms: list[SampleCertificate]) -> None:
    # GB 11714-1997: the weighted sum with the check character (X is ten) is divisible by eleven.
    for code in codes(of_firms):
        body, check = code[8:16], code[16]
        weighted = zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)
        total = sum(int(symbol, 36) * weight for symbol, weight in weighted)
        assert (total + (10 if check == "X" else int(check))) % 11 == 0


def test_a_firm_is_registered_where_its_address_is(of_firms: list[SampleCertificate]) -> None:
    counties = {county.code: county for county in COUNTIES}
    for sample, code in zip(of_firms, codes(of_firms), strict=True):
        holder = sample.certificate.holder
        assert holder.region == code[2:8]
        county = counties[holder.region]
        assert holder.address is not None
        assert holder.address.zh.startswith(f"浙江省{county.prefecture.name.zh}{county.name.zh}")
        assert f"{county.name.en}, {county.prefecture.name.en}, Zhejiang, China" in (holder.address.en or "")


def test_every_industry_and_prefecture_has_firms(of_firms: list[SampleCertificate]) -> None:
    holders = {sample.certificate.holder for sample in of_firms}
    assert {holder.industry for holder in holders} == {industry.code for industry in INDUSTRIES}
    assert len(INDUSTRIES) == 36
    assert {f"{(holder.region or '')[:4]}00" for holder in holders} == set(PREFECTURES)
    assert len(PREFECTURES) == 11
    assert {holder.size for holder in holders} == {EnterpriseSize.MICRO, EnterpriseSize.SMALL}
    makers = sum((holder.industry or "").startswith("C") for holder in holders)
    assert 0.6 < makers / len(holders) < 0.85


def test_no_issuer_gives_a_number_twice(samples: list[SampleCertificate]) -> None:
    assert len({(sample.issuer, sample.certificate.number) for sample in samples}) == len(samples)
    assert {sample.issuer for sample in samples} == {issuer.code for issuer in sample_issuers()}


@pytest.mark.parametrize("today", [EARLIEST_TODAY, TODAY, date(2028, 2, 29)])
def test_the_registry_would_accept_every_sample(today: date) -> None:
    authorizations = {issuer.code: issuer.authorizations for issuer in sample_issuers()}
    for sample in sample_certificates(today, 600):
        certificate = sample.certificate
        assert check_certificate(certificate, sample.issued_at) == []
        allowed = authorizations[sample.issuer]
        # The first granting too: nobody certified before they could.
        assert any(one.covers(certificate.scheme, certificate.granted_on) for one in allowed)
        assert any(one.covers(certificate.scheme, certificate.decided_on) for one in allowed)
        # history() asks the rules about every act.
        assert status_on(sample, today) in set(Status) - {Status.SUPERSEDED}


def test_nothing_happens_out_of_order_or_after_today(samples: list[SampleCertificate]) -> None:
    for sample in samples:
        times = [sample.issued_at, *(act.at for act in sample.acts)]
        assert times == sorted(set(times))
        assert times[-1] < midnight(TODAY)
        for moment in times:
            assert moment.tzinfo is UTC
            local = moment.astimezone(CERTIFICATE_ZONE)
            assert local.weekday() < 5
            assert 9 <= local.hour < 17
    assert [sample.issued_at for sample in samples] == sorted(sample.issued_at for sample in samples)


def test_certificates_are_issued_between_decision_and_first_day(samples: list[SampleCertificate]) -> None:
    for sample in samples:
        certificate = sample.certificate
        assert certificate.decided_on <= day_of(sample.issued_at) <= certificate.valid_from
        assert certificate.valid_from <= TODAY + timedelta(days=30)


def test_each_kind_runs_for_its_term(samples: list[SampleCertificate]) -> None:
    years = {Kind.MANAGEMENT_SYSTEM: 3, Kind.SERVICE: 3, Kind.PRODUCT: 5}
    for sample in samples:
        certificate = sample.certificate
        term = years.get(SCHEMES[certificate.scheme].kind)
        if term is None:
            assert certificate.valid_until is None
        else:
            assert certificate.valid_until is not None
            days = (certificate.valid_until - certificate.valid_from).days + 1
            assert 365 * term <= days <= 365 * term + 2


def test_the_shares_of_each_status_are_realistic(samples: list[SampleCertificate]) -> None:
    counted = Counter(status_on(sample, TODAY) for sample in samples)
    share = {status: number / len(samples) for status, number in counted.items()}
    assert 0.78 < share[Status.VALID] < 0.86
    assert 0.035 < share[Status.SUSPENDED] < 0.065
    assert 0.02 < share[Status.WITHDRAWN] < 0.04
    assert 0.012 < share[Status.CANCELLED] < 0.03
    assert 0.055 < share[Status.EXPIRED] < 0.085
    assert 0.002 < share[Status.NOT_YET_VALID] < 0.01
    restored = sum(any(act.act is Act.RESTORE for act in sample.acts) for sample in samples)
    assert 0.015 < restored / len(samples) < 0.035


def test_present_suspensions_are_recent_and_some_say_when_they_end(samples: list[SampleCertificate]) -> None:
    present = [sample.acts[-1] for sample in samples if status_on(sample, TODAY) is Status.SUSPENDED]
    assert all(midnight(TODAY) - act.at < timedelta(days=185) for act in present)
    ends = [act.until for act in present if act.until is not None]
    assert 3 < len(ends) < len(present) / 3
    assert min(ends) > midnight(TODAY + timedelta(days=1))


def test_most_withdrawals_follow_a_suspension(samples: list[SampleCertificate]) -> None:
    withdrawn = [sample.acts for sample in samples if sample.acts and sample.acts[-1].act is Act.WITHDRAW]
    assert sum(acts[0].act is Act.SUSPEND for acts in withdrawn) > len(withdrawn) * 2 / 3


def test_a_dissolved_firm_has_no_other_certificate(of_firms: list[SampleCertificate]) -> None:
    held = Counter(sample.certificate.holder for sample in of_firms)
    gone = {Reason.HOLDER_DISSOLVED, Reason.BUSINESS_CEASED}
    dissolved = [sample for sample in of_firms if any(act.reason in gone for act in sample.acts)]
    assert dissolved
    assert all(held[sample.certificate.holder] == 1 for sample in dissolved)


def test_firms_hold_what_firms_of_their_sort_hold(samples: list[SampleCertificate]) -> None:
    counted = Counter(sample.certificate.scheme for sample in samples)
    assert set(counted) == set(SCHEMES)
    assert counted.most_common(1)[0][0] == "gbt19001-2016"
    assert counted["gbt19011-2021-training"] == 120
    assert 1.3 < (len(samples) - 120) / 2000 < 1.5
    for sample in samples:
        if SCHEMES[sample.certificate.scheme].kind is Kind.PRODUCT:
            assert sample.certificate.holder.industry == "C38"


def test_some_certificates_are_renewals_and_some_cover_sites(samples: list[SampleCertificate]) -> None:
    certificates = [sample.certificate for sample in samples]
    renewed = sum(certificate.granted_on < certificate.decided_on for certificate in certificates)
    assert 0.2 < renewed / len(samples) < 0.6
    with_sites = [certificate for certificate in certificates if certificate.sites]
    assert 0.02 < len(with_sites) / len(samples) < 0.1
    for certificate in with_sites:
        assert len(certificate.sites) > 1
        assert len({site.scope for site in certificate.sites}) > 1


def test_every_text_is_there_in_both_languages(samples: list[SampleCertificate]) -> None:
    for sample in samples:
        certificate = sample.certificate
        places = [text for site in certificate.sites for text in (site.name, site.address, site.scope)]
        for text in (certificate.holder.name, certificate.scope, *places):
            assert text.en
            assert text.en.isascii()
            assert "{" not in text.zh + text.en


def test_what_can_not_be_made_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="samples begin on"):
        sample_certificates(EARLIEST_TODAY - timedelta(days=1))
    with pytest.raises(ValueError, match="at most"):
        sample_certificates(TODAY, MAX_ENTERPRISES + 1)
    assert list(sample_certificates(TODAY, 0)) == []
