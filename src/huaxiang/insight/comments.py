"""The rated comments of a lake, and how many texts a scorer reads: from a published release, without Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from huaxiang.errors import ConfigurationError, Problem
from huaxiang.models.learned_sentiment import RAREST
from huaxiang.models.rated import Comments, Written, comments
from huaxiang.models.traits import YOUNGEST
from huaxiang.tables.reader import query, release_light, view_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from huaxiang.days.events import Event

LARGEST_SAMPLE = 50_000
"""Different comments that are learned from: those with the smallest hashes of their texts."""
PRAISE, COMPLAINT = 4, 2
"""Ratings of at least, and of at most: as the measures `high_ratings` and `low_ratings` have it. Between them is neither."""
NEEDED = ("clean/review", "person_account", "portrait")
CONSENT, ERASURE = "clean/consent_event", "clean/erasure_request"
# The last word of an account is as of `identity.claims.join_consent`: of a date alone a grant is of its first moment, a
# withdrawal of its last, undated ones of the day they came in, and of one instant a withdrawal is the last.
_REFUSED = f"""
    SELECT a.person FROM person_account a LEFT JOIN (
        SELECT account, arg_max(action, (
            coalesce("at", timezone('{{zone}}', CASE WHEN action = 'grant' THEN business_date::TIMESTAMP
                ELSE (coalesce(business_date, arrival_date) + 1)::TIMESTAMP - INTERVAL 1 microsecond END),
                '0001-01-01'::TIMESTAMPTZ),
            action <> 'grant'
        )) = 'grant' AS agreed
        FROM {view_name(CONSENT)} WHERE purpose = 'personalise' AND account IS NOT NULL GROUP BY account
    ) said ON said.account = a.account
    GROUP BY a.person HAVING NOT bool_and(coalesce(said.agreed, {{default}}))"""
_FORGOTTEN = f"""
    UNION SELECT a.person FROM person_account a JOIN {view_name(ERASURE)} e ON e.account = a.account"""
_RATED = f"""
    WITH refused AS ({{refused}}), written AS (
        SELECT r.text, a.person, r.business_date AS day, r.rating >= {PRAISE} AS praises
        FROM clean_review r JOIN person_account a ON a.account = r.account JOIN portrait p ON p.person = a.person
        WHERE r.text IS NOT NULL AND (r.rating >= {PRAISE} OR r.rating <= {COMPLAINT}) AND r.business_date <= p.as_of
            AND coalesce(p.youngest_age >= {YOUNGEST}, true) AND a.person NOT IN (SELECT person FROM refused)
    ), by_person AS (
        SELECT text, person, count(*) FILTER (praises) AS praised, count(*) FILTER (NOT praises) AS complained,
            min(day) AS first, max(day) AS last FROM written GROUP BY text, person
    )
    SELECT text, sum(praised)::bigint AS praised, sum(complained)::bigint AS complained,
        min(person, {RAREST}) AS writers, min(first) AS first, max(last) AS last
    FROM by_person GROUP BY text ORDER BY md5(text), text LIMIT {LARGEST_SAMPLE}"""


def rated_comments(lake: str, *, zone: str, personalises_by_default: bool) -> Comments:
    """Return the different comments of reviews rated 4 or more, or 2 or less, of a lake's newest published release.

    Up to its date, of people who have a portrait; of nobody who by any year told may be under 14, who on any
    account withdrew the consent to be personalised, or who asked to be forgotten. At most `LARGEST_SAMPLE`. Undated
    reviews are not among them. Days of consents that have no hour are those of `zone`.
    """
    held = release_light(lake).tables
    if lacking := [name for name in NEEDED if name not in held]:
        found = f"the release has no table {', '.join(f'`{name}`' for name in lacking)}"
        raise ConfigurationError(Problem(f"--lake {lake}", found, "a lake to which reviews came"))
    default = "true" if personalises_by_default else "false"
    nobody = "SELECT person FROM portrait WHERE " + ("false" if personalises_by_default else "true")
    refused = _REFUSED.format(default=default, zone=zone) if CONSENT in held else nobody
    refused += _FORGOTTEN if ERASURE in held else ""
    rows: list[dict[str, Any]] = query(lake, _RATED.format(refused=refused)).to_pylist()
    return comments(Written(**{**row, "writers": frozenset(row["writers"])}) for row in rows)


def texts_read(lake: str, events: Iterable[Event]) -> dict[str, int]:
    """Return by feed how many texts of the newest published release a scorer reads, feeds that came alone."""
    held = release_light(lake).tables
    found = {}
    for event in events:
        table = f"clean/{event.feed}"
        if event.opinion_of and table in held:
            counted = query(lake, f'SELECT count("{event.opinion_of}") AS texts FROM {view_name(table)}')
            found[event.feed] = int(counted["texts"][0].as_py())
    return found
