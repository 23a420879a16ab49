"""The storage listeners: signed URLs, S3 and Google Cloud Storage over http; Azure and R2 over https; and an origin that is none of
ours, which serves signed URLs too, so that a redirect to it works and whatever it must never see is in its log."""

import base64
import datetime
import hashlib
import hmac
import re
import time
import urllib.parse
import uuid
from xml.sax.saxutils import escape

import world as known
from plumbing import Handler, Reply, xml_failure

KEY = re.compile(r"models/([a-z]+)/versions/\d+(?:/(.*))?")


# -- SigV4 (AWS Signature Version 4), checked


def keyed(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def check_signature(method, path, headers, wanted_region):
    """None when the request carries a right signature, in headers or in the query; else (status, code, message, region)."""
    raw_path, _, query = path.partition("?")
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    values = dict(pairs)
    all_headers = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    authorization = all_headers.get("authorization", "")
    if "X-Amz-Signature" in values:
        if authorization:
            return 400, "InvalidArgument", "Only one auth mechanism allowed", None
        credential, names, stamp = values["X-Amz-Credential"], values["X-Amz-SignedHeaders"].split(";"), values["X-Amz-Date"]
        given, session, payload = values["X-Amz-Signature"], values.get("X-Amz-Security-Token"), "UNSIGNED-PAYLOAD"
        pairs = [(name, value) for name, value in pairs if name != "X-Amz-Signature"]
        made = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if time.time() > made.timestamp() + int(values["X-Amz-Expires"]):
            return 403, "AccessDenied", "Request has expired", None
    elif authorization.startswith("AWS4-HMAC-SHA256"):
        parts = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^,\s]+)", authorization))
        credential, names, given = parts["Credential"], parts["SignedHeaders"].split(";"), parts["Signature"]
        stamp, session = all_headers.get("x-amz-date", ""), all_headers.get("x-amz-security-token")
        payload = all_headers.get("x-amz-content-sha256", "")
    else:
        return 403, "AccessDenied", "Access Denied", None
    key, date, region = credential.split("/")[:3]
    if key != known.AWS["key"]:
        return 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", None
    if session != known.AWS["session"]:
        return 403, "InvalidToken", "The provided token is malformed or otherwise invalid.", None
    if region != wanted_region:
        return 400, "AuthorizationHeaderMalformed", f"the region '{region}' is wrong; expecting '{wanted_region}'", wanted_region

    def quoted(text):
        return urllib.parse.quote(text, safe="-_.~")

    canonical_query = "&".join(sorted(f"{quoted(name)}={quoted(value)}" for name, value in pairs))
    canonical_headers = "".join(f"{name}:{all_headers.get(name, '')}\n" for name in names)
    request = "\n".join([method, raw_path, canonical_query, canonical_headers, ";".join(names), payload])
    scope = f"{date}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    secret = ("AWS4" + known.AWS["secret"]).encode()
    signing_key = keyed(keyed(keyed(keyed(secret, date), region), "s3"), "aws4_request")
    wanted = hmac.new(signing_key, text.encode(), hashlib.sha256).hexdigest()
    return None if hmac.compare_digest(wanted, given) else (403, "SignatureDoesNotMatch", "canonical request was:\n" + request, None)


