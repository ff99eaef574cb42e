"""The watch itself: what it is there to notice, it notices."""

import pytest

from tests.browser.conftest import Open

pytestmark = pytest.mark.browser

MISDEEDS = """() => {
    console.error("a complaint");
    setTimeout(() => { throw new Error("a slip"); });
    fetch("http://192.0.2.1/").catch(() => {});
    document.body.append(Object.assign(new Image(), { src: "http://x.test/" }));
}"""
SIGNS = (
    "error: a complaint",
    "uncaught: a slip",
    "policy: connect-src refuses http://192.0.2.1/",
    "policy: img-src refuses http://x.test/",
    "a request to http://x.test/",
)
FRAMES = 300


def test_what_no_page_may_do_is_noticed(window: Open) -> None:
    """A complaint, an uncaught error, a broken policy, another host: each is found."""
    one = window()
    assert one.audit.found == []
    one.page.evaluate(MISDEEDS)
    missing = set(SIGNS)
    for _ in range(FRAMES):
        one.page.evaluate("() => new Promise(requestAnimationFrame)")
        missing = {sign for sign in SIGNS if not any(sign in what for what in one.audit.found)}
        if not missing:
            break
    one.audit.found.clear()
    assert not missing
