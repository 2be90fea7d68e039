"""The shape of requests and answers about issuers' keys, and certificates that issuers sign themselves."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from keys import Custody, KeyState
from registry.domain.certificate import MAX_NUMBER_LENGTH
from registry.domain.reasons import MAX_NOTE_LENGTH, Reason
from registry.formats.certificate_request import CertificateSchema
from registry.services.find import MAX_PAGE

_KEY_NAME = validate.Length(1, 64)


class ChallengeSchema(Schema):
    """A public key that is to be registered."""

    public_key_multibase = fields.String(
        required=True,
        validate=validate.Length(1, 128),
        metadata={
            "description": "an Ed25519 Multikey (W3C Controlled Identifiers 1.0)",
            "example": "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw",
        },
    )


class RegisterKeySchema(Schema):
    """The answer to a challenge: its document, signed."""

    document = fields.Dict(required=True, metadata={"description": "the challenge's document with its proof"})
    retire_others = fields.Boolean(
        load_default=False, metadata={"description": "let all other keys of yours sign no more"}
    )


class RetireKeySchema(Schema):
    """From when on a key signs no more."""

    at = fields.AwareDateTime(allow_none=True, metadata={"description": "a time to come; default: now"})


class CompromisedKeySchema(Schema):
    """Since when somebody else may have had a key."""

    since = fields.AwareDateTime(
        required=True, metadata={"description": "can be moved to an earlier time later on, never to a later one"}
    )


class RotateKeySchema(Schema):
    """A new key in the registry's custody, in the place of the older ones."""

    custody = fields.String(
        allow_none=True,
        validate=validate.OneOf([Custody.FILE.value, Custody.TOKEN.value]),
        metadata={"description": "where the key is kept; default: where the newest one is"},
    )
    old_until = fields.AwareDateTime(
        allow_none=True, metadata={"description": "until when the older ones may still sign; default: now"}
    )


class PrepareSchema(Schema):
    """A certificate that you will sign yourself."""

    certificate = fields.Nested(CertificateSchema, required=True)
    reason = fields.Enum(Reason, by_value=True, load_default=Reason.INITIAL)
    note = fields.String(allow_none=True, validate=validate.Length(max=MAX_NOTE_LENGTH))
    key = fields.String(
        allow_none=True, validate=_KEY_NAME, metadata={"description": "the name of a key of yours; default: the newest"}
    )
    replaces = fields.String(
        allow_none=True,
        validate=validate.Length(1, 40),
        metadata={"description": "public id of a certificate that this one will supersede, for the reason given"},
    )


class SubmitSchema(Schema):
    """The signed credential of a prepared certificate."""

    credential = fields.Dict(required=True, metadata={"description": "the prepared document with its proof"})


class PreparationsSchema(Schema):
    """Which page of the list."""

    after = fields.String(validate=validate.Length(1, MAX_NUMBER_LENGTH))
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MAX_PAGE))


class KeyAnswer(Schema):
    """A key as it is published, and who holds its private half."""

    name = fields.String(required=True)
    verification_method = fields.String(required=True, metadata={"description": "its DID URL"})
    public_key_multibase = fields.String(required=True)
    custody = fields.String(required=True, validate=validate.OneOf([one.value for one in Custody]))
    state = fields.String(required=True, validate=validate.OneOf([one.value for one in KeyState]))
    active_from = fields.AwareDateTime(required=True)
    retired_at = fields.AwareDateTime(required=True, allow_none=True)
    compromised_since = fields.AwareDateTime(required=True, allow_none=True)


class KeysAnswer(Schema):
    """All keys of an issuer, oldest first."""

    keys = fields.List(fields.Nested(KeyAnswer), required=True)


class SigningRequestAnswer(Schema):
    """A document to be signed, and with which proof."""

    document = fields.Dict(required=True, metadata={"description": "what is signed, without a proof"})
    proof = fields.Dict(required=True, metadata={"description": "the proof that it gets, without its proofValue"})
    hash_data = fields.String(required=True, metadata={"description": "the 64 bytes to be signed, in base64"})
    expires_at = fields.AwareDateTime(required=True)


class ChallengeAnswer(SigningRequestAnswer):
    """What the holder of a key signs to have it registered."""

    challenge = fields.String(required=True)
    domain = fields.String(required=True)


class PreparationAnswer(SigningRequestAnswer):
    """A certificate that waits for your signature."""

    public_id = fields.String(required=True)
    number = fields.String(required=True)
    key = fields.Nested(KeyAnswer, required=True)


class WaitingAnswer(Schema):
    """A preparation in the list."""

    public_id = fields.String(required=True)
    number = fields.String(required=True)
    prepared_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)


class PreparationsAnswer(Schema):
    """A page of the open preparations, by number; `next_after` is null on the last."""

    items = fields.List(fields.Nested(WaitingAnswer), required=True)
    next_after = fields.String(required=True, allow_none=True)
