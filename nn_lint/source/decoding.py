"""Bytes to text and back: byte order marks and coding comments as CPython reads them, nothing lost on the way."""

from __future__ import annotations

import codecs
import io
import tokenize
from dataclasses import dataclass


class UndecodableError(ValueError):
    """The bytes of a file are not text in the encoding that it declares."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, and what is needed to write it back."""

    text: str
    encoding: str = "utf-8"
    bom: bool = False

    def encode(self, text: str) -> bytes:
        """`text` in this file's encoding, with its byte order mark; raises `UndecodableError` where it does not fit."""
        try:
            data = text.encode(self.encoding)
        except UnicodeError as error:
            raise UndecodableError(f"the result does not fit the file's encoding: {error}") from error
        return codecs.BOM_UTF8 + data if self.bom else data


def decode(data: bytes) -> Decoded:
    """Decode as CPython does: byte order mark, then coding comment, then UTF-8."""
    bom = data.startswith(codecs.BOM_UTF8)
    body = data[len(codecs.BOM_UTF8) :] if bom else data
    try:
        rows = io.BytesIO(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        encoding = tokenize.detect_encoding(rows.readline)[0].removesuffix("-sig")
        text = body.decode(encoding)
    except (SyntaxError, LookupError, UnicodeError) as error:
        raise UndecodableError(f"cannot be decoded: {error}") from error
    decoded = Decoded(text, encoding, bom)
    if decoded.encode(text) != data:
        raise UndecodableError(f"cannot be decoded: {encoding} does not give the same bytes back")
    return decoded
