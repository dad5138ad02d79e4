"""Rule 1: the few FHIR types that the reference knows, written by hand; `TYPES[type][field]` is (type, minimum, repeats)."""

from __future__ import annotations

Field = tuple[str, int, bool]

STRINGS = {
    "base64Binary", "canonical", "code", "date", "dateTime", "id", "instant", "markdown", "oid", "string", "time", "uri", "url",
    "uuid", "xhtml",
}  # fmt: skip
NUMBERS = {"decimal", "integer", "positiveInt", "unsignedInt"}
PRIMITIVES = {"boolean", *STRINGS, *NUMBERS}

# `name:type` is 0..1, `*` repeats, `+` repeats and at least one must be there, `!` is 1..1; `^` is the type of the holder.
_WRITTEN = {
    "Element": "id:string extension:Extension*",
    "Resource": "id:string meta:Meta implicitRules:uri language:code",
    "DomainResource": "text:Narrative contained:Resource* extension:Extension*",
    "Meta": "versionId:id lastUpdated:instant source:uri profile:canonical* security:Coding* tag:Coding*",
    "Narrative": "status:code! div:xhtml!",
    "Coding": "system:uri version:string code:code display:string userSelected:boolean",
    "CodeableConcept": "coding:Coding* text:string",
    "Quantity": "value:decimal comparator:code unit:string system:uri code:code",
    "Period": "start:dateTime end:dateTime",
    "Reference": "reference:string type:uri identifier:Identifier display:string",
    "Identifier": "use:code type:CodeableConcept system:uri value:string period:Period",
    "HumanName": "use:code text:string family:string given:string* prefix:string* period:Period",
    "Attachment": "contentType:code language:code data:base64Binary url:url title:string",
    "Timing": "event:dateTime* repeat:Timing.repeat code:CodeableConcept",
    "Timing.repeat": "count:positiveInt frequency:positiveInt period:decimal periodUnit:code",
    "Dosage": "sequence:integer text:string timing:Timing route:CodeableConcept doseAndRate:Dosage.doseAndRate*",
    "Dosage.doseAndRate": "type:CodeableConcept",
    "Extension": "url:uri! value[x]:choice",
    "ImagingStudy": "identifier:Identifier* status:code! subject:Reference! started:dateTime numberOfSeries:unsignedInt "
    "numberOfInstances:unsignedInt description:string series:ImagingStudy.series*",
    "ImagingStudy.series": "uid:id! number:unsignedInt description:string numberOfInstances:unsignedInt started:dateTime "
    "performer:ImagingStudy.series.performer* instance:ImagingStudy.series.instance*",
    "ImagingStudy.series.performer": "function:CodeableConcept actor:Reference!",
    "ImagingStudy.series.instance": "uid:id! sopClass:Coding! number:unsignedInt title:string",
    "Patient": "identifier:Identifier* active:boolean name:HumanName* gender:code birthDate:date contact:Patient.contact* "
    "communication:Patient.communication* link:Patient.link* photo:Attachment*",
    "Patient.contact": "relationship:CodeableConcept* name:HumanName gender:code period:Period",
    "Patient.communication": "language:CodeableConcept! preferred:boolean",
    "Patient.link": "other:Reference! type:code!",
    "MedicationRequest": "status:code! intent:code! subject:Reference! dosageInstruction:Dosage* "
    "dispenseRequest:MedicationRequest.dispenseRequest",
    "MedicationRequest.dispenseRequest": "initialFill:MedicationRequest.dispenseRequest.initialFill quantity:Quantity",
    "MedicationRequest.dispenseRequest.initialFill": "quantity:Quantity",
    "Questionnaire": "status:code! title:string item:Questionnaire.item*",
    "Questionnaire.item": "linkId:string! text:string type:code! item:^*",
    "OperationOutcome": "issue:OperationOutcome.issue+",
    "OperationOutcome.issue": "severity:code! code:code! diagnostics:string",
    "Basic": "code:CodeableConcept! subject:Reference created:date",
    "Observation": "status:code! code:CodeableConcept! value[x]:choice referenceRange:Observation.referenceRange* "
    "component:Observation.component*",
    "Observation.referenceRange": "low:Quantity high:Quantity text:string",
    "Observation.component": "code:CodeableConcept! value[x]:choice referenceRange:Observation.referenceRange*",
    "Bundle": "type:code! total:unsignedInt link:Bundle.link* entry:Bundle.entry* signature:Signature",
    "Bundle.link": "relation:string! url:uri!",
    "Bundle.entry": "link:Bundle.link* fullUrl:uri resource:Resource search:Bundle.entry.search request:Bundle.entry.request "
    "response:Bundle.entry.response",
    "Bundle.entry.search": "mode:code score:decimal",
    "Bundle.entry.request": "method:code! url:uri!",
    "Bundle.entry.response": "status:string! location:uri outcome:Resource",
    "Parameters": "parameter:Parameters.parameter*",
    "Parameters.parameter": "name:string! value[x]:choice resource:Resource part:^*",
    "Binary": "contentType:code! securityContext:Reference data:base64Binary",
    "Signature": "type:Coding+ when:instant! who:Reference! data:base64Binary",
}
NO_DOMAIN_RESOURCE = {"Binary", "Bundle", "Parameters"}
RESOURCES = {
    "ImagingStudy", "Patient", "MedicationRequest", "Questionnaire", "OperationOutcome", "Basic", "Observation", "Bundle",
    "Parameters", "Binary",
}  # fmt: skip
DATA_TYPES = {name for name in _WRITTEN if name not in RESOURCES and name.split(".")[0] not in RESOURCES} - {"Resource"}
# Timing.repeat and Dosage.doseAndRate are plain elements, the parts of resources backbone elements (MX-04, MX-06, MX-09).
CARRIERS = {name for name in _WRITTEN if name.split(".")[0] in RESOURCES} - NO_DOMAIN_RESOURCE | {"Timing", "Dosage"}
VALUE_TYPES = PRIMITIVES - {"xhtml"} | {
    "Coding", "CodeableConcept", "Quantity", "Period", "Reference", "Identifier", "HumanName", "Timing", "Dosage", "Meta",
    "Signature", "Attachment",
}  # fmt: skip


def _fields(name: str) -> dict[str, Field]:
    above = "Element" if name not in RESOURCES else "Resource"
    words = f"{_WRITTEN[name]} {_WRITTEN[above]}"
    if name in RESOURCES - NO_DOMAIN_RESOURCE:
        words += " " + _WRITTEN["DomainResource"]
    fields = {}
    for field, kind in (word.rsplit(":", 1) for word in words.split()):
        fields[field] = (kind.rstrip("*+!").replace("^", name), int(kind[-1] in "+!"), kind[-1] in "*+")
    return fields


TYPES: dict[str, dict[str, Field]] = {name: _fields(name) for name in _WRITTEN if name not in {"Resource", "DomainResource"}}
"""The fields of each type."""

RECURSIVE = {("Questionnaire.item", "item"), ("Parameters.parameter", "part")}
"""Fields whose content refers to the element that holds them: `Questionnaire.item.item`."""


def choice(fields: dict[str, Field], key: str) -> tuple[str, str] | None:
    """Return the element name and type that the JSON name of a choice means: `valueTiming` is (`value[x]`, `Timing`)."""
    if "value[x]" in fields and key.startswith("value"):
        return next((("value[x]", name) for name in VALUE_TYPES if name[0].upper() + name[1:] == key[5:]), None)
    return None
