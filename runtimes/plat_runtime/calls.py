"""The calls of a replica: their ids, the concurrency limit, and the timeout of threads.

``asgi`` has the timeout of asynchronous handlers.
"""

import itertools
import os
import re
import threading
import time
from contextvars import ContextVar

WAITERS = 2
STUCK_AFTER = 5.0
_CALL_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_prefix = os.urandom(6).hex()
_numbers = itertools.count(1)


class CallTimeout(BaseException):
    """Raised inside the thread of a call after its timeout.

    Not an Exception, so that a broad ``except Exception`` in user code does not keep it running.
    """


class Call:
    """One call: its id, and in ``partial`` the unfinished line it has written to each stream."""

    __slots__ = ("id", "partial")

    def __init__(self, call_id: str | None) -> None:
        self.id = call_id if call_id and _CALL_ID.fullmatch(call_id) else new_id()
        self.partial: dict[str, str] = {}


current: ContextVar[Call | None] = ContextVar("plat_call", default=None)


def new_id() -> str:
    """Return an id for a call without one."""
    return f"{_prefix}-{next(_numbers)}"


class Watched:
    """Context manager: user code in the current thread that must end before the timeout."""

    __slots__ = ("_limiter", "deadline", "raised", "stuck", "thread")

    def __init__(self, limiter: "CallLimiter") -> None:
        self._limiter = limiter
        self.thread = threading.get_ident()
        self.deadline = 0.0
        self.raised = False
        self.stuck = False

    def __enter__(self) -> None:
        self._limiter.watch(self)

    def __exit__(self, *_: object) -> None:
        self._limiter.unwatch(self)


class CallLimiter:
    """Admits at most ``limit`` concurrent calls and interrupts them after ``timeout`` seconds.

    A call that does not react to the interrupt (it runs C code) no longer counts against the limit.
    Only ``exhausted`` still counts it.
    """

    def __init__(self, limit: int, timeout: float) -> None:
        self.limit = limit
        self.timeout = timeout
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._added = threading.Condition(self._lock)
        self._running = 0
        self._waiting = 0
        self._is_idle = False
        self._watched: dict[Watched, None] = {}
        self._watchdog: threading.Thread | None = None

    def enter(self) -> bool:
        """Acquire a slot, and wait if few others wait; return False if the replica is full."""
        with self._lock:
            if self._running >= self.limit and not self._wait_for_slot():
                return False
            self._running += 1
            return True

    def _wait_for_slot(self) -> bool:
        if self._waiting >= WAITERS:
            return False
        self._waiting += 1
        try:
            return self._freed.wait_for(lambda: self._running < self.limit, self.timeout)
        finally:
            self._waiting -= 1

    def leave(self, watched: Watched) -> None:
        """Release the slot, unless the watchdog already did."""
        with self._lock:
            self._watched.pop(watched, None)
            if not watched.stuck:
                self._release()

    def _release(self) -> None:
        self._running -= 1
        self._freed.notify()

    def watch(self, watched: Watched) -> None:
        """Start the timeout, or restart it for the next part of a stream."""
        with self._lock:
            watched.deadline = time.monotonic() + self.timeout
            self._watched[watched] = None
            if self._watchdog is None:
                self._watchdog = threading.Thread(target=self._guard, daemon=True)
                self._watchdog.start()
            elif self._is_idle:
                self._added.notify()

    def unwatch(self, watched: Watched) -> None:
        """Stop the timeout, and withdraw an interrupt that is still pending."""
        with self._lock:
            self._watched.pop(watched, None)
            if watched.raised:
                _interrupt(watched.thread, None)

    def exhausted(self) -> bool:
        """Return whether so many calls ignore their interrupt that no slot is really free."""
        limit = time.monotonic() - STUCK_AFTER
        with self._lock:
            stuck = sum(watched.deadline < limit for watched in self._watched)
        return stuck >= self.limit

    def _guard(self) -> None:
        """Run in the watchdog thread: sleep until the next deadline, and stop overdue calls."""
        with self._lock:
            while True:
                pause = self._interrupt_overdue()
                self._is_idle = pause is None
                self._added.wait(pause)

    def _interrupt_overdue(self) -> float | None:
        """Interrupt overdue calls; return the seconds until the next deadline, or None."""
        now = time.monotonic()
        for watched in self._watched:
            if watched.raised:
                continue
            # All limits are the same length, so the dict is in the order of the deadlines.
            if watched.deadline > now:
                return watched.deadline - now
            watched.raised = watched.stuck = True
            self._release()
            _interrupt(watched.thread, CallTimeout)
        return None


def _interrupt(thread: int, error: type[BaseException] | None) -> None:
    """Raise ``error`` in another thread at its next bytecode; None withdraws it."""
    import ctypes  # takes 4 ms to import, which only an overdue call needs

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), ctypes.py_object(error) if error else None
    )
