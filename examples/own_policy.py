"""Writing and testing one's own policy: from a rule file with a mistake to one whose tests pass."""

from __future__ import annotations

from caveat import Guard, RuleFileError

WRONG = """caveat 1;
policy "mine" version "1.0.0" { owner "me@hospital.example"; }
extension contrast-reaction = "https://hospital.example/fhir/StructureDefinition/contrast-reaction";
review reaction: contrast-reacton on ImagingStudy.series as boolean
    because "A radiologist looks first";
"""
RIGHT = WRONG.replace("contrast-reacton", "contrast-reaction")


def main() -> None:
    """Show what is said of the mistake, then what the repaired policy decides."""
    try:
        Guard.from_text(WRONG)
    except RuleFileError as error:
        print(error)
    guard = Guard.from_text(RIGHT)
    study = {
        "resourceType": "ImagingStudy",
        "status": "available",
        "subject": {"reference": "Patient/1"},
        "series": [
            {
                "uid": "1.2.3",
                "modality": {"code": "CT"},
                "modifierExtension": [
                    {
                        "url": "https://hospital.example/fhir/StructureDefinition/contrast-reaction",
                        "valueBoolean": True,
                    }
                ],
            }
        ],
    }
    print(guard.check(study))


if __name__ == "__main__":
    main()
