"""SOAP 1.1, document/literal, just as far as the court's old system goes."""

from lxml import etree
from lxml.etree import _Element as Element

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "urn:sandbox:fayuan:ajjh"


class SoapFault(Exception):
    """A call that can't be understood. `code` is `Client` or `Server`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def read_call(body: bytes) -> tuple[str, str]:
    """The operation and its one string. Raises SoapFault."""
    try:
        envelope = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as problem:
        raise SoapFault("Client", f"not XML: {problem}") from None
    content = envelope.find(f"{{{ENVELOPE}}}Body")
    if envelope.tag != f"{{{ENVELOPE}}}Envelope" or content is None or len(content) != 1:
        raise SoapFault("Client", "not a SOAP 1.1 envelope with one body element")
    name = etree.QName(content[0])
    argument = content[0].find("xml")
    if name.namespace != SERVICE or argument is None:
        raise SoapFault("Client", f"operation {name.text!r}: must be of {SERVICE} with one element xml")
    return name.localname, argument.text or ""


def write_result(operation: str, text: str) -> bytes:
    """The response envelope with the document as one string."""
    envelope, body = _envelope()
    response = etree.SubElement(body, f"{{{SERVICE}}}{operation}Response")
    etree.SubElement(response, "return").text = text
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def write_fault(fault: SoapFault) -> bytes:
    """The fault envelope; SOAP 1.1 sends it with HTTP 500."""
    envelope, body = _envelope()
    element = etree.SubElement(body, f"{{{ENVELOPE}}}Fault")
    etree.SubElement(element, "faultcode").text = f"soapenv:{fault.code}"
    etree.SubElement(element, "faultstring").text = fault.text
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _envelope() -> tuple[Element, Element]:
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soapenv": ENVELOPE})
    return envelope, etree.SubElement(envelope, f"{{{ENVELOPE}}}Body")
