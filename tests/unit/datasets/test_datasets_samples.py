# ruff: noqa: E501 -- rows of tables
"""What looks private and is nobody's: test cards, numbers for fiction, samples of documentation, machines."""

from __future__ import annotations

import pytest

from tuning.datasets.private import find

NOBODYS = [
    "call (212) 555-0147 or +1 415 555 0100", "ring +44 20 7946 0958 or +44 7700 900123 or +44 1632 960001", "+61 491 570 156",
    "4242 4242 4242 4242", "4111 1111 1111 1111", "5555 5555 5555 4444", "3782 822463 10005", "4000 0000 0000 0002", "6011111111111117",
    "078-05-1120", "219-09-9999", "123-45-6789", "AKIA" + "IOSFODNN7EXAMPLE", "AKIA" + "X" * 16, "ghp_" + "x" * 36,
    "Bearer YOUR_ACCESS_TOKEN_GOES_HERE_123", "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    "postgres://postgres:postgres@db:5432/test", "amqp://guest:guest@rabbit", "mysql://root:root@db.corp.net/app", "redis://:secret@redis:6379",
    "http://bob:x7Kq2mmQ9z@localhost:8080", "http://bob:x7Kq2mmQ9z@127.0.0.1/", "http://bob:x7Kq2mmQ9z@192.168.1.1", "http://bob:x7Kq2mmQ9z@db.example.com",
    "sftp://app:app@files.corp.net", "postgres://user:password1@db.corp.net", "look for -----BEGIN RSA " + "PRIVATE KEY----- in the file",
    "-----BEGIN " + "PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ...\n-----END PRIVATE KEY-----",
    "-----BEGIN " + "PRIVATE KEY-----\n<your key>\n-----END PRIVATE KEY-----", "follow @joe@mastodon.social", "@angular/core@17.0.0.tgz",
    "scp file user@server.company.com:/tmp", "ssh -p 2222 -i ~/.ssh/id root@build.corp.net", "git clone git@gitlab.corp.net:team/app.git", "deploy@host.corp.net:app/site.git",
    "info@example.co.uk", "x@mail.example.de", "noreply@github.com", "1234+bot@users.noreply.github.com",
]  # fmt: skip
AMOUNTS = [
    "Decimal('+35236450.6')", "delta=+4915112345678.0", "EUR +4930901820,50", "offset +33142685300 bytes",
    "moved by +447911123456 points", "+4930901820 ms", "0010 0020 0030 0040 0050", "004930901820", "1 0049 30 901820",
]  # fmt: skip
PHONES = [
    "0049 30 901820", "ring 0033 1 42 68 53 00.", "+49 30 901820, 9 to 5", "650-253-0000,650-253-0001", "+4930901820, or write",
]  # fmt: skip


@pytest.mark.parametrize("text", NOBODYS)
def test_what_is_nobodys_is_left_alone(text: str):
    assert find(text) == []


@pytest.mark.parametrize("text", AMOUNTS)
def test_an_amount_is_no_phone_number(text: str):
    assert find(text) == []


@pytest.mark.parametrize("text", PHONES)
def test_a_phone_number_is_one_before_punctuation_and_with_zeros_for_its_plus(text: str):
    assert {hit.code for hit in find(text)} == {"phone_number"}


def test_spaces_and_hyphens_of_typography_are_read_as_plain_ones():
    for space in "\u00a0\u202f":
        said = "+33 1 42 68 53 00 / 4539 8122 0746 3183 / DE89 3704 0044 0532 0130 00".replace(" ", space)
        assert [hit.code for hit in find(said)] == ["phone_number", "card_number", "bank_account"]
    assert [hit.code for hit in find("536\u201190\u20114399")] == ["social_security_number"]


def test_an_address_before_a_colon_is_no_machine():
    assert [hit.code for hit in find("ada@engines.io: hello, bob@engines.io:Zk4mQ9xT")] == [
        "email_address"
    ] * 2
