"""Forms: the same bytes as the whole document, whatever a certificate or its issuer says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.domain.certificate import LAST_DAY, Certificate, Holder, HolderId, Replaced, Site
from registry.domain.schemes import Text
from registry.formats.bitstring_status_list import status_entries
from registry.formats.credential import IssuerProfile, build_credential
from registry.formats.credential_form import CredentialForms
from registry.formats.data_integrity import Cryptosuite, UnsignedDocument, prepare_proof
from tests.formats.certificates import BASE_URL, FULL, ISSUER, KINDS, PUBLIC_ID, authorization

METHOD = "did:web:registry.example:issuers:cqc#1"
CREATED = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
STATUS = status_entries(BASE_URL, 3, 94567)
NASTY = ("100%", "%(number)b", "%s", '"', "\\", "\\u0000number\\u0000", '"proof":{', '"proofValue":"', "𠀀", "\u2028")
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1) | st.sampled_from(NASTY)
BILINGUAL = st.builds(Text, TEXTS, st.none() | TEXTS)


def as_a_whole(
    certificate: Certificate, issuer: IssuerProfile, accredited: bool, suite: Cryptosuite
) -> UnsignedDocument:
    covering = authorization(certificate.scheme, accredited)
    document = build_credential(certificate, issuer, covering, PUBLIC_ID, BASE_URL, STATUS)
    return prepare_proof(document, METHOD, CREATED, suite)


def on_a_form(
    certificate: Certificate, issuer: IssuerProfile, accredited: bool, suite: Cryptosuite
) -> UnsignedDocument:
    forms = CredentialForms(issuer, BASE_URL, METHOD, CREATED, suite)
    return forms.draft(certificate, authorization(certificate.scheme, accredited), PUBLIC_ID, STATUS)


@pytest.mark.parametrize("suite", Cryptosuite)
@pytest.mark.parametrize("accredited", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drafted_as_it_is_built(kind: str, accredited: bool, suite: Cryptosuite) -> None:
    certificate, _ = KINDS[kind]
    drafted = on_a_form(certificate, ISSUER, accredited, suite)
    assert drafted == as_a_whole(certificate, ISSUER, accredited, suite)
    signature = bytes(range(64))
    assert drafted.signed(signature) == as_a_whole(certificate, ISSUER, accredited, suite).signed(signature)


@given(
    st.builds(
        replace,
        st.just(FULL),
        number=TEXTS,
        scope=BILINGUAL,
        holder=st.builds(
            Holder,
            st.just(FULL.holder.type),
            BILINGUAL,
            st.none() | BILINGUAL,
            st.none() | st.builds(HolderId, st.just("other"), TEXTS),
        ),
        valid_until=st.none() | st.dates(FULL.valid_from, LAST_DAY),
        sites=st.lists(st.builds(Site, BILINGUAL, BILINGUAL, BILINGUAL), max_size=2).map(tuple),
        revision=st.integers(1, 2**31),
        replaces=st.none() | st.builds(Replaced, TEXTS, TEXTS, st.none() | st.integers(1, 9), st.none(), TEXTS),
    ),
    st.builds(IssuerProfile, st.just("cqc"), BILINGUAL, BILINGUAL, TEXTS),
)
@example(replace(FULL, number="%(scope)b"), replace(ISSUER, name=Text("%(number)b", '"%d')))
def test_whatever_is_said_the_bytes_are_the_same(certificate: Certificate, issuer: IssuerProfile) -> None:
    drafted = on_a_form(certificate, issuer, True, Cryptosuite.JCS)
    assert drafted == as_a_whole(certificate, issuer, True, Cryptosuite.JCS)


def test_a_form_is_used_for_what_it_was_made_for_alone() -> None:
    """One batch has certificates of all kinds, one after the other and in turns."""
    forms = CredentialForms(ISSUER, BASE_URL, METHOD, CREATED, Cryptosuite.JCS)
    for certificate, covering in [*KINDS.values(), *reversed(KINDS.values())]:
        document = build_credential(certificate, ISSUER, covering, PUBLIC_ID, BASE_URL, STATUS)
        whole = prepare_proof(document, METHOD, CREATED)
        assert forms.draft(certificate, covering, PUBLIC_ID, STATUS) == whole
