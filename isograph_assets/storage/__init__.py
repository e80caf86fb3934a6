"""Results in a bucket: versions of folders, and the copy of them on this machine."""

from isograph_assets.storage.buckets import is_address
from isograph_assets.storage.stores import Store

__all__ = ["Store", "is_address"]
