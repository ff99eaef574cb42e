"""Files over HTTP: multipart and raw bodies in, whole files and ranges out."""

import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import pytest

from chatcore.config import Limits
from chatcore.errors import NotFound
from chatcore.wire.uploads import content_disposition
from tests.wire.http_fakes import PNG, Client, FakeEngine, attachment, content, header, loads

pytestmark = pytest.mark.anyio

FORM = {"content-type": "multipart/form-data; boundary=frontier"}
FILE = 'Content-Disposition: form-data; name="file"; filename="cat.png"\r\n'
END = "--frontier--\r\n"


def part(headers: str, body: str = "data") -> str:
    """One part with its delimiter before it."""
    return f"--frontier\r\n{headers}\r\n{body}\r\n"


def field(size: int = 1, name: str = "note") -> str:
    """A form field of that size."""
    return part(f'Content-Disposition: form-data; name="{name}"\r\n', "x" * size)


def pieces(body: str, size: int) -> Iterable[bytes]:
    """The body in chunks of that size."""
    encoded = body.encode()
    return [encoded[at : at + size] for at in range(0, len(encoded), size)]


@pytest.mark.parametrize(
    ("body", "name", "kept"),
    [
        (part(FILE) + END, "cat.png", b"data"),
        (part(FILE, "") + END, "cat.png", b""),
        (part(FILE, "a\r\nb\r\n--frontie\r\n--x") + END, "cat.png", b"a\r\nb\r\n--frontie\r\n--x"),
        (field() + part(FILE) + field() + END, "cat.png", b"data"),
        (part(FILE + "Content-Type: text/html\r\n") + END, "cat.png", b"data"),
        (part(FILE.replace("cat", "кот 🐈")) + END, "кот 🐈.png", b"data"),
        (part(FILE.replace("cat.png", "../../etc/passwd")) + END, "../../etc/passwd", b"data"),
        (part(FILE.lower().replace("cat", "Cat")) + END, "Cat.png", b"data"),
        (part(FILE) + END + "epilogue", "cat.png", b"data"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_form_holds_one_file(body: str, name: str, kept: bytes, size: int) -> None:
    """Fed whole, in pieces or byte by byte, the file comes out as it was, whatever is beside it."""
    client = Client()
    response = await client("POST", "/v1/uploads", body=pieces(body, size), headers=FORM)
    assert (response.status, loads(response)["upload_id"]) == (201, "u1")
    assert client.engine.uploaded == [(name, kept, None)]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("", "The body holds no file"),
        (END, "The body holds no file"),
        (field() + END, "The body holds no file"),
        ("no form at all", "Malformed multipart body"),
        ("--other\r\n" + FILE + "\r\ndata\r\n--other--", "Malformed multipart body"),
        ("--frontier\r\nbad header\r\n\r\n", "Malformed multipart body"),
        (part(FILE), "The body ends early"),
        (part(FILE) + "--frontier", "The body ends early"),
        (part(FILE) + field()[:-3], "The body ends early"),
        (part(FILE) + part(FILE) + END, "One file a request"),
        (part("Content-Type: image/png\r\n") + END, "A part has no Content-Disposition"),
        (part('Content-Disposition: attachment; name="a"\r\n') + END, "A part has no Content-"),
        (part("Content-Disposition: form-data\r\n") + END, "A part has no Content-Disposition"),
        (part(FILE) + part("") + END, "A part has no Content-Disposition"),
    ],
)
@pytest.mark.parametrize("size", [1, 10_000])
async def test_a_form_out_of_order_keeps_nothing(body: str, detail: str, size: int) -> None:
    """Whatever is wrong, and wherever it stands, no file remains."""
    client = Client()
    response = await client("POST", "/v1/uploads", body=pieces(body, size), headers=FORM)
    assert (response.status, client.engine.uploaded) == (422, [])
    assert loads(response)["detail"].startswith(detail)


async def test_a_file_name_is_utf8() -> None:
    """Bytes that aren't are refused."""
    client = Client()
    body = (part(FILE) + END).encode().replace(b"cat", b"\xff")
    response = await client("POST", "/v1/uploads", body=body, headers=FORM)
    assert loads(response)["errors"] == [{"path": "name", "message": "not UTF-8"}]


@pytest.mark.parametrize(
    ("boundary", "status"),
    [
        ("", 422),
        ("; boundary=", 422),
        ("; boundary=" + "x" * 70, 201),
        ("; boundary=" + "x" * 71, 422),
    ],
)
async def test_a_form_needs_a_boundary(boundary: str, status: int) -> None:
    """And one of a length that the standard allows."""
    headers = {"content-type": f"multipart/form-data{boundary}"}
    body = (part(FILE) + END).replace("frontier", boundary.removeprefix("; boundary="))
    response = await Client()("POST", "/v1/uploads", body=body.encode(), headers=headers)
    assert response.status == status


@pytest.mark.parametrize(
    ("fields", "size", "status"), [(2, 10, 201), (3, 10, 422), (1, 11, 422), (0, 0, 201)]
)
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
async def test_what_is_beside_the_file_is_bounded(
    fields: int, size: int, status: int, first: bool
) -> None:
    """Parts and the size of fields are taken up to their limits and not one past them."""
    overhead = len("Content-Disposition") + len('form-data; name="note"')
    limits = Limits(multipart_parts=3, multipart_field_bytes=overhead + 10)
    client = Client(FakeEngine(limits=limits))
    beside = field(size) * fields
    file = part('Content-Disposition:form-data;name="f";filename="f"\r\n', "x" * 1_000)
    body = (beside + file if first else file + beside) + END
    response = await client("POST", "/v1/uploads", body=pieces(body, 16), headers=FORM)
    assert (response.status, len(client.engine.uploaded)) == (status, int(status == 201))


async def test_a_form_takes_no_parameters() -> None:
    """The name stands in the form."""
    body = (part(FILE) + END).encode()
    response = await Client()("POST", "/v1/uploads?name=x", body=body, headers=FORM)
    assert response.status == 422


async def test_without_the_parser_forms_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client learns nothing of it; raw bodies still work."""
    monkeypatch.setitem(sys.modules, "python_multipart", None)
    client = Client()
    response = await client("POST", "/v1/uploads", body=part(FILE).encode(), headers=FORM)
    assert (response.status, loads(response)["detail"]) == (500, "Internal error")
    assert (await client("POST", "/v1/uploads?name=a", body=b"x")).status == 201


@pytest.mark.parametrize(
    ("query", "disposition", "name"),
    [
        ("?name=cat.png", None, "cat.png"),
        ("?name=%D0%BA%D0%BE%D1%82", 'attachment; filename="other"', "кот"),
        ("", 'attachment; filename="cat.png"', "cat.png"),
        ("", "attachment; filename=cat.png", "cat.png"),
        ("", "attachment; filename=\"x\"; filename*=UTF-8''%D0%BA%D0%BE%D1%82", "кот"),
        ("", "attachment", None),
        ("", None, None),
        ("?name=a&name=b", None, None),
        ("?nmae=a", None, None),
        ("?name=%ff", None, None),
    ],
)
async def test_a_raw_body_is_named(query: str, disposition: str | None, name: str | None) -> None:
    """By the query, or as a download is named; without a name it is refused."""
    client = Client()
    headers = {"content-type": "application/json", "content-length": "5"}
    if disposition is not None:
        headers["content-disposition"] = disposition
    response = await client("POST", f"/v1/uploads{query}", body=b"bytes", headers=headers)
    if name is None:
        assert (response.status, client.engine.uploaded) == (422, [])
    else:
        assert (response.status, client.engine.uploaded) == (201, [(name, b"bytes", 5)])


async def test_too_large_a_file() -> None:
    """The engine's refusal is a problem like any other."""
    client = Client(FakeEngine(limits=Limits(upload_bytes=3)))
    assert (await client("POST", "/v1/uploads?name=a", body=b"abc")).status == 201
    response = await client("POST", "/v1/uploads?name=a", body=b"abcd")
    assert (response.status, loads(response)["code"]) == (413, "too_large")


async def test_strangers_upload_nothing() -> None:
    """They are refused before a byte is read."""
    client = Client(headers={})

    def unread() -> Iterable[bytes]:
        raise AssertionError("read")
        yield b""

    response = await client("POST", "/v1/uploads?name=a", body=unread())
    assert (response.status, loads(response)["code"]) == (401, "unauthenticated")


async def test_uploads_are_counted() -> None:
    """As requests like all others."""
    client = Client(FakeEngine(limits=Limits(requests_burst=1)))
    statuses = [(await client("POST", "/v1/uploads?name=a", body=b"x")).status for _ in "ab"]
    assert statuses == [201, 429]


@pytest.mark.parametrize(
    ("asked", "status", "expected", "where"),
    [
        (None, 200, PNG, None),
        ("bytes=0-9", 206, PNG[:10], "bytes 0-9/100"),
        ("bytes=10-10", 206, PNG[10:11], "bytes 10-10/100"),
        ("bytes=90-", 206, PNG[90:], "bytes 90-99/100"),
        ("bytes=90-1000", 206, PNG[90:], "bytes 90-99/100"),
        ("bytes=-10", 206, PNG[-10:], "bytes 90-99/100"),
        ("bytes=-1000", 206, PNG, "bytes 0-99/100"),
        ("bytes= 0 - 9", 206, PNG[:10], "bytes 0-9/100"),
        ("bytes=100-", 416, None, "bytes */100"),
        ("bytes=-0", 416, None, "bytes */100"),
        ("bytes=9-8", 416, None, "bytes */100"),
        ("bytes=0-1,5-6", 200, PNG, None),
        ("bytes=-", 200, PNG, None),
        ("bytes=a-b", 200, PNG, None),
        ("lines=0-1", 200, PNG, None),
        (f"bytes={'9' * 5000}-", 200, PNG, None),
    ],
)
async def test_ranges(asked: str | None, status: int, expected: bytes | None, where: str) -> None:
    """One range is served as it was asked for; what is none of ours is ignored."""
    headers = {} if asked is None else {"range": asked}
    response = await Client()("GET", "/v1/uploads/u1", headers=headers)
    assert (response.status, header(response, "content-range")) == (status, where)
    body = await content(response)
    assert header(response, "content-length") == str(len(body))
    if expected is None:
        assert loads(response)["status"] == 416
    else:
        assert body == expected
        assert header(response, "accept-ranges") == "bytes"


@pytest.mark.parametrize(("tag", "status"), [('"ab12"', 206), ('"old"', 200), ('W/"ab12"', 200)])
async def test_a_range_of_the_same_file_only(tag: str, status: int) -> None:
    """If-Range with another tag gives the whole of what there is now."""
    headers = {"range": "bytes=0-9", "if-range": tag}
    assert (await Client()("GET", "/v1/uploads/u1", headers=headers)).status == status


@pytest.mark.parametrize("path", ["/v1/uploads/u1", "/v1/uploads/u1/thumbnail"])
async def test_what_the_reader_has_is_not_sent_again(path: str) -> None:
    """If-None-Match with the tag answers 304 without a body; the right to it is asked again."""
    client = Client()
    etag = str(header(await client("GET", path), "etag"))
    for tags in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        response = await client("GET", path, headers={"if-none-match": tags})
        assert (response.status, response.body) == (304, b"")
        assert header(response, "etag") == etag
        assert header(response, "content-length") is None
    for tags in ('"x"', "x", ""):
        assert (await client("GET", path, headers={"if-none-match": tags})).status == 200


@pytest.mark.parametrize("path", ["/v1/uploads/u1", "/v1/uploads/u1/thumbnail"])
async def test_files_are_kept_from_doing_harm(path: str) -> None:
    """Nothing sniffs them or runs in them, and shared caches don't keep them."""
    response = await Client()("GET", path)
    assert header(response, "x-content-type-options") == "nosniff"
    assert header(response, "cache-control") == "private, no-cache"
    assert "sandbox" in str(header(response, "content-security-policy"))
    assert header(response, "cross-origin-resource-policy") == "same-origin"


@pytest.mark.parametrize(
    ("media_type", "inline"),
    [
        ("image/png", True),
        ("video/webm", True),
        ("audio/mpeg", True),
        ("image/svg+xml", False),
        ("text/html", False),
        ("application/pdf", False),
        ("application/octet-stream", False),
    ],
)
async def test_only_safe_types_are_shown(media_type: str, inline: bool) -> None:
    """Everything that might run something is downloaded."""
    client = Client(FakeEngine(file=attachment(media_type=media_type)))
    response = await client("GET", "/v1/uploads/u1")
    assert header(response, "content-type") == media_type
    shown = str(header(response, "content-disposition")).partition(";")[0]
    assert shown == ("inline" if inline else "attachment")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cat.png", 'inline; filename="cat.png"'),
        ("кот.png", "inline; filename=\"___.png\"; filename*=UTF-8''%D0%BA%D0%BE%D1%82.png"),
        ('a"b\\c', "inline; filename=\"a_b_c\"; filename*=UTF-8''a%22b%5Cc"),
        ("a\r\nb", "inline; filename=\"a__b\"; filename*=UTF-8''a%0D%0Ab"),
        ("50%", "inline; filename=\"50_\"; filename*=UTF-8''50%25"),
    ],
)
def test_names_travel_exactly(name: str, expected: str) -> None:
    """As ASCII for everyone and exactly for those who read RFC 8187; no header is broken."""
    disposition = content_disposition(name, inline=True)
    assert disposition == expected
    if "filename*" in disposition:
        assert unquote(disposition.rpartition("''")[2]) == name


