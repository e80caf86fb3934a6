"""What a module is made of: drivers, transcripts, contrasts, structure, pictures and pages."""

from isograph.explanation.model import Explanation, Explanations
from isograph.explanation.options import ExplainOptions
from isograph.explanation.run import explain
from isograph.explanation.source import Profile, Source, open_source
from isograph.explanation.switches import switch_pairs

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