class Storage(Handler):
    role = "storage"

    def route(self):
        self.refuse_workspace_token()
        self.signed()
        host = self.headers.get("Host", "")
        if self.place.startswith((f"/storage/v1/b/{known.BUCKET}/o", f"/download/storage/v1/b/{known.BUCKET}/o/")):
            self.google()
        if self.place == f"/{known.BUCKET}" or self.place.startswith(f"/{known.BUCKET}/") or host.startswith(known.BUCKET + "."):
            self.s3()
        raise xml_failure(404, "NoSuchBucket")

    def refuse_workspace_token(self):
        given = self.headers.get("Authorization", "")
        if given == f"Bearer {known.TOKEN}" or given[7:] in self.world.issued:
            raise xml_failure(400, "TokenLeaked", "the workspace token was sent to storage")

    def signed(self):
        match = re.fullmatch(r"/signed/([0-9a-f]{32})/(.*)", self.place)
        if not match:
            return
        entry = self.world.signed.get(match[1])
        if entry is None or entry[1] != match[2]:
            raise xml_failure(403, "SignatureDoesNotMatch")
        tree, path, end, headers, served = entry
        if time.time() > end:
            raise xml_failure(403, "AccessDenied", "Request has expired")
        if self.query.get("x") != "a+b/c=":
            raise xml_failure(403, "SignatureDoesNotMatch", "query was re-encoded")
        # A redirect to another origin loses every header of ours, this one too.
        for name, value in headers.items():
            if self.headers.get(name) != value and self.role != "other":
                raise xml_failure(403, "MissingHeader", name)
        if self.headers.get("Authorization"):
            raise xml_failure(400, "InvalidArgument", "Only one auth mechanism allowed")
        file = self.world.file(tree, path)
        if not file:
            raise xml_failure(404, "NoSuchKey")
        reply = self.serve(file)
        limit = self.world.expire_after
        if limit:
            self.truncate = min(reply.source[2] if reply.source else 0, max(limit - served, 0)) if reply.source else None

            def count(sent):
                entry[4] += sent
                if entry[4] >= limit:
                    entry[2] = 0

            reply.on_sent = count
        raise reply

    def stored(self, key):
        """The file of an object's key, or None."""
        match = KEY.fullmatch(key)
        return self.world.file(match[1], match[2]) if match and match[2] else None

    def below(self, prefix, recursive, slash="/"):
        """(the version's prefix, entries below `prefix`)"""
        match = re.match(r"models/([a-z]+)/versions/\d+", prefix)
        if not match or (slash and not prefix.endswith(slash)):
            return "", []
        inner = prefix[match.end() :].strip("/")
        found = self.world.entries(match[1], inner) if not self.world.file(match[1], inner) else None
        if recursive and found:
            waiting, found = found, []
            while waiting and len(found) < 1000:
                entry = waiting.pop(0)
                found.append(entry)
                if entry[1]:
                    waiting += self.world.entries(match[1], entry[0]) or []
        return match[0], found

    # -- S3 and R2

    def s3(self):
        host = self.headers.get("Host", "")
        hosted = host.startswith(known.BUCKET + ".")
        key = self.place[1:] if hosted else self.place[1 + len(known.BUCKET) :].lstrip("/")
        is_r2 = "r2.localhost" in host
        wanted = "WEUR" if is_r2 else known.AWS["region"]
        location = f'<?xml version="1.0"?><LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{wanted}</LocationConstraint>'
        if is_r2 and not key and "location" in self.query:
            raise Reply(200, location, kind="application/xml")
        wrong = check_signature(self.command, self.path, self.headers, wanted)
        if wrong:
            status, code, message, region = wrong
            named = {"x-amz-bucket-region": known.AWS["region"]}
            if region and self.command == "HEAD":
                raise Reply(400, b"", named, "")
            more = f"<Region>{region}</Region>" if region else ""
            text = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}<RequestId>1</RequestId></Error>'
            raise Reply(status, text, named, "application/xml")
        if not key and self.command == "HEAD":
            raise Reply(200, b"", {"x-amz-bucket-region": known.AWS["region"]}, "")
        if not key and "location" in self.query:
            raise Reply(200, location, kind="application/xml")
        if not key and self.query.get("list-type") == "2":
            self.s3_list()
        file = self.stored(key)
        if not file:
            raise Reply(404, f'<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Key>{escape(key)}</Key></Error>', {}, "application/xml")
        raise self.serve(file)

    def s3_list(self):
        prefix = self.query.get("prefix", "")
        root, found = self.below(prefix, recursive="delimiter" not in self.query)
        found = [entry for entry in found or [] if not entry[1] or "delimiter" in self.query]
        # A real bucket names itself a thousand at a time; here the pages are short so that they are needed.
        size = min(int(self.query.get("max-keys") or 1000), self.world.page_size)
        part, token = self.world.page(found, self.query.get("continuation-token"), size)
        is_url = self.query.get("encoding-type") == "url"

        def text(value):
            return urllib.parse.quote(value, safe="/") if is_url else escape(value)

        xml = [
            '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
            f"<Name>{known.BUCKET}</Name><Prefix>{text(prefix)}</Prefix><MaxKeys>1000</MaxKeys><KeyCount>{len(part)}</KeyCount>",
            "<EncodingType>url</EncodingType>" if is_url else "",
            f"<IsTruncated>{'true' if token else 'false'}</IsTruncated>",
            f"<NextContinuationToken>{token}</NextContinuationToken>" if token else "",
        ]
        for name, is_folder, size in part:
            key = text(f"{root}/{name}")
            if is_folder:
                xml.append(f"<CommonPrefixes><Prefix>{key}/</Prefix></CommonPrefixes>")
            else:
                written = "" if size is None else f"<Size>{size}</Size>"
                xml.append(
                    f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>{written}"
                    "<ETag>&quot;0123456789abcdef-2&quot;</ETag><StorageClass>STANDARD</StorageClass></Contents>"
                )
        raise Reply(200, "".join(xml) + "</ListBucketResult>", kind="application/xml")

    # -- Google Cloud Storage

    def google(self):
        if self.headers.get("Authorization") != f"Bearer {known.GOOGLE_TOKEN}":
            raise Reply(401, {"error": {"code": 401, "message": "Invalid Credentials", "errors": [{"reason": "authError"}]}})
        if self.place == f"/storage/v1/b/{known.BUCKET}/o":
            self.google_list()
        key = urllib.parse.unquote(self.raw_path.split("/o/", 1)[1])
        file = self.stored(key)
        if not file:
            raise Reply(404, {"error": {"code": 404, "message": f"No such object: {known.BUCKET}/{key}"}})
        md5 = base64.b64encode(hashlib.md5(file.read_bytes()).digest()).decode()
        size = str(file.stat().st_size)
        if self.query.get("alt") == "media":
            headers = {"x-goog-hash": "md5=" + md5, "x-goog-generation": "1", "x-goog-stored-content-length": size}
            raise self.serve(file, headers)
        link = f"{self.world.origin('storage')}/download/storage/v1/b/{known.BUCKET}/o/{urllib.parse.quote(key, safe='')}?alt=media"
        raise Reply(
            200,
            {
                "kind": "storage#object",
                "name": key,
                "bucket": known.BUCKET,
                "size": size,
                "md5Hash": md5,
                "generation": "1",
                "mediaLink": link,
            },
        )

    def google_list(self):
        prefix = self.query.get("prefix", "")
        root, found = self.below(prefix, recursive="delimiter" not in self.query)
        found = [entry for entry in found or [] if not entry[1] or "delimiter" in self.query]
        size = min(int(self.query.get("maxResults") or 1000), self.world.page_size)
        part, token = self.world.page(found, self.query.get("pageToken"), size)
        items = [
            {
                "kind": "storage#object",
                "name": f"{root}/{name}",
                "bucket": known.BUCKET,
                "generation": "1",
                **({} if size is None else {"size": str(size)}),
                **self.google_hashes(f"{root}/{name}"),
            }
            for name, is_folder, size in part
            if not is_folder
        ]
        prefixes = [f"{root}/{name}/" for name, is_folder, _ in part if is_folder]
        answer = {"kind": "storage#objects", "prefixes": prefixes, "items": items, "nextPageToken": token}
        raise Reply(200, {name: value for name, value in answer.items() if value})

    def google_hashes(self, key):
        file = self.stored(key)
        return {"md5Hash": base64.b64encode(hashlib.md5(file.read_bytes()).digest()).decode()} if file else {}


