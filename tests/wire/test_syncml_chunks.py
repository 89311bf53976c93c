"""Large objects cut and put together (05 section 7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire import syncml as s


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(1, 20))
def test_pieces_make_the_whole(data, room):
    """What was cut comes together again; only the first piece has a size, only the last has no MoreData."""
    item = s.Item(source="./x", format="xml", data=data)
    pieces = s.split_item(item, room)
    assembler = s.Assembler(1000)
    answers = [assembler.take(piece) for piece in pieces]
    assert answers[-1] == (s.Code.OK, item)
    assert set(answers[:-1]) <= {(s.Code.CHUNK_ACCEPTED, None)}
    if len(pieces) > 1:
        assert pieces[0].size == len(data.encode())
        assert [piece.more for piece in pieces] == [True] * (len(pieces) - 1) + [False]
        assert all(piece.size is None for piece in pieces[1:])
    assert assembler.open is None


@pytest.mark.parametrize("announced", [5, 7])
def test_wrong_size_is_424(announced):
    """An object that is not as long as announced is refused (05 section 7)."""
    assembler = s.Assembler(100)
    assert assembler.take(s.Item(target="./x", data="abc", size=announced, more=True)) == (s.Code.CHUNK_ACCEPTED, None)
    assert assembler.open == "./x"
    assert assembler.take(s.Item(target="./x", data="def")) == (s.Code.SIZE_MISMATCH, None)
    assert assembler.open is None


@pytest.mark.parametrize("size", [None, 1000])
def test_too_large_is_413(size):
    """An object above the limit is refused when that is known, and nothing of it is kept."""
    assembler = s.Assembler(4)
    data = "abcde" if size is None else "a"
    assert assembler.take(s.Item(target="./x", data=data, size=size, more=True)) == (s.Code.TOO_LARGE, None)
    assert assembler.open is None
