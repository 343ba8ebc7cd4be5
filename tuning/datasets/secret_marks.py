"""The marks of secrets: short pieces of bytes that a line with one has, and few others.

`triggers` looks for them in all of a file; `vendors` and `named` say exactly what a secret is, and are loaded
only when a line has a mark.
"""

from __future__ import annotations

import re

#: What tokens of many services have, mostly their beginning.
MARKS = (
    *(b"AGE-SECRET-KEY-1", b"ATATT3", b"EZAK", b"GOCSPX-", b"HRKU-", b"NRAK-", b"PMAK-", b"_v1_", b"AKCp"),
    *(b"dckr_pat_", b"figd_", b"glsa_", b"gsk_", b"hvs.", b"lin_api_", b"lsv2_", b"ntn_", b"nvapi-"),
    *(b"pplx-", b"pscale_tkn_", b"r8_", b"rubygems_", b"sbp_", b"shpat_", b"sntrys_", b"sq0atp-"),
    *(b"whsec_", b"xai-", b"ya29.", b".atlasv1.", b"JQQJ99", b"sig=", b"dp.pt.", b"dp.st.", b"dp.ct."),
    *(b"dp.sa.", b"tvly-", b"pcsk_", b"nfp_", b"/webhooks/", b"key-", b"SSWS 00", b"7Q~", b"8Q~"),
    *(b"EAA", b"fw_", b"sk_", b"sl."),
    *(quote + b"pat" for quote in (b'"', b"'", b"=", b":")),
)
#: Marks of tokens that have no prefix: a Mailchimp key's end, a Discord bot's number in base 64.
ENDS = (b"-us",)
STARTS = (b"MT", b"Mj", b"Mz", b"ND", b"NT", b"Nj", b"Nz", b"OD", b"OT")
STARTED = re.compile(rb"[MNO][DTjz][AEIMQUYcgk][w-z0-5][A-Za-z0-9]{20,24}\.[\w-]{6}\.[\w-]{27}")
#: Names of passwords and of drawn keys, without a first letter that may be of either case.
PASSWORDS = (b"assword", b"ASSWORD", b"asswd", b"ASSWD", b"assphrase", b"ASSPHRASE", b"_pass", b"_PASS")
KEYS = (
    *(b"api_key", b"API_KEY", b"api-key", b"Api-Key", b"API-Key", b"apikey", b"apiKey", b"ApiKey", b"APIKEY"),
    *(b"token", b"Token", b"TOKEN", b"secret", b"Secret", b"SECRET", b"ivate_key", b"ivate-key", b"ivateKey"),
    *(b"IVATE_KEY", b"ption_key", b"ption-key", b"ptionKey", b"PTION_KEY", b"ning_key", b"ning-key"),
    *(b"ningKey", b"NING_KEY", b"cess_key", b"cess-key", b"cessKey", b"CESS_KEY"),
)
#: What stands in each of them: fewer marks are found faster. As three letters alone, `pwd` would be slow.
PASSWORD_MARKS = (
    *PASSWORDS,
    *(b"pwd=", b"pwd:", b'pwd"', b"pwd\\", b"PWD=", b"Pwd=", b" -u ", b"--user ", b"--user=", b"Basic "),
)
KEY_MARKS = (
    *(b"oken", b"OKEN", b"ecret", b"ECRET", b"_key", b"_KEY", b"-key", b"-Key"),
    *(b"pikey", b"PIKEY", b"piKey", b"ateKey", b"ionKey", b"ingKey", b"essKey"),
)
