"""XML of a bank, read without anything that XML can do beyond holding data.

A document type is refused as soon as it is declared: with it go entities that grow, entities that read files, and
default attributes. What is left is a tree of local names, of bounded depth and number of elements.
"""

from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from payments.errors import BadBankFile

DEEPEST, MOST_ELEMENTS = 40, 1_000_000
"""ISO 20022 messages are some 15 deep; a payment has at most 50 elements."""
SEPARATOR = " "


def parse(content: bytes) -> tuple[str, Element]:
    """The namespace of the document and its root; names are local. Raises `BadBankFile`."""
    reader = _Reader()
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        raise BadBankFile(f"The XML cannot be read: {error}.") from error
    return reader.namespace, reader.tree.close()


class _Reader:
    def __init__(self) -> None:
        self.namespace = ""
        self.tree = TreeBuilder()
        self._depth = self._elements = 0
        self.parser: Any = expat.ParserCreate(namespace_separator=SEPARATOR)
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self.tree.data
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse

    @staticmethod
    def _refuse(*_: object) -> int:
        raise BadBankFile("A bank's XML declares no document type and no entities; this one does, and is not read.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST or self._elements > MOST_ELEMENTS:
            raise BadBankFile("The XML is deeper, or has more elements, than any bank's.")
        space, _, local = name.rpartition(SEPARATOR)
        self.namespace = self.namespace or space
        self.tree.start(local, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.tree.end(name.rpartition(SEPARATOR)[2])
