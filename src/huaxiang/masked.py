"""What is never shown of a person, and of anybody they have to do with: on pages and on terminals alike."""

from __future__ import annotations

import re

NEVER = frozenset(["direct-id"])
"""Classes of columns that are not shown: accounts, also those of others, contacts, keys."""
WRITTEN = frozenset(["text", "query"])
"""Columns of events in which people write what they like."""
MASK = "•••"
_CONTACT = re.compile(r"[A-Za-z0-9._%+-]+[@＠][A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|\+?\d(?:[ -]?\d){6,}")
"""An e-mail address, or seven digits and more, as of a telephone."""
_MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")


def without_contacts(text: str) -> str:
    """Return what somebody wrote without the telephone numbers and e-mail addresses in it."""
    return _CONTACT.sub(MASK, text)


def account_said(account: str) -> str:
    """Return `platform:id` as it is shown: of an id that is a mobile number or an e-mail address its ends."""
    platform, _, name = account.partition(":")
    if "@" not in name and not _MOBILE.fullmatch(name):
        return account
    return f"{platform}:{name[:2]}{MASK}{name[-2:]}"
