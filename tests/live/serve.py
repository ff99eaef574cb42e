"""The process under test: the demo's application and its server, with the limits that a test wants.

python -m tests.live.serve FOLDER PORT '{"sends": 1000}'
"""

import json
import sys
from pathlib import Path

from chatcore.cli import demo
from chatcore.cli.server import serve
from chatcore.config import Limits

AMPLE = {"registrations_an_hour_an_address": 100_000}
"""All of a module's people come from one address."""


def main(folder: str, port: str, limits: str) -> int:
    """Serve on loopback until a signal comes."""
    example = demo.load(demo.folder())
    files = Path(folder, "files")
    app = example.create_app(
        f"sqlite:///{folder}/chat.db", str(files), limits=Limits(**(AMPLE | json.loads(limits)))
    )
    return serve(app, "127.0.0.1", int(port))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
