"""Lines of NDJSON as they are met and forged: a modifier planted in many spellings and places, and bad lines of all kinds."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

BUILT_IN = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
CROSS = r"http:\/\/hl7.org\/fhir\/4.0\/StructureDefinition\/extension-MedicationRequest.doNotPerform"
NAMES = ("modifierExtension", "implicitRules", "extension", "SUBSETTED", "fhir+json", "url")
ODD = [
    b"", b" ", b"\r", b"\t \r", b"{", b"[]", b"null", b"{}", b'{"resourceType":"Patient"} x', b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"resourceType":"Nothing"}', b'{"resourceType":"Patient","id":"\xff"}', b'{"resourceType":"Patient","a":1,"a":2}',
    b'\xef\xbb\xbf{"resourceType":"Patient","modifierExtension":[]}', b'["modifierExtension"]', b'{"a":"\\', b"\0", b'{"a":NaN}',
    '{"resourceType":"Patient"}'.encode("utf-16"), b' {"resourceType":"Patient"}', b'{"resourceType":"Patient"}\r',
]  # fmt: skip


def line(dice: random.Random) -> bytes:
    """Return one line: most are resources without a modifier, many have something planted, some are no JSON."""
    chance = dice.random()
    if chance < 0.08:
        return dice.choice(ODD)
    tree = resource(dice)
    if chance < 0.5:
        plant(tree, dice)
    raw = json.dumps(tree, ensure_ascii=dice.random() < 0.5, separators=dice.choice([(",", ":"), (", ", ": ")])).encode()
    if chance < 0.3:
        raw = respelt(raw, dice)
    if chance < 0.1:
        raw = bytes(byte for n, byte in enumerate(raw) if n != dice.randrange(len(raw)) or dice.random() < 0.5)
    return raw.replace(b"\n", b" ")


def resource(dice: random.Random) -> dict[str, Any]:
    """Return a resource without any modifier, whose text may look like one."""
    text = dice.choice(
        ["", "é山田", 'a "b": c', "temperature + complication", "modifierExtension", "back\\slash", "\u2019", "operation"]
    )
    tree: dict[str, Any] = {
        "resourceType": dice.choice(["Patient", "Observation", "Basic", "ImagingStudy"]),
        "id": f"x{dice.random()}",
    }
    tree["text"] = {"status": "generated", "div": f"<div>{text}</div>"}
    if dice.random() < 0.3:
        tree["extension"] = [{"url": "http://example.org/plain", "valueString": text}]
    if dice.random() < 0.2:
        tree["contained"] = [{"resourceType": "Patient", "id": "p", "contact": [{"name": {"family": text or "x"}}]}]
    return tree


def plant(tree: dict[str, Any], dice: random.Random) -> None:
    """Put something into a resource that a strict check finds, somewhere."""
    at = dice.choice([tree, tree["text"], *tree.get("contained", [])])
    kind = dice.randrange(9)
    unknown = [{"url": "http://example.org/unknown", "valueBoolean": True}]
    if kind <= 2:
        at[dice.choice(["modifierExtension", "ModifierExtension", "_modifierExtension", "modifierExten\u017fion"])] = unknown
    elif kind == 3:
        at["modifierExtension"] = dice.choice([[], None, {}, [None], unknown * 3])
    elif kind == 4:
        at["extension"] = [{"url": dice.choice([BUILT_IN, CROSS.replace("\\", "")]), "valueBoolean": True}]
    elif kind == 5:
        at["implicitRules"] = "http://example.org/rules"
    elif kind == 6:
        at["meta"] = {"tag": [{"code": "SUBSETTED"}]}
    elif kind == 7:
        data = base64.b64encode(json.dumps({"resourceType": "Patient", "modifierExtension": unknown}).encode()).decode()
        tree.update(
            {
                "resourceType": "Binary",
                "contentType": dice.choice(["application/fhir+json", "application/JSON+FHIR"]),
                "data": data,
            }
        )
    else:
        tree.update(
            {
                "resourceType": "Parameters",
                "parameter": [{"name": "operation", "part": [{"name": "path", "valueString": "children()"}]}],
            }
        )


def respelt(raw: bytes, dice: random.Random) -> bytes:
    """Return a line with letters of the telling words escaped, slashes too, or a name put twice."""
    word = dice.choice(NAMES).encode()
    at = raw.find(word)
    if at < 0:
        return raw.replace(b"/", rb"\/")
    place = at + dice.randrange(len(word))
    code = f"\\u{raw[place]:04x}" if dice.random() < 0.5 else f"\\u{raw[place]:04X}"
    return raw[:place] + code.encode() + raw[place + 1 :]


def lines(count: int, seed: int) -> list[bytes]:
    """Return so many lines, the same for one seed."""
    dice = random.Random(seed)
    return [line(dice) for _ in range(count)]
