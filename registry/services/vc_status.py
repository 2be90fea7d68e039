"""Asking the status lists that a credential names (W3C Bitstring Status List 1.0, section 3.2)."""

from __future__ import annotations

import re
from collections.abc import Callable

from registry.domain.errors import NotFound
from registry.formats import bitstring_status_list as status_list
from registry.formats.bitstring_status_list import ENTRY_TYPE, Problem, Purpose, StatusListError
from registry.formats.canonical_json import JsonObject, parse
from registry.formats.proofs import Cryptosuite
from registry.formats.rdf_canonical import Effort
from registry.services import conformance
from registry.services.context import Registry
from registry.services.fetch_status_list import fetch_status_list
from registry.services.status_lists import StatusLists
from registry.services.vc_problem import VcProblem

MAX_ENTRIES = 8
# Section 2.1: these tell something about a credential, and do not speak against it.
_HARMLESS = frozenset({"refresh", "message"})
# What is wrong with a list keeps its own type; whatever else keeps it from being verified is one thing here (3.2).
_OF_LISTS = frozenset({Problem.LENGTH.type, Problem.MALFORMED.type})
_OWN_LIST = re.compile(r"/status-lists/([0-9]{1,9})/(" + "|".join(Purpose) + ")", re.ASCII)

CheckList = Callable[[JsonObject, Effort], list[VcProblem]]
"""Verifies a list credential as a credential, within the effort, without a look at its own status."""


class StatusCheck:
    """Asks status lists: those of this registry, and of origins that the settings name."""

    def __init__(self, registry: Registry, lists: StatusLists, check_list: CheckList) -> None:
        self._registry = registry
        self._lists = lists
        self._check_list = check_list

    def problems(self, credential: JsonObject, effort: Effort) -> list[VcProblem]:
        """What the lists say against a credential whose form is right, or why they can't be asked.

        A status of another kind, or a list that can't be had, counts against it: nobody could tell whether the
        credential was revoked.
        """
        found = credential.get("credentialStatus", [])
        many = isinstance(found, list)
        entries = found if many else [found]
        if len(entries) > MAX_ENTRIES:
            return [VcProblem(Problem.VERIFICATION.type, f"more than {MAX_ENTRIES} entries", "/credentialStatus")]
        problems = []
        for position, entry in enumerate(entries):
            pointer = f"/credentialStatus/{position}" if many else "/credentialStatus"
            try:
                problem = self._problem(entry, effort)
            except StatusListError as error:
                problem = VcProblem(error.problem.type, str(error))
            if problem is not None:
                problems.append(problem.below(pointer))
        return problems

    def _problem(self, entry: JsonObject, effort: Effort) -> VcProblem | None:
        """Raises StatusListError."""
        if entry["type"] != ENTRY_TYPE:
            message = f"a status of type {entry['type']} can't be checked here, only {ENTRY_TYPE}"
            raise StatusListError(Problem.VERIFICATION, message)
        asked = status_list.check_entry(entry)
        document = self._list_credential(asked.list_url)
        broken = [one for one in self._check_list(document, effort) if not one.warning]
        if broken:
            why = f"the status list does not verify: {broken[0].pointer or ''} {broken[0].detail}"
            return VcProblem(broken[0].type if broken[0].type in _OF_LISTS else Problem.VERIFICATION.type, why)
        result = status_list.look_up(asked, status_list.unpack_list(document))
        if result.valid or result.purpose in _HARMLESS:
            return None
        return VcProblem(Problem.VERIFICATION.type, f"the status list says: {result.message or result.purpose}")

    def _list_credential(self, url: str) -> JsonObject:
        """The list behind a URL. Raises StatusListError."""
        for suite in Cryptosuite:
            if url == conformance.status_list_url(self._registry, suite):
                return conformance.status_list_credential(self._registry, suite)
        own = _OWN_LIST.fullmatch(url.removeprefix(self._registry.base_url))
        if own is None or not url.startswith(self._registry.base_url):
            return fetch_status_list(url, self._registry.settings.vc_api_status_hosts)
        try:
            published = self._lists.current(int(own[1]), Purpose(own[2]))
        except NotFound as error:
            raise StatusListError(Problem.RETRIEVAL, str(error)) from error
        document: JsonObject = parse(published.document)
        return document
