"""Opening whatever an address such as `s3://bucket/prefix` names, and its errors as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from isograph.errors import IsographError, OutputError, Problem

_AT_ONCE = 4  # files on their way, large ones in several parts that are held in memory
_NOT_PLAIN = re.compile(r"//[^/@]*:[^/@]*@|[?#]|^[^:]*::")
_NAMED_BY = "ISOGRAPH_ARTIFACTS"
_ENVIRONMENT = "give keys and endpoint in the environment (AWS_…), and see that the bucket is there"


class Damaged(Exception):
    """Files are not what was written; its arguments name them."""


def is_address(text: str) -> bool:
    """Whether results lie in a store (`s3://…`) rather than in a folder."""
    return "://" in text


def open_bucket(url: str) -> tuple[Any, str]:
    """The fsspec file system of an address, and the path in it. No server is asked yet.

    Raises:
        OutputError: the address is of no kind that fsspec knows, of one whose package is not
            installed, or holds a password.
    """
    protocol = url.partition("://")[0]
    if _NOT_PLAIN.search(url):
        problem = Problem(
            _NAMED_BY, "an address holds no password, no ::, ? or #", fix=_ENVIRONMENT
        )
        raise OutputError(f"the {protocol}:// address cannot be used", [problem])
    try:
        # not at the top: nobody who writes to a folder needs it
        import fsspec

        # other writers' objects must show, so that no listing is remembered
        fs, base = fsspec.url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        what = f"{protocol}:// needs a package that is not installed ({error})"
        fix = "pip install 'isograph-assets[s3]'" if protocol == "s3" else "install it"
        raise OutputError(f"{url} cannot be used", [Problem(_NAMED_BY, what, fix=fix)]) from error
    except ValueError as error:
        fix = "name a folder, or an address such as s3://bucket/prefix"
        problem = Problem(_NAMED_BY, f"{protocol}:// is not known", fix=fix)
        raise OutputError(f"{url} cannot be used", [problem]) from error
    return fs, base.rstrip("/")


def few_at_once(fs: Any) -> dict[str, int]:
    """Options for `put` and `get` of many files, so that they take little memory."""
    return {"batch_size": _AT_ONCE} if fs.async_impl else {}


@contextmanager
def told(url: str, doing: str) -> Iterator[None]:
    """Errors of any file system as one of ours; that a file to read is not there stays as it is.

    Args:
        url: what is asked.
        doing: "read" or "written".
    """
    try:
        yield
    except (IsographError, Damaged):
        raise
    # each kind of store has errors of its own, some of them derived from nothing else
    except Exception as error:
        missing = isinstance(error, FileNotFoundError)
        if missing and doing == "read" and not no_bucket(error):
            raise
        first = str(error).partition("\n")[0]
        problem = Problem(url, f"{type(error).__name__}: {first}", fix=_ENVIRONMENT)
        raise OutputError(f"{url} cannot be {doing}", [problem]) from error


def no_bucket(error: BaseException) -> bool:
    """Whether something is missing because its bucket is."""
    answer = getattr(error.__cause__, "response", None)
    return isinstance(answer, dict) and answer.get("Error", {}).get("Code") == "NoSuchBucket"
