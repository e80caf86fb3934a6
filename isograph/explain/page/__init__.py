"""Explanations as self-contained HTML: one page a module, and an index of all."""

from isograph.explain.page.fit_pictures import index_pictures
from isograph.explain.page.index_page import index_page
from isograph.explain.page.model import Picture
from isograph.explain.page.module_page import module_page

__all__ = ["Picture", "index_page", "index_pictures", "module_page"]
