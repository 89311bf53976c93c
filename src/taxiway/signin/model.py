"""Who signed in and how, and what a token says of it (03 sections 5.1 and 5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from taxiway.directory import Principal

BROKER = "29d9ed98-a469-4536-ade2-f981bc1d605e"
PRT_CLIENT = "38aa3b87-a06d-4817-b275-7a316988d93b"
BULK_CLIENT = "b90d5b8f-5503-4153-b545-b31cecfaece2"
REGISTRATION_CLIENT = "dd762716-544d-4aeb-a526-687b73838a22"
MY_SIGN_INS = "19db86c3-b2b9-44cc-b339-36da233a3be2"
DRS_APP = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9"
ENROLLMENT_APP = "d4ebce55-015a-49b5-a083-c84d1797ae8c"
DRS_RESOURCE = "urn:ms-drs:enterpriseregistration.windows.net"

#: How long a second factor is fresh enough to register a Windows Hello key.
FRESH = timedelta(minutes=10)


#: What a sign-in with a password rests on; one with a Windows Hello key or a passkey rests on the key, by its id.
PASSWORD = "password"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved at a sign-in; refresh tokens and PRTs pass it on unchanged.

    ``mfa_until``: when the second factor stops counting. A Temporary Access Pass carries its person to the desktop and
    no further: there, applications ask again (01 R-114). ``key_id``: the Windows Hello key or passkey that proved it.
    """

    user_id: str
    amr: tuple[str, ...]
    auth_time: datetime
    mfa_at: datetime | None = None
    mfa_until: datetime | None = None
    device_id: str | None = None
    ztdid: str | None = None
    key_id: str | None = None

    def row(self) -> dict[str, Any]:
        """The columns that carry it."""
        return {
            "user_id": self.user_id,
            "device_id": self.device_id,
            "amr": list(self.amr),
            "auth_time": self.auth_time,
            "mfa_at": self.mfa_at,
            "mfa_until": self.mfa_until,
            "ztdid": self.ztdid,
            "rests_on": self.rests_on,
        }

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Proof:
        """The proof that a row carries."""
        return cls(
            user_id=row["user_id"],
            amr=tuple(row["amr"]),
            auth_time=row["auth_time"],
            mfa_at=row["mfa_at"],
            mfa_until=row["mfa_until"],
            device_id=row["device_id"],
            ztdid=row["ztdid"],
            key_id=None if row["rests_on"] == PASSWORD else row["rests_on"],
        )

    @property
    def rests_on(self) -> str | None:
        """The credential whose change ends what this proof gave (03 section 7.9)."""
        return self.key_id or (PASSWORD if "pwd" in self.amr else None)

    def had_mfa(self, now: datetime) -> bool:
        """Whether a second factor was shown that still counts."""
        return self.mfa_at is not None and (self.mfa_until is None or now <= self.mfa_until)

    def methods(self, now: datetime) -> list[str]:
        """The ``amr`` claim: ``mfa`` while a second factor counts, ``ngcmfa`` while it is fresh.

        A Windows Hello key does not vouch for another one; a passkey does.
        """
        counting = [method for method in self.amr if method != "mfa" or self.had_mfa(now)]
        vouches = self.key_id is None or "fido" in self.amr
        fresh = self.mfa_at is not None and vouches and now - self.mfa_at <= FRESH
        return [*counting, "ngcmfa"] if fresh else counting

    @property
    def subject(self) -> str:
        """Whose timeline a log entry about this sign-in belongs to."""
        return f"autopilot:{self.ztdid}" if self.ztdid else f"user:{self.user_id}"


@dataclass(frozen=True, slots=True)
class Claims:
    """A verified access token. ``roles``: directory role template ids, read afresh; ``app_roles``: an application's.

    ``oid``: the user or the application; a token of a device alone has none.
    """

    tenant: str
    app_id: str
    aud: str
    amr: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    uti: str
    oid: str | None = None
    upn: str = ""
    name: str = ""
    scopes: frozenset[str] = frozenset()
    app_roles: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    device_id: str | None = None
    kind: str = "user"

    @property
    def had_mfa(self) -> bool:
        """Whether the sign-in behind the token had a second factor."""
        return bool({"mfa", "ngcmfa"} & set(self.amr))


def principal_of(claims: Claims) -> Principal:
    """Who acts with this token."""
    if claims.kind == "app":
        me = claims.oid or claims.app_id
        return Principal("app", me, claims.tenant, claims.roles, claims.app_roles, claims.name, claims.app_id)
    if claims.kind == "device":
        return Principal("device", claims.device_id or "", claims.tenant)
    return Principal("user", claims.oid or "", claims.tenant, claims.roles, claims.scopes, claims.upn, claims.app_id)
