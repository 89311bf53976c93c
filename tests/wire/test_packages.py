"""Packages are known by their manifest and proven by their block map; orders of apps round trip (05 section 10.6)."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.packages import make_msix
from taxiway.wire import app_jobs, msix
from taxiway.wire.app_jobs import HostedInstall, OfficeJob, OfficeProduct
from taxiway.wire.errors import WireError


def test_publisher_hashes_are_those_of_windows():
    """Two publishers whose hashes are known from their packages' names."""
    microsoft = "CN=Microsoft Corporation, O=Microsoft Corporation, L=Redmond, S=Washington, C=US"
    assert msix.publisher_hash(microsoft) == "8wekyb3d8bbwe"
    windows = "CN=Microsoft Windows, O=Microsoft Corporation, L=Redmond, S=Washington, C=US"
    assert msix.publisher_hash(windows) == "cw5n1h2txyewy"


def test_a_package_says_whose_it_is():
    """Name, version and architecture from the manifest make the family name and the full name."""
    found = msix.check_package(io.BytesIO(make_msix()))
    assert found.name == "Contoso.Tool"
    assert found.full_name == f"Contoso.Tool_1.2.0.0_x64__{msix.publisher_hash(found.publisher)}"
    assert found.family_name == f"Contoso.Tool_{msix.publisher_hash(found.publisher)}"


@pytest.mark.parametrize(
    ("package", "hresult"),
    [
        (b"no archive", msix.NOT_A_PACKAGE),
        (make_msix(damage=b"other" * 20000), msix.BAD_BLOCK),
        (make_msix(damage=b"a program"), msix.BAD_BLOCK),
        (make_msix(damage=b"a program" * 20000), msix.BAD_BLOCK),
        (make_msix(block_map=False), msix.BAD_BLOCK_MAP),
        (make_msix(version="1"), msix.BAD_MANIFEST),
        (make_msix(name="a/b"), msix.BAD_MANIFEST),
        (make_msix(architecture="z80"), msix.BAD_MANIFEST),
        (make_msix()[:-40], msix.NOT_A_PACKAGE),
    ],
)
def test_bad_packages_have_their_hresult(package, hresult):
    """What is wrong with a package is told by the number Windows has for it."""
    with pytest.raises(msix.BadPackage) as caught:
        msix.check_package(io.BytesIO(package))
    assert caught.value.hresult == hresult


def test_every_changed_byte_is_noticed_or_harmless():
    """A package that was changed anywhere is refused, or it is the same package."""
    good = make_msix()
    known = msix.check_package(io.BytesIO(good))
    for place in range(0, len(good), 5):
        bad = good[:place] + bytes([good[place] ^ 0x41]) + good[place + 1 :]
        try:
            assert msix.check_package(io.BytesIO(bad)) == known
        except msix.BadPackage:
            continue


def test_orders_round_trip():
    """What the server writes the PC reads."""
    job = HostedInstall("https://mdm.example/content/1?a=1&b=2", ("https://mdm.example/content/2",))
    assert app_jobs.parse_hosted_install(app_jobs.render_hosted_install(job)) == job
    office = OfficeJob(
        products=(OfficeProduct("O365ProPlusRetail", ("de-de",), ("Groove",)), OfficeProduct("VisioProRetail")),
        channel="Current",
        shared=True,
        remove_msi=True,
    )
    text = app_jobs.render_office(office)
    assert app_jobs.parse_office(text) == ("O365ProPlusRetail", "VisioProRetail")
    assert '<ExcludeApp ID="Groove"/>' in text
    assert '<Language ID="MatchOS"/>' in text


@given(st.text(max_size=200))
def test_any_order_is_read_or_named(text):
    """No text makes the readers raise anything but their own errors."""
    for read in (app_jobs.parse_hosted_install, app_jobs.parse_office):
        with pytest.raises(WireError):
            read(text)
