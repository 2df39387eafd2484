"""The endpoints file: made with examples, kept private, read strictly, and silent about its keys."""

import json
import os
import stat
import traceback

import pytest

from prompt_beautifier.beautifier.servers import endpoints
from prompt_beautifier.beautifier.servers.endpoints import Endpoint, endpoint_names, find_endpoint

KEY = "sk-never-show-this-1234567890"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "user" / endpoints.FILE_NAME


def write(path, entry, name="mine"):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"endpoints": {name: entry}}), encoding="utf-8")
    return path


def shown(error: BaseException) -> str:
    """All that a log may show of an error, its causes included."""
    return "".join(traceback.format_exception(error, chain=True)) + repr(error)


# -- the file


def test_the_first_use_makes_an_example_that_works(path):
    names = endpoint_names(path)
    assert names and not path.exists(), "to look at the names changes nothing"
    for name in names:
        assert find_endpoint(path, name).base_url.startswith("http://127.0.0.1:")
    assert endpoint_names(path) == names
    assert "api_key" in path.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_file_is_for_its_owner_alone(path):
    before = os.umask(0)
    try:
        path.parent.mkdir()
        endpoints.write_example(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, "from its first moment"
        path.chmod(0o644)  # as an editor leaves it
        find_endpoint(path, endpoint_names(path)[0])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_file_that_is_there_is_never_written_over(path):
    write(path, {"base_url": "http://a/v1"})
    before = path.read_bytes()
    endpoints.write_example(path)
    with pytest.raises(ValueError):
        find_endpoint(path, "another")
    assert path.read_bytes() == before


def test_all_fields_are_read(path):
    entry = {
        "base_url": " https://llm.example.org/v1/ ",
        "api_key": f" {KEY}\n",
        "model": "m",
        "headers": {"x-team": "pictures"},
    }
    assert find_endpoint(write(path, entry), "mine") == Endpoint(
        "mine", "https://llm.example.org/v1", KEY, "m", (("X-Team", "pictures"),)
    )


def test_a_file_from_windows_notepad_is_read(path):
    write(path, {"base_url": "http://a/v1"})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert endpoint_names(path) == ["mine"]
    assert find_endpoint(path, "mine").base_url == "http://a/v1"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (f'{{"endpoints": {{"mine": {{"api_key": "{KEY}" "x"}}}}}}', "is no JSON text in UTF-8 at line 1"),
        (f'{{"api_key": "{KEY}", "endpoints": 3}}', "must hold"),
        (f'["{KEY}"]', "must hold"),
        ("", "is no JSON text"),
    ],
)
def test_a_damaged_file_is_named_and_the_choices_still_show(path, content, says):
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    assert endpoint_names(path) == list(endpoints.EXAMPLE["endpoints"])
    with pytest.raises(ValueError, match=says) as caught:
        find_endpoint(path, "mine")
    assert str(path) in str(caught.value) and KEY not in shown(caught.value)


def test_bytes_that_are_no_text_are_named(path):
    path.parent.mkdir()
    path.write_bytes(KEY.encode("utf-16"))
    with pytest.raises(ValueError, match="is no JSON text in UTF-8") as caught:
        find_endpoint(path, "mine")
    assert KEY not in shown(caught.value) and str(KEY.encode("utf-16"))[2:-1] not in shown(caught.value)


def test_a_name_that_is_not_there_is_told_from_those_that_are(path):
    with pytest.raises(ValueError, match=r"has no endpoint 'gone'.*choose one of 'mine'"):
        find_endpoint(write(path, {"base_url": "http://a/v1"}), "gone")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("http://a/v1", r'must be \{"base_url"'),
        ({"base_url": "http://a", "apikey": KEY}, "has 'apikey', which is not known"),
        ({"base_url": 3}, "base_url of .* must be a text"),
        ({"base_url": "http://a", "api_key": [KEY]}, "api_key of .* must be a text"),
        ({"base_url": "http://a", "headers": {"X": 3}}, "headers of .* must be names and texts"),
        ({"base_url": "http://a", "headers": [KEY]}, "headers of .* must be names and texts"),
        ({"base_url": "http://a", "headers": {"X:": KEY}}, "no name of an HTTP header"),
        ({"base_url": "http://a", "headers": {"X": f"a\r\n{KEY}"}}, "no HTTP header may have"),
        ({"base_url": "http://a", "api_key": f"{KEY}\nX: y"}, "api_key of .* no HTTP header may have"),
        ({"base_url": "http://a", "api_key": f"{KEY}…"}, "api_key of .* no HTTP header may have"),
        ({"api_key": KEY}, "has no base_url"),
        ({"base_url": f"ftp://a/?k={KEY}"}, "begins with ftp://, which is not http or https"),
        ({"base_url": f"file:///{KEY}"}, "begins with file://"),
        ({"base_url": KEY}, "is no web address"),
        ({"base_url": "127.0.0.1:8000"}, "is no web address"),
        ({"base_url": f"http://a b/{KEY}"}, "is no web address"),
        ({"base_url": f"http://a\\@b/{KEY}"}, "is no web address"),
        ({"base_url": f"http://me:{KEY}@a/v1"}, "has a user name or password in it"),
        ({"base_url": f"http:///{KEY}"}, "has no host"),
        ({"base_url": "http://a:port/v1"}, "a port that is no number"),
        ({"base_url": "http://a:70000/v1"}, "a port that is no number"),
    ],
)
def test_a_wrong_entry_is_named_without_its_secrets(path, entry, says):
    with pytest.raises(ValueError, match=says) as caught:
        find_endpoint(write(path, entry), "mine")
    assert "'mine'" in str(caught.value) and KEY not in shown(caught.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1"),
        ("http://localhost:8000/", "http://localhost:8000/v1"),
        ("HTTPS://Host/v1/", "https://Host/v1"),
        ("http://a/v1/chat/completions", "http://a/v1"),
        ("http://a/v1/completions/", "http://a/v1"),
        ("http://a/v1/models", "http://a/v1"),
        ("https://a/openai/deployments/x?api-version=1", "https://a/openai/deployments/x?api-version=1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("http://模型.example/v1", "http://模型.example/v1"),
    ],
)
def test_addresses_are_taken_as_people_write_them(path, typed, meant):
    assert find_endpoint(write(path, {"base_url": typed}), "mine").base_url == meant


def test_requests_go_below_the_address_with_its_query():
    endpoint = Endpoint("mine", "https://a/v1?api-version=1")
    assert endpoint.url("chat/completions") == "https://a/v1/chat/completions?api-version=1"
    assert endpoint.where == "https://a/v1"


# -- secrets


def test_nothing_that_is_shown_of_an_endpoint_is_secret():
    endpoint = Endpoint("mine", f"https://a/v1?key={KEY}1&x", f"{KEY}2", "m", (("Authorization", f"Basic {KEY}3"),))
    for text in (repr(endpoint), str(endpoint), f"{endpoint}", endpoint.where, repr([endpoint])):
        assert KEY not in text
    said = f"refused {KEY}1 and {KEY}2 and Basic {KEY}3 and {KEY}3 of https://a/v1?key={KEY}1&x"
    assert KEY not in endpoint.scrub(said)
    assert endpoint.scrub("a cat") == "a cat"


def test_a_key_of_a_letter_does_not_black_out_the_message():
    assert Endpoint("mine", "http://a/v1", "a").scrub("a cat at last") == "a cat at last"
