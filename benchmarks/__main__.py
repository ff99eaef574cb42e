"""``python -m benchmarks send|fanout|serve``: each measurement prints one line of JSON.

The server runs pinned to one core and the driver to another, over real WebSockets.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
from typing import Any

from benchmarks.client import connect
from benchmarks.floor import floor_rows_per_s
from benchmarks.load import Counts, Sender, listen, measure, summary
from benchmarks.server import Server, post, register, running, serve

_SERVER_CPU, _DRIVER_CPU = 0, 1


def _pinned() -> bool:
    """Keep the driver off the server's core, where there is another one."""
    cores = os.sched_getaffinity(0)
    if {_SERVER_CPU, _DRIVER_CPU} <= cores:
        os.sched_setaffinity(0, {_DRIVER_CPU})
        return True
    return False


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _timed(
    server: Server, senders: list[Sender], counts: Counts, options: argparse.Namespace
) -> dict[str, Any]:
    server_before, own_before = server.cpu_s(), _cpu_s()
    took = await measure(senders, counts, warm_up=options.warm_up, seconds=options.seconds)
    spent = options.warm_up + took + 0.5
    return {
        **summary(counts, took),
        "server_cpu": round((server.cpu_s() - server_before) / spent, 2),
        "driver_cpu": round((_cpu_s() - own_before) / spent, 2),
    }


async def _send(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """50 clients in 25 direct conversations, each with a window of sends on their way."""
    people = register(server.port, options.clients)
    counts, senders = Counts(), []
    for (_, token), (other, other_token) in zip(people[::2], people[1::2], strict=True):
        body = {"kind": "direct", "user_id": other}
        conversation = post(server.port, "/conversations", body, token)["id"]
        for one in (token, other_token):
            client = await connect(server.port, one)
            senders.append(Sender(client, conversation, options.window, counts))
    return await _timed(server, senders, counts, options)


async def _fanout(server: Server, options: argparse.Namespace) -> dict[str, Any]:
    """One group of online members, a few of whom send."""
    people = register(server.port, options.members)
    body = {"kind": "group", "title": "Everyone", "member_ids": [id for id, _ in people[1:]]}
    conversation = post(server.port, "/conversations", body, people[0][1])["id"]
    counts, senders = Counts(), []
    for number, (_, token) in enumerate(people):
        client = await connect(server.port, token)
        if number < options.senders:
            senders.append(Sender(client, conversation, options.window, counts))
        else:
            listen(client, counts)
    found = await _timed(server, senders, counts, options)
    return {"deliveries_per_s": found.pop("delivered_per_s"), **found}


def _run(options: argparse.Namespace) -> dict[str, Any]:
    cpu = _SERVER_CPU if _pinned() else None
    measurement = _send if options.command == "send" else _fanout
    with running(options.storage, cpu=cpu) as server:
        found = asyncio.run(measurement(server, options))
    statistics = server.statistics
    found["mean_batch"] = round(statistics.get("mean_batch", 0.0), 1)
    found["server_peak_mb"] = round(statistics.get("peak_mb", 0.0))
    if options.storage == "sqlite":
        found["floor_rows_per_s"] = floor_rows_per_s(round(found["mean_batch"]))
    return {"benchmark": options.command, "storage": options.storage, **found}


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("send", "fanout"):
        one = commands.add_parser(name)
        one.add_argument("--storage", default="sqlite", help="sqlite, or a database URL")
        one.add_argument("--seconds", type=float, default=8.0)
        one.add_argument("--warm-up", type=float, default=2.0)
        one.add_argument("--window", type=int, default=8)
        if name == "send":
            one.add_argument("--clients", type=int, default=50)
        else:
            one.add_argument("--members", type=int, default=200)
            one.add_argument("--senders", type=int, default=5)
    one = commands.add_parser("serve")
    one.add_argument("--storage", required=True, help="a database URL")
    one.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    if options.command == "serve":
        serve(options.storage, options.port)
    else:
        print(json.dumps(_run(options)))


if __name__ == "__main__":
    main()
