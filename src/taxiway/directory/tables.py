"""Tables that are relations, not entities: memberships, roles held, assignments, owners, the rule set's digest."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.store import Document, Instant, metadata

#: Transitive closure of who is in which group; ``direct`` rows are the stated (or ruled) members, the rest follows.
membership = sa.Table(
    "membership",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("group_id", sa.String(100), primary_key=True),
    sa.Column("object_kind", sa.String(10), primary_key=True),
    sa.Column("object_id", sa.String(100), primary_key=True),
    sa.Column("direct", sa.Boolean, nullable=False),
    sa.Index("ix_membership_object", "tenant", "object_kind", "object_id"),
)

#: One row per tenant: a digest over the history of its membership rules, so that compiled sets can be kept in memory.
rule_set = sa.Table(
    "rule_set",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
)

#: Direct memberships that ended because one side was deleted, kept with it (``holder_id``) until it comes back.
lost_membership = sa.Table(
    "lost_membership",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("holder_id", sa.String(100), primary_key=True),
    sa.Column("group_id", sa.String(100), primary_key=True),
    sa.Column("object_kind", sa.String(10), primary_key=True),
    sa.Column("object_id", sa.String(100), primary_key=True),
)

group_owner = sa.Table(
    "group_owner",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("group_id", sa.String(100), primary_key=True),
    sa.Column("user_id", sa.String(100), primary_key=True),
)

#: Users for whom a product had no seat left when a group's licence was due to them, in the order of their turn.
licence_wait = sa.Table(
    "licence_wait",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("sku_id", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(100), primary_key=True),
    sa.Column("since", Instant, nullable=False),
    sa.Index("ix_licence_wait_turn", "tenant", "sku_id", "since", "user_id"),
)

role_assignment = sa.Table(
    "role_assignment",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(100), primary_key=True),
    sa.Column("role_id", sa.String(100), primary_key=True),
)

#: Who is meant by a profile, a policy, an app: one row per target, in the order in which they were given.
assignment = sa.Table(
    "assignment",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("object_kind", sa.String(50), primary_key=True),
    sa.Column("object_id", sa.String(100), primary_key=True),
    sa.Column("id", sa.String(250), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("group_id", sa.String(100)),
    sa.Column("filter_id", sa.String(100)),
    sa.Column("filter_mode", sa.String(10), nullable=False),
    sa.Column("intent", sa.String(30)),
    sa.Column("settings", Document, nullable=False),
    sa.Column("position", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Index("ix_assignment_group", "tenant", "group_id"),
    sa.Index("ix_assignment_meant", "tenant", "object_kind", "kind", "group_id"),
)

#: The names under which an application of the tenant can be asked for as a resource: each leads to one.
identifier_uri = sa.Table(
    "identifier_uri",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("uri", sa.String(250), primary_key=True),
    sa.Column("app_id", sa.String(64), nullable=False),
    sa.Index("ix_identifier_uri_app", "tenant", "app_id"),
)

#: Images of the sign-in page. Rows and not blobs: they are few and small, and one that is replaced is gone at once.
#: ``sha256`` names the content in its address, so that browsers may keep it.
brand_image = sa.Table(
    "brand_image",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("media_type", sa.String(40), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

#: Where this instance answers: its families of addresses, the one that unasked answers carry first. Written anew at
#: each start; transactions read the default MDM URLs and our own resources from it.
host_family = sa.Table(
    "host_family",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("urls", Document, nullable=False),
)

#: Who was put into an administrative unit by name; the members of a dynamic one follow from its rule when asked.
unit_member = sa.Table(
    "unit_member",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("unit_id", sa.String(100), primary_key=True),
    sa.Column("object_kind", sa.String(10), primary_key=True),
    sa.Column("object_id", sa.String(100), primary_key=True),
    sa.Index("ix_unit_member_object", "tenant", "object_id"),
)

#: A directory role that a user holds over the members of an administrative unit only.
unit_role = sa.Table(
    "unit_role",
    metadata,
    sa.Column("tenant", sa.String(64), primary_key=True),
    sa.Column("unit_id", sa.String(100), primary_key=True),
    sa.Column("user_id", sa.String(100), primary_key=True),
    sa.Column("role_id", sa.String(100), primary_key=True),
    sa.Index("ix_unit_role_user", "tenant", "user_id"),
)