class Azure(Storage):
    role = "azure"

    def route(self):
        if "r2.localhost" in self.headers.get("Host", ""):  # Cloudflare R2 speaks S3, always over https.
            self.s3()
        if self.headers.get("Authorization"):
            raise xml_failure(400, "InvalidAuthenticationInfo", headers={"x-ms-error-code": "InvalidAuthenticationInfo"})
        wanted = dict(urllib.parse.parse_qsl(known.SAS))
        if any(self.query.get(name) != value for name, value in wanted.items()):
            message = "Server failed to authenticate the request."
            raise xml_failure(403, "AuthenticationFailed", message, {"x-ms-error-code": "AuthenticationFailed"})
        both = {"x-ms-version": self.headers.get("x-ms-version", "2023-11-03"), "x-ms-request-id": str(uuid.uuid4())}
        if self.place.rstrip("/") == f"/{known.AZURE_FILE_SYSTEM}" and self.query.get("resource") == "filesystem":
            self.azure_list(both)
        match = re.fullmatch(rf"/{known.AZURE_FILE_SYSTEM}/(.*)", self.place)
        file = self.stored(match[1]) if match else None
        if not file:
            raise xml_failure(404, "BlobNotFound", headers={**both, "x-ms-error-code": "BlobNotFound"})
        more = {"x-ms-blob-type": "BlockBlob", "x-ms-resource-type": "file", "x-ms-creation-time": "Thu, 01 Jan 2026 00:00:00 GMT"}
        state = {"x-ms-server-encrypted": "true", "x-ms-lease-status": "unlocked", "x-ms-lease-state": "available"}
        raise self.serve(file, {**both, **more, **state})

    def azure_list(self, headers):
        root, found = self.below(self.query.get("directory", "").strip("/"), self.query.get("recursive") == "true", slash="")
        if found is None or not root:
            missing = {"error": {"code": "PathNotFound", "message": "The specified path does not exist."}}
            raise Reply(404, missing, {**headers, "x-ms-error-code": "PathNotFound"})
        size = min(int(self.query.get("maxResults") or 5000), self.world.page_size)
        part, token = self.world.page(found, self.query.get("continuation"), size)
        if token:
            headers["x-ms-continuation"] = token
        paths = [
            {
                "name": f"{root}/{name}",
                **({"isDirectory": "true"} if is_folder else {}),
                **({} if size is None else {"contentLength": str(size)}),
                "etag": "0x1",
                "lastModified": "Thu, 01 Jan 2026 00:00:00 GMT",
                "owner": "$superuser",
                "group": "$superuser",
                "permissions": "rw-r-----",
            }
            for name, is_folder, size in part
        ]
        raise Reply(200, {"paths": paths}, headers)


class Other(Storage):
    """An origin that nobody has a credential for."""

    role = "other"

    def route(self):
        self.signed()
        raise Reply(200, "<!doctype html><html><title>Sign in</title></html>", kind="text/html")
