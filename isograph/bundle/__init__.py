"""What a data set is: load, save and validate bundle folders."""

from isograph.bundle.load import load_bundle, validate_bundle
from isograph.bundle.model import Bundle
from isograph.bundle.save import save_bundle

__all__ = ["Bundle", "load_bundle", "save_bundle", "validate_bundle"]
