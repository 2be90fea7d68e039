"""Statistics as charts, for the public page and for the console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Flask

from registry.domain.certificate import EnterpriseSize
from registry.domain.classifications import SECTIONS, region_name
from registry.domain.lifecycle import Status
from registry.domain.reasons import Act
from registry.domain.schemes import SCHEMES
from registry.services.statistics import Statistics
from registry.web import present, texts
from registry.web.charts import Chart, Series, chart, shares

_MONTH_PATTERNS = {"zh": "y年M月", "en": "MMM y"}
Bars = list[tuple[str, int, float]]


@dataclass(frozen=True, slots=True)
class Pictures:
    """Everything that templates/statistics_charts.html draws."""

    issued: Chart
    acts: Chart
    expiring: Chart
    schemes: Bars
    sections: Bars
    regions: Bars
    sizes: Bars
    statuses: Bars

    @staticmethod
    def scheme_name(code: str) -> str:
        """Title and standard of a scheme."""
        scheme = SCHEMES[code]
        return f"{present.said(scheme.title)} ({scheme.standard})"

    @staticmethod
    def section_name(code: str) -> str:
        """A section of the classification of industries."""
        return present.said(SECTIONS[code])

    @staticmethod
    def region_name(code: str) -> str:
        """A prefecture of Zhejiang, or another province."""
        return present.said(region_name(code))

    @staticmethod
    def size_name(code: str) -> str:
        """A class of enterprise sizes."""
        return str(texts.SIZES[EnterpriseSize(code)])

    @staticmethod
    def status_name(code: str) -> str:
        """A status."""
        return str(texts.STATUSES[Status(code)])


def draw(found: Statistics) -> Pictures:
    """The charts of statistics, in the reader's language."""
    acts = (
        (Act.SUSPEND, Status.SUSPENDED, "warn"),
        (Act.WITHDRAW, Status.WITHDRAWN, "bad"),
        (Act.CANCEL, Status.CANCELLED, "past"),
    )
    statuses = {status.value: count for status, count in found.statuses.items()}
    return Pictures(
        chart([Series(str(texts.CERTIFICATES), "good", found.issued)]),
        chart([Series(str(texts.STATUSES[status]), tone, found.acts[act]) for act, status, tone in acts]),
        chart([Series(str(texts.CERTIFICATES), "ahead", found.expiring)]),
        *(shares(counts) for counts in (found.schemes, found.sections, found.regions, found.sizes, statuses)),
    )


def month(value: str) -> str:
    """A month like '2026-03' as people write it."""
    return format_date(
        date.fromisoformat(value + "-01"), _MONTH_PATTERNS[present.language()], locale=present.language()
    )


def number(count: int) -> str:
    """A count with separators."""
    return format_decimal(count, locale=present.language())


def install(app: Flask) -> None:
    """Give the templates what charts need."""
    app.jinja_env.filters.update(month=month, number=number)
