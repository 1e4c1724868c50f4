"""Bytes to text and back, as CPython reads them."""

from __future__ import annotations

import ast
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn_lint.source.decoding import UndecodableError, decode


@given(st.text(st.characters(codec="utf-8")), st.booleans())
def test_utf8_comes_back(text: str, bom: bool) -> None:
    text = text.lstrip("\ufeff").replace("coding", "")
    data = codecs.BOM_UTF8 * bom + text.encode()
    decoded = decode(data)
    assert (decoded.text, decoded.bom) == (text, bom)
    assert decoded.encode(decoded.text) == data


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=("lf", "crlf", "cr"))
@pytest.mark.parametrize(
    ("head", "encoding", "word"),
    [
        (("# -*- coding: latin-1 -*-",), "latin-1", "Zoë\x85"),
        (("# -*- coding: iso-8859-15 -*-",), "iso-8859-15", "€"),
        (("#!/usr/bin/python", "# vim: set fileencoding=cp1251 :"), "cp1251", "слой"),
        (("", "# coding=gbk"), "gbk", "残差"),
        (("# coding: shift_jis",), "shift_jis", "残差"),
        (("x = 1", "# coding: latin-1"), "utf-8", "残差"),
        (("x = 'coding: latin-1'",), "utf-8", "残差"),
        (("# one", "x = 1", "# coding: latin-1"), "utf-8", "残差"),
    ],
)
def test_coding_comments_count_where_cpython_sees_them(
    head: tuple[str, ...], encoding: str, word: str, newline: str
) -> None:
    text = newline.join((*head, f"name = '{word}'", ""))
    data = text.encode(encoding)
    assert isinstance(ast.parse(data).body[-1], ast.Assign)
    decoded = decode(data)
    assert decoded.text == text
    assert decoded.encode(text) == data
    assert decoded.encode(text + "# more") == data + b"# more"


def test_a_byte_order_mark_is_kept_and_no_part_of_the_text() -> None:
    decoded = decode(codecs.BOM_UTF8 + "# coding: utf-8\nx = 'é'\n".encode())
    assert decoded.text.startswith("# coding")
    assert decoded.encode("y\n") == codecs.BOM_UTF8 + b"y\n"


@pytest.mark.parametrize(
    "data",
    [
        b"x = '\xff'\n",
        b"# coding: no-such-encoding\nx = 1\n",
        b"# coding: ascii\nx = '\xc3\xa9'\n",
        codecs.BOM_UTF8 + b"# coding: latin-1\nx = 1\n",
        codecs.BOM_UTF16_LE + "x = 1\n".encode("utf-16-le"),
        b"\xed\xa0\x80",
    ],
)
def test_what_cpython_cannot_decode_is_refused(data: bytes) -> None:
    with pytest.raises(UndecodableError, match="cannot be decoded"):
        decode(data)


@pytest.mark.parametrize("encoding", ["utf-7", "unicode_escape", "raw_unicode_escape", "hex", "rot13", "punycode"])
def test_a_coding_that_loses_bytes_is_refused_or_comes_back(encoding: str) -> None:
    data = f"# coding: {encoding}\nx = 'a+AGE-\\u0041'\n".encode()
    try:
        decoded = decode(data)
    except UndecodableError:
        return
    assert decoded.encode(decoded.text) == data


def test_a_result_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UndecodableError, match="does not fit"):
        decode(b"# coding: latin-1\n").encode("残")
