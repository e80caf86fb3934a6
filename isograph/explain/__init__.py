"""What a module is made of: drivers, transcripts, contrasts, structure, pictures and pages."""

from isograph.explain.model import Explanation, Explanations
from isograph.explain.run import ExplainOptions, explain
from isograph.explain.source import Profile, Source, open_source
from isograph.explain.switches import switch_pairs

__all__ = [
    "ExplainOptions",
    "Explanation",
    "Explanations",
    "Profile",
    "Source",
    "explain",
    "open_source",
    "switch_pairs",
]