async def test_a_thumbnail() -> None:
    """A picture of its own type and size, under a tag of its own."""
    client = Client()
    response = await client("GET", "/v1/uploads/u1/thumbnail", headers={"range": "bytes=0-1"})
    assert (response.status, await content(response)) == (200, b"small")
    assert header(response, "content-type") == "image/webp"
    assert header(response, "content-length") == "5"
    whole = await client("GET", "/v1/uploads/u1")
    assert header(whole, "etag") != header(response, "etag")


async def test_heads_of_files() -> None:
    """All headers and no bytes; nothing is left open."""
    client = Client()
    head = await client("HEAD", "/v1/uploads/u1", headers={"range": "bytes=0-1"})
    assert (head.status, head.body, header(head, "content-length")) == (200, b"", "100")
    head = await client("HEAD", "/v1/uploads/u1/thumbnail")
    assert (head.status, head.body, header(head, "content-length")) == (200, b"", "5")


async def test_files_of_others_are_not_there() -> None:
    """Content, thumbnail and description of a hidden file answer as those of none."""

    class Hiding(FakeEngine):
        async def execute(self, actor: Any, operation: Any) -> Any:
            """Finds nothing."""
            raise NotFound

    client = Client(Hiding())
    answers = [await client("GET", f"/v1/uploads/{path}") for path in ("u1", "u1/thumbnail")]
    unknown = await client("GET", "/v1/nothing")
    assert {answer.body for answer in answers} == {unknown.body}


@pytest.mark.parametrize("path", ["/v1/uploads/u1", "/v1/uploads/u1/thumbnail"])
async def test_files_take_no_parameters(path: str) -> None:
    """And no token in the URL."""
    response = await Client()("GET", f"{path}?token=secret")
    assert (response.status, loads(response)["errors"][0]["path"]) == (422, "token")
