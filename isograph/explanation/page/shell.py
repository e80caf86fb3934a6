"""What all pages share: templates, style, script and the policy that lets nothing else run."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from isograph.explanation.page.model import Picture
from isograph.plots.style import BLUE, DPI, RED, ROLE_COLOURS

_TEMPLATES = Path(__file__).parent / "templates"
_CSS_PIXELS = 96  # an inch


@dataclass(frozen=True)
class Shown:
    """A picture as the template has it.

    Attributes:
        anchor: id of its element.
        title, caption: plain text.
        data: base64.
        width, height: pixels of the page.
    """

    anchor: str
    title: str
    caption: str
    data: str
    width: int
    height: int


def shown_pictures(pictures: Mapping[str, Picture]) -> tuple[Shown, ...]:
    """Pictures at the size they were drawn for, in the order given."""
    shown = []
    for number, picture in enumerate(pictures.values(), start=1):
        width, height = (round(n / DPI * _CSS_PIXELS) for n in picture.size)
        data = b64encode(picture.png).decode("ascii")
        shown.append(
            Shown(f"picture-{number}", picture.title, picture.caption, data, width, height)
        )
    return tuple(shown)


def render(template: str, *, pictures: tuple[Shown, ...], **context: Any) -> str:
    """A page as text.

    Only its own style and script can run, allowed by their hash (Content Security Policy level 3),
    and nothing can be loaded: what a name in the data holds stays text even if it were not escaped.

    Args:
        template: file name.
        pictures: what the page shows.
        context: what the template asks for; a name it lacks is an error.
    """
    style = _colours() + _text("page.css") + _picture_widths(pictures)
    script = _text("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template(template)
        .render(
            pictures=pictures,
            style=Markup(style),
            script=Markup(script),
            policy=policy,
            **context,
        )
    )


@lru_cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@lru_cache
def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _colours() -> str:
    roles = "".join(
        f".role-{role}{{fill:{colour};background:{colour}}}\n"
        for role, colour in ROLE_COLOURS.items()
    )
    return f":root{{--up:{RED};--down:{BLUE}}}\n{roles}"


def _picture_widths(pictures: tuple[Shown, ...]) -> str:
    """The policy allows no style attribute."""
    return "".join(f"#{shown.anchor}{{width:{shown.width}px}}\n" for shown in pictures)
