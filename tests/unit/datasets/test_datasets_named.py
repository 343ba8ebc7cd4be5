# ruff: noqa: E501 -- rows of tables
"""Secrets that a text calls by name: those that look real are told, and code, prose and samples aren't.

Put together from pieces, so that no scanner of this repository takes them for real ones.
"""

from __future__ import annotations

import base64

import pytest

from tuning.datasets.named import is_drawn, is_password, named
from tuning.datasets.private import find, find_in
from tuning.datasets.secret_marks import KEY_MARKS, KEYS, PASSWORD_MARKS, PASSWORDS

WORD = "vQ7$" + "hTw2!kRz"
DRAWN = "a8Kd92mXq0" + "Zr7Yt6Ui5Lp3Ns"
HEX = "4c0883a69102937d" + "6231471b5dbb6204"
PASSWORD_TEXTS = [
    'password = "%s"', "password: %s", "DB_PASSWORD=%s", '"password": "%s"', "{'passwd': '%s'}", "pwd=%s;", "Passphrase: %s",
    "Server=db1;User Id=sa;Password=%s;", "PGPASSWORD=%s psql", "spring.datasource.password=%s", "ENV MYSQL_ROOT_PASSWORD %s",
    "curl -u admin:%s https://db.corp.net", 'curl --user "bob:%s" x', 'config["password"] = "%s"', "dbPassword: '%s'", "SMTP_PASS=%s",
    "password => '%s',", "MYSQL_PWD=%s mysqldump", "const adminPassword = `%s`;", '\\"password\\": "%s"',
]  # fmt: skip
KEY_TEXTS = [
    'token = "%s"', "token: %s", '"secret": "%s"', "secret_key=%s", "SECRET_KEY = '%s'", "access_token=%s", 'accessToken: "%s"',
    "refresh_token=%s", "X-API-Key: %s", "x-api-key: %s", '"private_key": "%s"', "encryption_key=%s", 'signingKey: "%s"',
    "SIGNING_KEY=%s", "apiKey: '%s'", "AWS_ACCESS_KEY=%s", "GITHUB_TOKEN=%s",
]  # fmt: skip
PUBLIC = [
    "password: must be at least 8 characters", "password = getpass()", 'password = getpass.getpass("Password1! ")',
    "password=args.password", "password: str", "password: str = Field(min_length=8)", 'password = os.environ["DB_PASSWORD1"]',
    "password: ********", "password: xxxxxxxx", 'password = "password"', "password=changeme", "DB_PASSWORD=${DB_PASSWORD}",
    'password: "{{ vault_password1 }}"', 'password = "<your-password>"', 'password = "Your_Password_1!"', 'password="P@ssw0rd!"',
    'password="Passw0rd123!"', 'password = "hunter2"', '"password": "Example123!"', 'password = "correcthorsebatterystaple"',
    "password = user.password2Hash", "const password = hashPassword256(pw)", "password = hashed_password_v2", "password: String!",
    '"password": {"type": "string"}', "password: VARCHAR(255) NOT NULL", 'type="password" name="Field1!"', "password: SHA256-hashed",
    '<label for="password">Password1!</label>', 'password = "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW"',
    'password: "^(?=.*[A-Z])(?=.*\\d).{8,}$"', 'password = f"{prefix}Abc1!x"', "password = $env:DbPassword1", "password: process.env.DB_PASS1,",
    "password: !vault |", "http://h.io/login?user=a&password=b&next=/Home1", "Password: /run/secrets/Db1", "pwd=/home/User1/Dev-2",
    "password = secrets.token_urlsafe(32)", "password: 'Must have 1 Digit!'", "password = 123e4567-e89b-12d3-a456-426614174000",
    "assert password != user.Name1", "password=a+b*C1", 'password = p1 + "Salt!"', "password: 2FA-Enabled!", "password: 'Test@1234'",
    "token = jwt.encode(payload, SECRET_KEY)", "max_tokens=4096, token_count: 128000", "secret: Santa Claus visits at midnight",
    "next_page_token: " + DRAWN, "csrf_token=" + DRAWN, "secretName: my-tls-cert-2024-with-a-long-name-2", "token: 123e4567-e89b-12d3-a456-426614174000",
    "docker run -u 1000:1000 x", "curl -u username:password https://x.io", "curl -u user:$API_TOKEN1 https://x.io",
    "Authorization: Basic " + base64.b64encode(b"user:pass").decode(), "Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l",
]  # fmt: skip


@pytest.mark.parametrize("text", PASSWORD_TEXTS)
def test_a_password_is_told_by_what_it_is_called(text: str):
    said = f"we set {text % WORD} there"
    assert [said[hit.start : hit.end] for hit in find(said)] == [WORD]


@pytest.mark.parametrize("text", KEY_TEXTS)
@pytest.mark.parametrize("key", [DRAWN, HEX])
def test_a_long_drawn_key_is_told_by_what_it_is_called(text: str, key: str):
    said = text % key
    assert [said[hit.start : hit.end] for hit in find(said)] == [key]


def test_a_login_in_a_header_is_told_unless_documentation_is_full_of_it():
    encoded = base64.b64encode(f"admin:{WORD}".encode()).decode()
    (hit,) = find(f"Authorization: Basic {encoded}")
    assert hit.name == "a secret (login)"


@pytest.mark.parametrize("text", PUBLIC)
def test_code_prose_and_samples_are_no_secrets(text: str):
    assert list(named(text)) == []


@pytest.mark.parametrize("value", ["k8Jh2mNq9xZp4vTb", "Winter2024!", "q7W&e3rT", "9f86d081884c7d65"])
def test_what_somebody_chose_or_drew_is_a_password(value: str):
    assert is_password(value)


@pytest.mark.parametrize(
    "value", ["Admin123!", "SuperSecret!123", "MyP@ss123!", "userProfile2024", "Foo::Bar1"]
)
def test_words_with_a_number_are_no_password(value: str):
    assert not is_password(value)


def test_a_value_of_an_object_is_a_secret_by_its_key():
    assert [hit[:3] for hit in find_in("db_password", WORD)] == [("secret", 0, len(WORD))]
    assert find_in("content", WORD) == find_in("password", "your-password") == []


def test_every_name_has_a_mark():
    assert all(any(mark in name for mark in KEY_MARKS) for name in KEYS)
    assert set(PASSWORDS) <= set(PASSWORD_MARKS)


def test_a_key_of_letters_that_change_their_case_at_random_is_drawn():
    assert is_drawn(DRAWN)
    assert is_drawn("gYGgjDkcDxutGphIhmJ" + "qWeRtZuIoP4s")
    assert not is_drawn("AbstractSingletonProxyFactoryBeanGenerator2")
