"""Measurements of the figures that docs/architecture.md section 7 promises; not shipped in the wheel."""
