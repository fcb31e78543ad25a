"""The filter language of subscriptions.

Grammar, after https://cloud.google.com/pubsub/docs/subscription-message-filter#filtering_syntax:

    expression = factor { "AND" factor } | factor { "OR" factor }
    factor     = { "NOT" | "-" } ( "(" expression ")" | condition )
    condition  = "attributes" ":" key
               | "attributes" "." key ( "=" | "!=" ) string
               | "hasPrefix" "(" "attributes" "." key "," string ")"
    key        = letters, digits, hyphens and underscores, or a string

An expression may mix AND and OR only with parentheses. ``!=`` is the negation of ``=``, so a
message without the attribute passes ``!=``.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from local.pubsub.errors import InvalidArgument

Filter = Callable[[Mapping[str, str]], bool]
"""Says whether a message with these attributes is delivered."""

MAX_BYTES = 256

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<word>[A-Za-z0-9_][A-Za-z0-9_-]*)
      | (?P<symbol>!=|[-:.=(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL
)
_SIMPLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


class _Token(NamedTuple):
    kind: str
    text: str


_END = _Token("end", "the end")


def parse(text: str) -> Filter:
    """Compile a filter; an empty text makes a filter that lets every message pass.

    Raises:
        InvalidArgument: the text is longer than 256 bytes, or does not follow the grammar.
    """
    if len(text.encode()) > MAX_BYTES:
        raise InvalidArgument(f"filter is longer than {MAX_BYTES} bytes")
    if not text.strip():
        return lambda _attributes: True
    parser = _Parser(_tokens(text))
    condition = parser.expression()
    parser.expect("end")
    return condition


def _tokens(text: str) -> list[_Token]:
    tokens = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise InvalidArgument(f"filter: unexpected character at position {position}")
        tokens.append(_Token(str(match.lastgroup), match[str(match.lastgroup)]))
        position = match.end()
    return [*tokens, _END]


def _unquote(literal: str) -> str:
    def character(match: re.Match[str]) -> str:
        hexadecimal, octal, simple = match[1] or match[2] or match[3], match[4], match[5]
        if simple is not None and simple not in _SIMPLE_ESCAPES:
            raise InvalidArgument("filter: unknown escape sequence in a string")
        if simple is not None:
            return _SIMPLE_ESCAPES[simple]
        code = int(hexadecimal, 16) if hexadecimal else int(octal, 8)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise InvalidArgument("filter: an escape sequence in a string is not a character")
        return chr(code)

    return _ESCAPE.sub(character, literal[1:-1])


class _Parser:
    """Parses the tokens by recursive descent; a method's name says what it consumes."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def expression(self) -> Filter:
        factors = [self._factor()]
        operator = self._peek().text
        if operator not in {"AND", "OR"}:
            return factors[0]
        while self._accept(operator):
            factors.append(self._factor())
        if self._peek().text in {"AND", "OR"}:
            raise InvalidArgument("filter: AND and OR need parentheses to be mixed")
        combine = all if operator == "AND" else any
        return lambda attributes: combine(factor(attributes) for factor in factors)

    def expect(self, *wanted: str) -> str:
        """Consume a token of one of these kinds or texts and return its text."""
        token = self._peek()
        # A quoted word is a string, never a keyword or a symbol.
        if token.kind not in wanted and (token.kind == "string" or token.text not in wanted):
            raise InvalidArgument(f"filter: {' or '.join(wanted)} expected, not {token.text}")
        self._next += 1
        return token.text

    def _factor(self) -> Filter:
        if self._accept("NOT") or self._accept("-"):
            negated = self._factor()
            return lambda attributes: not negated(attributes)
        if self._accept("("):
            inner = self.expression()
            self.expect(")")
            return inner
        return self._condition()

    def _condition(self) -> Filter:
        if self.expect("attributes", "hasPrefix") == "hasPrefix":
            return self._prefix()
        if self.expect(":", ".") == ":":
            present = self._key()
            return lambda attributes: present in attributes
        key = self._key()
        equal = self.expect("=", "!=") == "="
        value = _unquote(self.expect("string"))
        return lambda attributes: (attributes.get(key) == value) is equal

    def _prefix(self) -> Filter:
        for token in ("(", "attributes", "."):
            self.expect(token)
        key = self._key()
        self.expect(",")
        prefix = _unquote(self.expect("string"))
        self.expect(")")
        return lambda attributes: key in attributes and attributes[key].startswith(prefix)

    def _key(self) -> str:
        text = self.expect("word", "string")
        return _unquote(text) if text.startswith('"') else text

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _accept(self, text: str) -> bool:
        token = self._peek()
        accepted = token.kind != "string" and token.text == text
        self._next += accepted
        return accepted
