"""Tokens of many services, by the marks that each gives its own.

The kept library (detect-secrets) knows the larger services; these are those that it lacks, or knows in an old
shape. Shapes are those that the services tell scanners of secrets. Each has a mark that few other words have
(`secret_marks`): `triggers` looks for the marks first, in all of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuning.datasets.hits import Hit, secret
from tuning.datasets.samples import is_sample_token

_VENDORS = {
    "age key": r"AGE-SECRET-KEY-1[A-Z0-9]{58}",
    "Airtable token": r"(?<=[\"'=:])pat[A-Za-z0-9]{14}\.[0-9a-f]{64}",
    "Artifactory token": r"AKCp[A-Za-z0-9]{60,}",
    "Atlassian token": r"ATATT3[A-Za-z0-9_=-]{60,}",
    "Azure client secret": r"(?<![\w~.-])[A-Za-z0-9_~.]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}",
    "Azure OpenAI key": r"[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}",
    "Azure signature": r"sig=[A-Za-z0-9%+/]{43,60}(?:%3D|=)",
    "DigitalOcean token": r"do[opr]_v1_[0-9a-f]{64}",
    "Discord token": r"[MNO][DTjz][AEIMQUYcgk][w-z0-5][A-Za-z0-9]{20,24}\.[\w-]{6}\.[\w-]{27,38}",
    "Discord webhook": r"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d{17,20}/[\w-]{60,80}",
    "Docker token": r"dckr_pat_[A-Za-z0-9_-]{20,}",
    "Doppler token": r"dp\.(?:pt|st|ct|sa)\.(?:[a-z0-9_-]{2,35}\.)?[A-Za-z0-9]{40,44}",
    "Dropbox token": r"sl\.(?:u\.)?[A-Za-z0-9_-]{120,}",
    "EasyPost key": r"EZAK[A-Za-z0-9]{54}",
    "ElevenLabs key": r"sk_[0-9a-f]{48}",
    "Facebook token": r"(?<![+/=])EAA[A-Za-z0-9]{100,}",
    "Figma token": r"figd_[A-Za-z0-9_-]{36,}",
    "Fireworks key": r"fw_(?=[A-Za-z]*\d)[A-Za-z0-9]{22,32}(?!\w)",
    "Google client secret": r"GOCSPX-[A-Za-z0-9_-]{20,}",
    "Google access token": r"ya29\.[A-Za-z0-9_-]{30,}",
    "Grafana token": r"glsa_[A-Za-z0-9_]{32,}",
    "Groq key": r"gsk_[A-Za-z0-9]{40,}",
    "Heroku key": r"HRKU-[A-Za-z0-9_-]{36,}",
    "LangSmith key": r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",
    "Linear key": r"lin_api_[A-Za-z0-9]{32,}",
    "Mailchimp key": r"[0-9a-f]{32}-us[1-9]\d?",
    "Mailgun key": r"key-[0-9a-f]{32}(?!\w)",
    "Netlify token": r"nfp_[A-Za-z0-9]{36,}",
    "New Relic key": r"NRAK-[A-Z0-9]{27}",
    "Notion token": r"ntn_[A-Za-z0-9]{40,}",
    "NVIDIA key": r"nvapi-[A-Za-z0-9_-]{60,}",
    "Okta token": r"SSWS 00[\w-]{38,42}",
    "Perplexity key": r"pplx-[A-Za-z0-9]{40,}",
    "Pinecone key": r"pcsk_[A-Za-z0-9_]{50,}",
    "PlanetScale token": r"pscale_tkn_[A-Za-z0-9_.-]{32,}",
    "Postman key": r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    "Replicate token": r"r8_[A-Za-z0-9]{37}",
    "RubyGems key": r"rubygems_[0-9a-f]{48}",
    "Sentry token": r"sntrys_[A-Za-z0-9+/=_-]{60,}",
    "Shopify token": r"shpat_[0-9a-f]{32}",
    "Square token": r"sq0atp-[A-Za-z0-9_-]{22,}",
    "Stripe webhook secret": r"whsec_[A-Za-z0-9+/=]{32,}",
    "Supabase token": r"sbp_[0-9a-f]{40}",
    "Tavily key": r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{32}",
    "Terraform token": r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{60,70}",
    "Together key": r"tgp_v1_[A-Za-z0-9_-]{40,}",
    "Vault token": r"hvs\.[A-Za-z0-9_-]{24,}",
    "xAI key": r"xai-[A-Za-z0-9]{60,}",
}
_ANY = re.compile("|".join(rf"(?P<v{i}>\b{shape})" for i, shape in enumerate(_VENDORS.values())), re.ASCII)
_KINDS = tuple(_VENDORS)


def tokens(text: str) -> Iterator[Hit]:
    """Tokens by their shape."""
    for match in _ANY.finditer(text):
        if not is_sample_token(match[0]):
            yield secret(_KINDS[int(str(match.lastgroup)[1:])], match.span())
