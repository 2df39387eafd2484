"""How a download goes: bytes so far, stopping it, and the errors that end it."""

import threading


class DownloadError(RuntimeError):
    """A download that failed: str() says what happened, what is kept, and what to do next."""

    def __init__(self, what: str, todo: str, kept: str = ""):
        self.what, self.todo = what, todo
        super().__init__(". ".join(part for part in (what, kept, todo) if part) + ".")


class DownloadStopped(DownloadError):
    """The caller asked for the end of a download."""


class Unreachable(DownloadError):
    """The hub did not answer, or is out of order: another attempt, or another hub, may do."""


class NoSuchFile(DownloadError):
    """The hub has the repository, but not the file or not the revision."""


class Transfer:
    """How far a download is. Counted where the bytes come in, watched and stopped from another thread."""

    def __init__(self):
        self.done = 0
        self.total = 0
        self.stop = threading.Event()

    def check(self) -> None:
        """Raise DownloadStopped once the user has asked to stop."""
        if self.stop.is_set():
            raise DownloadStopped("the download was stopped", "Run again to go on")

    def pause(self, seconds: float) -> None:
        """Wait so many seconds, or until the user asks to stop, which raises DownloadStopped."""
        self.stop.wait(seconds)
        self.check()
