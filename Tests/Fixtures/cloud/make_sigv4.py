"""Writes sigv4.json: requests as botocore signs them for S3.

    python3 -m venv V && V/bin/pip install botocore==1.44.5 && V/bin/python make_sigv4.py > sigv4.json

The keys are Amazon's own examples and open nothing.
"""
import datetime
import json
import random
from unittest import mock
from urllib.parse import quote

import botocore
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

rng = random.Random(20260102)
ODD = ["MLmodel", "a b", "a+b", "é", "e\u0301", "100%", "#x", "a&b=c", "?", "~._-", "*", "日本", "a'b(c)!", "x;y:z@", "data[0]", "$", ","]


def name():
    return "".join(rng.choice(ODD) for _ in range(rng.randint(1, 3)))


def case(index):
    region = rng.choice(["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "auto", "WEUR"])
    host = rng.choice(["models.s3.%s.amazonaws.com" % region.lower(), "s3.amazonaws.com", "127.0.0.1:9000", "minio.example:443"])
    scheme = "http" if host.startswith("127") else "https"
    path = "/" + "/".join(quote(name(), safe="-_.~") for _ in range(rng.randint(0, 4)))
    query = [(name() if rng.random() < 0.3 else rng.choice(["prefix", "list-type", "Prefix", "continuation-token", "encoding-type", "location"]), name())
             for _ in range(rng.randint(0, 4))]
    seconds = rng.randint(0, 4_000_000_000)
    secret = "".join(rng.choice("abcXYZ019+/=") for _ in range(rng.choice([40, 64, 65, 100])))
    token = "".join(rng.choice("abcXYZ019+/=") for _ in range(rng.randint(1, 400)))
    method = rng.choice(["GET", "GET", "GET", "HEAD"])
    url = f"{scheme}://{host}{path}"
    if query:
        url += "?" + "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in query)
    when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).replace(tzinfo=None)
    request = AWSRequest(method=method, url=url)
    # What `x-amz-content-sha256` says of an empty body.
    request.context["payload_signing_enabled"] = True
    request.context["client_config"] = mock.Mock(s3={"payload_signing_enabled": True})
    with mock.patch("botocore.auth.get_current_datetime", lambda: when):
        botocore.auth.S3SigV4Auth(Credentials("AKIDEXAMPLE", secret, token), "s3", region).add_auth(request)
    return {"method": method, "url": url, "region": region, "seconds": seconds, "secret": secret, "token": token,
            "date": request.headers["X-Amz-Date"], "payload": request.headers["X-Amz-Content-SHA256"],
            "authorization": request.headers["Authorization"]}


cases = [case(index) for index in range(50)]
print(json.dumps({"made by": f"make_sigv4.py with botocore {botocore.__version__}", "cases": cases}, indent=1, ensure_ascii=True))
