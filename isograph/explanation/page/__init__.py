"""Explanations as self-contained HTML: one page a module, and an index of all."""

from isograph.explanation.page.fit_pictures import index_pictures
from isograph.explanation.page.index_page import index_page
from isograph.explanation.page.model import Picture
from isograph.explanation.page.module_page import module_page

__all__ = ["Picture", "index_page", "index_pictures", "module_page"]
