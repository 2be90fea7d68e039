"""Every setting of the registry, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from registry.domain.errors import Misconfigured
from registry.domain.follow_up_policy import is_mail_address

DEFAULT_DATA_DIR = Path("var")
_MINUTES_OF_A_YEAR = 525_600
# W3C Bitstring Status List 1.0, section 6.1; and what takes two seconds to shuffle.
_SHORTEST_STATUS_LIST, _LONGEST_STATUS_LIST = 131_072, 1_048_576


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where e-mail is handed in: all of REGISTRY_SMTP_… . `tls` is 'starttls', 'tls' (from the beginning) or 'off'."""

    host: str
    sender: str
    port: int = 587
    tls: str = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """One registry's settings. The README has the table with the environment variables."""

    # Where the database is: sqlite:///… or postgresql+psycopg://… (REGISTRY_DATABASE_URL; default: in data_dir).
    database_url: str = field(repr=False)
    # The address that the world sees, without a slash at the end. It is signed into every credential, so it is
    # chosen once (REGISTRY_BASE_URL).
    base_url: str
    # Keys, and the SQLite database where that is used (REGISTRY_DATA_DIR).
    data_dir: Path
    # Opens the private keys (REGISTRY_KEY_PASSPHRASE, or a file that contains it: REGISTRY_KEY_PASSPHRASE_FILE).
    key_passphrase: str | None = field(default=None, repr=False)
    # A PKCS#11 token on which keys may be: its module (a shared library), its label, and its PIN or a file with it
    # (REGISTRY_PKCS11_MODULE, REGISTRY_PKCS11_TOKEN, REGISTRY_PKCS11_PIN, REGISTRY_PKCS11_PIN_FILE).
    pkcs11_module: Path | None = None
    pkcs11_token: str | None = None
    pkcs11_pin: str | None = field(default=None, repr=False)
    # How many proxies in front set X-Forwarded-For and -Proto (REGISTRY_TRUSTED_PROXIES).
    trusted_proxies: int = 0
    # Requests allowed to one address: public and admin API (REGISTRY_RATE_LIMIT_PUBLIC, REGISTRY_RATE_LIMIT_ADMIN).
    rate_limit_public: str = "600 per minute"
    rate_limit_admin: str = "1200 per minute"
    # Offline QR codes for one address: each is signed and drawn anew (REGISTRY_RATE_LIMIT_OFFLINE_QR).
    rate_limit_offline_qr: str = "120 per minute"
    # Certificates as PDF for one address: each is set anew (REGISTRY_RATE_LIMIT_PRINT).
    rate_limit_print: str = "60 per minute"
    # Files of the log for one address: whoever mirrors it asks for many, each of which caches may keep for ever
    # (REGISTRY_RATE_LIMIT_LOG).
    rate_limit_log: str = "6000 per minute"
    # Reports of suspected forgeries from one address (REGISTRY_RATE_LIMIT_REPORTS).
    rate_limit_reports: str = "10 per hour"
    # Where the counters are kept; processes share them only through a server (REGISTRY_RATE_LIMIT_STORAGE).
    rate_limit_storage: str = "memory://"
    # The largest request body, in bytes (REGISTRY_MAX_BODY_BYTES).
    max_body_bytes: int = 1_048_576
    # The largest file that is sent to be imported, in bytes (REGISTRY_MAX_IMPORT_BYTES).
    max_import_bytes: int = 268_435_456
    # How many outcomes of signature checks each process remembers; 0: none (REGISTRY_REMEMBERED_SIGNATURES).
    remembered_signatures: int = 2048
    # Most connections that one process opens to the database (REGISTRY_DATABASE_POOL).
    database_pool: int = 8
    # Entries in each new status list, a multiple of 8 and at least 131,072 (REGISTRY_STATUS_LIST_LENGTH).
    status_list_length: int = 131_072
    # Whether `registry worker` places the log's entries; otherwise each act does it at once (REGISTRY_LOG_WORKER).
    log_worker: bool = False
    # How many witnesses must have cosigned a checkpoint before it is published (REGISTRY_LOG_QUORUM).
    log_quorum: int = 0
    # A file with the witnesses that are asked for cosignatures, see docs/witness.md (REGISTRY_LOG_WITNESSES).
    log_witnesses: Path | None = None
    # How often at most the log is told of the audit trail; None: never (REGISTRY_AUDIT_MINUTES, 'off').
    audit_interval: timedelta | None = timedelta(hours=1)
    # Whether people must show a second factor (TOTP) to use the console; otherwise those who have one must
    # (REGISTRY_SECOND_FACTOR: required or optional).
    second_factor_required: bool = True
    # When a session of the console ends: unused, and at the latest (REGISTRY_SESSION_IDLE_MINUTES,
    # REGISTRY_SESSION_HOURS).
    session_idle_minutes: int = 30
    session_hours: int = 12
    # For how many days acts wait for a second officer (REGISTRY_APPROVAL_DAYS).
    approval_days: int = 7
    # Where notices are mailed; without it they are only listed (REGISTRY_SMTP_HOST and others).
    mail: MailServer | None = None
    # Whether webhooks may go out without TLS, which networks they may reach though those are not public, and a file
    # with an authority that their receivers' certificates come from (REGISTRY_WEBHOOK_HTTP, REGISTRY_WEBHOOK_NETWORKS,
    # REGISTRY_WEBHOOK_CA_FILE).
    webhook_http: bool = False
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    webhook_ca_file: Path | None = None
    # Whether certificates that no accreditation stands behind are refused, or issued and marked as such
    # (REGISTRY_UNACCREDITED: refuse or mark).
    accredited_only: bool = False
    # Whether the conformance face is there, which signs what anybody sends it with a test key (REGISTRY_VC_API).
    vc_api: bool = False
    # From which origins it may fetch status lists, besides this registry's own (REGISTRY_VC_API_STATUS_HOSTS).
    vc_api_status_hosts: frozenset[str] = frozenset()

    @property
    def keys_dir(self) -> Path:
        """The folder of the private keys."""
        return self.data_dir / "keys"

    def require_passphrase(self) -> str:
        """The passphrase. Raises Misconfigured when there is none."""
        if not self.key_passphrase:
            raise Misconfigured(
                "No passphrase for the signing keys: set REGISTRY_KEY_PASSPHRASE, or better "
                "REGISTRY_KEY_PASSPHRASE_FILE to a file with mode 0600. ('registry demo' makes its own.)"
            )
        return self.key_passphrase

    def require_token_pin(self) -> str:
        """The PIN of the token. Raises Misconfigured when there is none."""
        if not self.pkcs11_pin:
            raise Misconfigured("No PIN for the token: set REGISTRY_PKCS11_PIN_FILE to a file with mode 0600.")
        return self.pkcs11_pin


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises Misconfigured, naming the variable."""
    data_dir = Path(environment.get("REGISTRY_DATA_DIR", str(DEFAULT_DATA_DIR))).resolve()
    return Settings(
        database_url=environment.get("REGISTRY_DATABASE_URL", f"sqlite:///{data_dir / 'registry.sqlite'}"),
        base_url=_base_url(environment.get("REGISTRY_BASE_URL", "http://127.0.0.1:8000")),
        data_dir=data_dir,
        key_passphrase=_secret(environment, "REGISTRY_KEY_PASSPHRASE"),
        pkcs11_module=_path(environment, "REGISTRY_PKCS11_MODULE"),
        pkcs11_token=environment.get("REGISTRY_PKCS11_TOKEN") or None,
        pkcs11_pin=_secret(environment, "REGISTRY_PKCS11_PIN"),
        trusted_proxies=_number(environment, "REGISTRY_TRUSTED_PROXIES", 0),
        rate_limit_public=environment.get("REGISTRY_RATE_LIMIT_PUBLIC", "600 per minute"),
        rate_limit_admin=environment.get("REGISTRY_RATE_LIMIT_ADMIN", "1200 per minute"),
        rate_limit_offline_qr=environment.get("REGISTRY_RATE_LIMIT_OFFLINE_QR", "120 per minute"),
        rate_limit_print=environment.get("REGISTRY_RATE_LIMIT_PRINT", "60 per minute"),
        rate_limit_log=environment.get("REGISTRY_RATE_LIMIT_LOG", "6000 per minute"),
        rate_limit_reports=environment.get("REGISTRY_RATE_LIMIT_REPORTS", "10 per hour"),
        rate_limit_storage=environment.get("REGISTRY_RATE_LIMIT_STORAGE", "memory://"),
        max_body_bytes=_number(environment, "REGISTRY_MAX_BODY_BYTES", 1_048_576),
        max_import_bytes=_number(environment, "REGISTRY_MAX_IMPORT_BYTES", 268_435_456),
        remembered_signatures=_number(environment, "REGISTRY_REMEMBERED_SIGNATURES", 2048),
        database_pool=_number(environment, "REGISTRY_DATABASE_POOL", 8),
        status_list_length=_status_list_length(environment),
        log_worker=_switch(environment, "REGISTRY_LOG_WORKER"),
        log_quorum=_number(environment, "REGISTRY_LOG_QUORUM", 0),
        log_witnesses=_path(environment, "REGISTRY_LOG_WITNESSES"),
        audit_interval=_audit_interval(environment),
        second_factor_required=_choice(environment, "REGISTRY_SECOND_FACTOR", ("required", "optional")) == "required",
        session_idle_minutes=_number(environment, "REGISTRY_SESSION_IDLE_MINUTES", 30, 1, _MINUTES_OF_A_YEAR),
        session_hours=_number(environment, "REGISTRY_SESSION_HOURS", 12, 1, _MINUTES_OF_A_YEAR),
        approval_days=_number(environment, "REGISTRY_APPROVAL_DAYS", 7, 1, 366),
        mail=_mail_server(environment),
        webhook_http=_switch(environment, "REGISTRY_WEBHOOK_HTTP"),
        webhook_networks=_networks(environment, "REGISTRY_WEBHOOK_NETWORKS"),
        webhook_ca_file=_path(environment, "REGISTRY_WEBHOOK_CA_FILE"),
        accredited_only=_choice(environment, "REGISTRY_UNACCREDITED", ("mark", "refuse")) == "refuse",
        vc_api=_switch(environment, "REGISTRY_VC_API"),
        vc_api_status_hosts=_origins(environment, "REGISTRY_VC_API_STATUS_HOSTS"),
    )


def _mail_server(environment: Mapping[str, str]) -> MailServer | None:
    host = environment.get("REGISTRY_SMTP_HOST")
    if not host:
        return None
    sender = environment.get("REGISTRY_SMTP_FROM", "")
    if not is_mail_address(sender):
        raise Misconfigured(f"REGISTRY_SMTP_FROM must be an address like registry@example.org, not {sender!r}.")
    user = environment.get("REGISTRY_SMTP_USER") or None
    password = _secret(environment, "REGISTRY_SMTP_PASSWORD")
    if (user is None) is not (not password):
        raise Misconfigured("REGISTRY_SMTP_USER and REGISTRY_SMTP_PASSWORD_FILE are needed both or neither.")
    tls = environment.get("REGISTRY_SMTP_TLS", "starttls")
    if tls not in {"starttls", "tls", "off"}:
        raise Misconfigured(f"REGISTRY_SMTP_TLS must be 'starttls', 'tls' or 'off', not {tls!r}.")
    if tls == "off" and user is not None:
        raise Misconfigured("REGISTRY_SMTP_TLS is 'off': a password is not sent where anybody can read it.")
    port = _number(environment, "REGISTRY_SMTP_PORT", 465 if tls == "tls" else 587, 1, 65535)
    return MailServer(host, sender, port, tls, user, password, _path(environment, "REGISTRY_SMTP_CA_FILE"))


def _base_url(text: str) -> str:
    return _origin("REGISTRY_BASE_URL", text)


def _origins(environment: Mapping[str, str], name: str) -> frozenset[str]:
    return frozenset(_origin(name, one.strip()) for one in environment.get(name, "").split(",") if one.strip())


def _origin(name: str, text: str) -> str:
    parts = urlsplit(text)
    plain = not (parts.query or parts.fragment or parts.path.strip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain:
        raise Misconfigured(f"{name} must be like https://registry.example.org, not {text!r}.")
    return f"{parts.scheme}://{parts.netloc}"


def _networks(environment: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(one.strip()) for one in environment.get(name, "").split(",") if one.strip())
    except ValueError as error:
        raise Misconfigured(f"{name} must be networks like 10.20.0.0/16, with commas between: {error}.") from error


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    """A secret, or what the file has whose path stands in the variable with `_FILE` behind its name."""
    path = environment.get(f"{name}_FILE")
    if not path:
        return environment.get(name)
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{name}_FILE {path} can't be read: {error}") from error


def _status_list_length(environment: Mapping[str, str]) -> int:
    length = _number(environment, "REGISTRY_STATUS_LIST_LENGTH", _SHORTEST_STATUS_LIST)
    if length % 8 or not _SHORTEST_STATUS_LIST <= length <= _LONGEST_STATUS_LIST:
        limits = f"{_SHORTEST_STATUS_LIST} to {_LONGEST_STATUS_LIST}"
        raise Misconfigured(f"REGISTRY_STATUS_LIST_LENGTH must be a multiple of 8, {limits}, not {length}.")
    return length


def _audit_interval(environment: Mapping[str, str]) -> timedelta | None:
    if environment.get("REGISTRY_AUDIT_MINUTES") == "off":
        return None
    return timedelta(minutes=_number(environment, "REGISTRY_AUDIT_MINUTES", 60, most=_MINUTES_OF_A_YEAR))


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    text = environment.get(name)
    return Path(text).resolve() if text else None


def _switch(environment: Mapping[str, str], name: str) -> bool:
    return _choice(environment, name, ("off", "on")) == "on"


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, str]) -> str:
    """One of two words, the first unless told."""
    text = environment.get(name, choices[0])
    if text not in choices:
        raise Misconfigured(f"{name} must be '{choices[0]}' or '{choices[1]}', not {text!r}.")
    return text


def _number(environment: Mapping[str, str], name: str, default: int, least: int = 0, most: int | None = None) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal():
        raise Misconfigured(f"{name} must be a whole number, not {text!r}.")
    if int(text) < least or (most is not None and int(text) > most):
        raise Misconfigured(f"{name} must be {least} or more" + (f", {most} at most." if most is not None else "."))
    return int(text)
