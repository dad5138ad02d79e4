"""From the text of rule files to syntax and diagnostics, and back."""
