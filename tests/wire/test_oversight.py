"""Over HTTP: what operators ask for, and how an account is ended and taken along."""

import io
import zipfile
from pathlib import Path

import pytest

from chatcore.config import Settings
from tests.wire.test_http_starlette import PASSWORD, make_app, sign_up

pytestmark = pytest.mark.anyio


async def test_a_named_operator_works_through_the_queue(tmp_path: Path) -> None:
    """With an ordinary session; everybody else is refused."""
    first = make_app(tmp_path)
    async with first.router.lifespan_context(first):
        ann, ben = await sign_up(first, "ann"), await sign_up(first, "ben")
        made = await ann("POST", "/v1/reports", json={"user_id": ben.id, "reason": "spam"})
        again = await ann("POST", "/v1/reports", json={"user_id": ben.id, "reason": "spam"})
        assert (made.status_code, again.status_code) == (201, 200)
        for path in ("/v1/reports", "/v1/audit", "/v1/stats"):
            assert (await ann("GET", path)).status_code == 403
    second = make_app(tmp_path, settings=Settings(operators=frozenset({ann.id})))
    async with second.router.lifespan_context(second):
        ann.app = ben.app = second
        queue = (await ann("GET", "/v1/reports?state=open")).json()["items"]
        resolve = f"/v1/reports/{queue[0]['id']}/resolve"
        assert (await ben("POST", resolve, json={"action": "banned"})).status_code == 403
        done = await ann("POST", resolve, json={"action": "banned", "note": "spam"})
        assert done.json()["state"] == "banned"
        (act,) = (await ann("GET", "/v1/audit?method=reports.resolve")).json()["items"]
        assert (act["actor_id"], act["operator"]) == (ann.id, True)
        assert (await ann("GET", "/v1/stats")).json()["connections"] == 0
        gone = await ann("DELETE", "/v1/account", json={"user_id": ben.id, "depth": "erase"})
        assert gone.json()["touched"]["sessions"] == 1
        assert (await ben("GET", "/v1/me")).status_code == 401
        ben.headers.clear()
        assert (await ben("GET", "/v1/stats")).status_code == 401


async def test_one_takes_ones_data_and_goes(tmp_path: Path) -> None:
    """The password stands in the body, never in the URL."""
    app = make_app(tmp_path)
    async with app.router.lifespan_context(app):
        ann = await sign_up(app, "ann")
        made = (await ann("POST", "/v1/account/export", json={"password": PASSWORD})).json()
        content = (await ann("GET", f"/v1/uploads/{made['upload_id']}")).content
        assert zipfile.ZipFile(io.BytesIO(content)).namelist() == ["export.jsonl"]
        asked = await ann("DELETE", f"/v1/account?password={PASSWORD}")
        assert asked.status_code == 422
        wrong = await ann("DELETE", "/v1/account", json={"password": "wrong horse"})
        assert wrong.status_code == 403
        gone = await ann("DELETE", "/v1/account", json={"password": PASSWORD})
        assert gone.json()["depth"] == "anonymise"
        assert "Max-Age=0" in gone.headers["set-cookie"]
        assert (await ann("GET", "/v1/me")).status_code == 401
