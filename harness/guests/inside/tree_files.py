"""Runs inside the guest: which files of the tree the arguments of audit events name.

Paths are those of the tree, `/Lib/os.py`; that of a listed directory ends with a slash.
"""

import os
import sys

TEXT = " as text"
"""comes after the path of a source whose text was read"""


def is_import(frame):
    """Whether this is importlib's frame that reads a source or its byte code in order to have its code, or writes that."""
    code = frame.f_code
    if code.co_filename != "<frozen importlib._bootstrap_external>":
        return False
    return code.co_name == "_write_atomic" or (code.co_name, frame.f_back.f_code.co_name) == ("get_data", "get_code")


class TreeFiles:
    def __init__(self, tree, work):
        """`tree` is what comes before the tree's paths in this guest, `work` where the guest's own files are."""
        self.tree = tree
        self.work = work + "/"

    def path(self, path):
        """The path in the tree; None for a file that lies elsewhere, and for what is no path."""
        if path is None or isinstance(path, int) or self.is_own(path):
            return None
        try:
            path = os.fsdecode(path)
        except TypeError:  # it cannot be opened
            return None
        if not path.startswith("/"):
            path = f"{os.getcwd()}/{path}"
        if "/." in path or "//" in path:
            path = os.path.normpath(path)
        if not path.startswith(self.tree + "/") or path.startswith(self.work):
            return None
        path = path[len(self.tree) :].rstrip("/")
        directory, cached, name = path.rpartition("/__pycache__/")
        if cached:  # its source counts
            path = f"{directory}/{name.rsplit('.', 2)[0]}.py"
        return path

    def opened(self, path):
        """What counts when a file is opened: nothing, its path, or that and its text. Asked by a method of a hook."""
        path = self.path(path)
        if path is None:
            return ()
        # sys._getframe raises an audit event itself, so it is asked last.
        if path.endswith(".py") and not is_import(sys._getframe(3)):
            return path, path + TEXT
        return (path,)

    def listed(self, path):
        """What counts when a directory is listed. Asked by a method of a hook."""
        path = path or "."
        # importlib lists directories to know where to look. Which names matter, the host finds in the sources.
        # sys._getframe raises an audit event itself, so it is asked last.
        if self.is_own(path) or sys._getframe(3).f_code.co_filename.startswith("<frozen importlib"):
            return ()
        path = self.path(path)
        return () if path is None else (path + "/",)

    def is_own(self, path):
        """Whether a path is clearly one of the guest's own files, of which tests make and list many."""
        return path.__class__ is str and path.startswith(self.work) and "/." not in path
