"""Reading files of others in a process of its own: with limits on memory and time, and on another core.

What a workbook unpacks to is its maker's choice. A file that asks for too much ends that process, not this one.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import traceback
from collections.abc import Callable, Generator, Iterator
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from registry.formats.table import MalformedTable

P = ParamSpec("P")
T = TypeVar("T")
# The interpreter and its libraries need some 300 MB of addresses; a sheet of 200,000 rows and 22 columns some 600 MB.
_MEMORY = 1_500 << 20
_PROCESSOR_SECONDS = 900
_STDERR = 2


def read_apart(read: Callable[P, Iterator[T]], *arguments: P.args, **named: P.kwargs) -> Generator[T, None, None]:
    """What `read` yields, which must be a function of a module, as must be what it is given and what it yields.

    Raises MalformedTable where `read` does, and where its process comes to an end.
    """
    # Not a copy of this process, which may have threads and connections.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, read, arguments, named), daemon=True)
    process.start()
    sender.close()
    try:
        while True:
            kind, value = receiver.recv()
            if kind == "end":
                return
            if kind == "malformed":
                raise MalformedTable(value)
            if kind == "failed":
                raise RuntimeError(f"reading failed in its own process:\n{value}")
            yield value
    except EOFError as error:
        raise MalformedTable("reading the file takes more memory or time than any table of certificates") from error
    finally:
        receiver.close()
        process.terminate()
        process.join()


def _work(sender: Connection, read: Callable[..., Iterator[Any]], arguments: Any, named: Any) -> None:
    # A library that runs out of memory has much to say.
    os.dup2(os.open(os.devnull, os.O_WRONLY), _STDERR)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_SECONDS, _PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for item in read(*arguments, **named):
            sender.send(("item", item))
        sender.send(("end", None))
    except MalformedTable as error:
        sender.send(("malformed", str(error)))
    except (MemoryError, BrokenPipeError):
        return
    except Exception:
        sender.send(("failed", traceback.format_exc()))
