"""Closed-loop senders and counting receivers, for ``send`` and ``fanout``."""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import time
from collections.abc import Sequence
from typing import Any

from attrs import define, field

from benchmarks.client import Client

_SENT = b'"method":"message.sent"'
_ACK = re.compile(rb'"id":(\d+),"result"')
BODY = "x" * 200


@define
class Counts:
    """What was seen while measuring."""

    acked: int = 0
    delivered: int = 0
    errors: int = 0
    latencies: list[float] = field(factory=list)
    measuring: bool = False


@define(eq=False)
class Sender:
    """Keeps ``window`` sends on their way, and counts what it hears of others."""

    client: Client
    conversation: str
    window: int
    counts: Counts
    _number: int = 0
    _since: dict[int, float] = field(factory=dict)
    _stopped: bool = False

    def start(self) -> None:
        self.client.on_lines = self._heard
        self._send(self.window)

    def stop(self) -> None:
        self._stopped = True

    def _send(self, count: int) -> None:
        now = time.perf_counter()
        lines = []
        for _ in range(count):
            self._number += 1
            self._since[self._number] = now
            # Keys as the clients make them: time first, then chance.
            key = f"{time.time_ns() // 1_000_000:012x}{os.urandom(5).hex()}"
            lines.append(
                f'{{"jsonrpc":"2.0","id":{self._number},"method":"messages.send","params":'
                f'{{"conversation_id":"{self.conversation}","key":"{key}","body":"{BODY}"}}}}'
            )
        self.client.send("\n".join(lines).encode())

    def _heard(self, payload: bytes) -> None:
        counts = self.counts
        acks = _ACK.findall(payload)
        if counts.measuring:
            counts.delivered += payload.count(_SENT)
            counts.errors += payload.count(b'"error"')
            counts.acked += len(acks)
            now = time.perf_counter()
            counts.latencies.extend(now - self._since[int(number)] for number in acks)
        for number in acks:
            del self._since[int(number)]
        if acks and not self._stopped:
            self._send(len(acks))


def listen(client: Client, counts: Counts) -> None:
    """Count what a client hears that sends nothing."""

    def heard(payload: bytes) -> None:
        if counts.measuring:
            counts.delivered += payload.count(_SENT)

    client.on_lines = heard


async def measure(
    senders: Sequence[Sender], counts: Counts, *, warm_up: float, seconds: float
) -> float:
    """Run the senders; the seconds that were measured."""
    for sender in senders:
        sender.start()
    await asyncio.sleep(warm_up)
    counts.measuring, began = True, time.perf_counter()
    await asyncio.sleep(seconds)
    counts.measuring, took = False, time.perf_counter() - began
    for sender in senders:
        sender.stop()
    await asyncio.sleep(0.5)
    return took


def summary(counts: Counts, took: float) -> dict[str, Any]:
    """Rates and latencies."""
    quantiles = statistics.quantiles(counts.latencies, n=100) if counts.latencies else [0.0] * 99
    return {
        "acked_per_s": round(counts.acked / took),
        "delivered_per_s": round(counts.delivered / took),
        "ack_p50_ms": round(quantiles[49] * 1_000, 2),
        "ack_p99_ms": round(quantiles[98] * 1_000, 2),
        "errors": counts.errors,
    }
