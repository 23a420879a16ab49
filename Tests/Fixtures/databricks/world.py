"""What the stand-in holds: secrets, registered models, the files behind them, and the switches that make it misbehave."""

import base64
import hashlib
import threading
import time
import urllib.parse
import uuid
from pathlib import Path

# Long and with characters that change in base64 and percent form, so that a leak is found in each of them.
TOKEN = "dapi-stand-in-token-0f1e2d3c4b5a"
CLIENT_ID = "11111111-aaaa-bbbb-cccc-222222222222"
CLIENT_SECRET = "dose-stand-in/secret+of=client"
OIDC_JWT = "stand-in.oidc-jwt.of-the-workload"
GITHUB_RUNTIME_TOKEN = "gh-runtime-token-of-the-stand-in"
DEVOPS_TOKEN = "devops-access-token-of-the-stand-in"
TENANT = "99999999-0000-0000-0000-000000000000"
WORKSPACE_ID = "1234567890123456"
ACCOUNT_ID = "ac000000-0000-4000-8000-000000000001"
AWS = {
    "key": "ASIAFAKEFAKEFAKEFAKE",
    "secret": "fakeSecret/with+chars0123456789",
    "session": "FAKE//session+token==0123456789",
    "region": "eu-west-1",
}
BUCKET = "fake-uc-bucket"
AZURE_ACCOUNT, AZURE_FILE_SYSTEM = "fakeacct", "metastore"
SAS = "sv=2023-11-03&se=2099-01-01T00%3A00%3A00Z&sr=d&sp=rl&sdd=5&skoid=0&sig=FAKE%2Fsig%2Bnature0123456789%3D"
GOOGLE_TOKEN = "ya29.fake-google-token-0123456789"
# The MLflow listener asks for these when `mlflow_login` is set.
MLFLOW_USER, MLFLOW_PASSWORD = "stand-in-user", "stand-in/pass+word="

RUN_ID = "0123456789abcdef0123456789abcdef"
MODEL_ID = "m-0123456789abcdef0123456789abcdef"
EXPERIMENT_ID = "4242"
TRACKING = f"dbfs:/databricks/mlflow-tracking/{EXPERIMENT_ID}"

# Workspace registry: name -> (tree, {version: (stage, status)}).
WORKSPACE_MODELS = {
    "churn": ("model", {"1": ("Archived", "READY"), "2": ("Production", "READY"), "3": ("None", "READY")}),
    "churn model é": ("model", {"1": ("Staging", "READY")}),
    "pending": ("model", {"1": ("None", "PENDING_REGISTRATION")}),
    "failed": ("model", {"1": ("None", "FAILED_REGISTRATION")}),
    "ten": ("ten", {"1": ("Production", "READY")}),
    "large": ("large", {"1": ("Production", "READY")}),
    "small": ("small", {"1": ("Production", "READY")}),
    "medium": ("medium", {"1": ("Production", "READY")}),
}
# Unity Catalog: name -> (tree, {version: (storage, status)}, {alias: version}).
CATALOG_MODELS = {
    "main.default.churn": (
        "model",
        {
            "1": ("presigned", "READY"),
            "2": ("aws", "READY"),
            "3": ("azure", "READY"),
            "4": ("gcp", "READY"),
            "5": ("r2", "READY"),
            "6": ("unknown", "READY"),
            "7": ("presigned", "PENDING_REGISTRATION"),
        },
        {"champion": "1", "s3": "2", "adls": "3", "gcs": "4"},
    ),
    "main.my schema.churn é": ("model", {"1": ("presigned", "READY")}, {"champion": "1"}),
    "main.default.ten": ("ten", {"1": ("presigned", "READY")}, {}),
    "main.default.medium": ("medium", {"1": ("presigned", "READY")}, {}),
    "main.default.large": ("large", {"1": ("presigned", "READY"), "2": ("aws", "READY")}, {}),
    "main.default.small": (
        "small",
        {"1": ("presigned", "READY"), "2": ("aws", "READY"), "3": ("azure", "READY"), "4": ("gcp", "READY")},
        {},
    ),
}

SETTINGS = {
    "page_size": (3, "entries on a page when the client does not ask for a size"),
    "signed_ttl": (900, "seconds that a signed URL lives"),
    "signed_headers": (True, "signed URLs need a further header"),
    "signed_base": ("", "scheme, host and port in signed URLs in place of the storage listener"),
    "expire_after": (0, "a signed URL ends, with the connection, after so many bytes; 0 = never"),
    "signed_urls": ("on", "on, off (403 FILES_API_API_IS_NOT_ENABLED) or zone (500 network zone unknown)"),
    "files_api": ("on", "on, denied (403) or absent (404 ENDPOINT_NOT_FOUND)"),
    "credentials": ("on", "on or denied: temporary credentials for storage"),
    "credentials_ttl": (3600, "seconds until the temporary credentials say that they end"),
    "oauth_ttl": (3600, "seconds that an OAuth token lives"),
    "token_uses": (0, "an OAuth token ends after so many requests; 0 = never"),
    "sdk_repo": (False, "tell MLflow to use the Databricks SDK for Unity Catalog"),
    "host_metadata": (True, "answer /.well-known/databricks-config"),
    "ignore_range": (False, "answer Range with 200 and the whole file"),
    "rate": (0, "bytes per second of each file; 0 = no limit"),
    "chunked": (False, "MLflow listener: files without Content-Length and without Range, as a real server with object storage"),
    "presigned": (False, "MLflow listener: offers presigned downloads"),
    "mlflow_login": (False, "MLflow listener: asks for user and password"),
    "extra_entries": ([], "hostile listing: entries [{path, is_dir, file_size}] in front of those of the model's root"),
    "sizes": ("right", "hostile listing: right, text, missing, wrong or negative sizes"),
    "repeat_token": (False, "hostile listing: every page names itself as the next"),
    "own_folder": (False, "hostile listing: each folder lists a folder in itself, without an end"),
    "change_after": (0, "hostile listing: after so many listings of the root a further file appears; 0 = never"),
}


class World:
    """The state of one running stand-in. Handlers of many threads use it; `lock` guards what they change."""

    def __init__(self, folder: Path, bind: str):
        self.folder = folder
        self.bind = bind
        self.ports = {}
        self.lock = threading.Lock()
        self.settings = {name: value for name, (value, _) in SETTINGS.items()}
        self.log = []
        self.faults = []
        self.signed = {}  # id -> [tree, path, end (epoch seconds), headers, bytes served]
        self.issued = {}  # OAuth token -> [end (epoch seconds), requests left or None]
        self.root_listings = 0
        self.secrets = {
            TOKEN,
            CLIENT_SECRET,
            OIDC_JWT,
            GITHUB_RUNTIME_TOKEN,
            DEVOPS_TOKEN,
            AWS["secret"],
            AWS["session"],
            urllib.parse.unquote(SAS.rsplit("sig=", 1)[1]),
            GOOGLE_TOKEN,
            MLFLOW_PASSWORD,
        }

    def __getattr__(self, name):
        try:
            return self.__dict__["settings"][name]
        except KeyError:
            raise AttributeError(name) from None

    def reset(self):
        with self.lock:
            self.settings = {name: value for name, (value, _) in SETTINGS.items()}
            self.log.clear()
            self.faults.clear()
            self.signed.clear()
            self.issued.clear()
            self.root_listings = 0

    def origin(self, role: str) -> str:
        return f"http://{self.bind}:{self.ports[role]}"

    # -- files

    def tree(self, name: str) -> Path:
        return self.folder / "trees" / name

    def file(self, tree: str, path: str):
        """The file `path` of a tree, or None."""
        root = self.tree(tree)
        file = root / path
        inside = root.resolve() in file.resolve().parents if "\0" not in path else False
        return file if inside and file.is_file() else None

    def entries(self, tree: str, path: str):
        """[(path from the model's root, is folder, size)] one level below `path`; a file lists itself; None: there is nothing."""
        path = path.strip("/")
        root = self.tree(tree)
        place = root / path if path else root
        if self.own_folder and path.endswith("own"):
            return [(path + "/own", True, 0)]
        if "\0" in path or root.resolve() not in [place.resolve(), *place.resolve().parents]:
            return None
        if place.is_file():
            return self.misled([(path, False, place.stat().st_size)])
        if not place.is_dir():
            return None
        found = [
            (str(child.relative_to(root)), child.is_dir(), 0 if child.is_dir() else child.stat().st_size)
            for child in sorted(place.iterdir(), key=lambda child: child.name)
        ]
        if self.own_folder:
            found.append(((path + "/own").lstrip("/"), True, 0))
        if not path:
            with self.lock:
                self.root_listings += 1
                changed = 0 < self.change_after < self.root_listings
            extra = [(entry["path"], entry.get("is_dir", False), entry.get("file_size", 1)) for entry in self.extra_entries]
            found = extra + found + ([("zz-new.txt", False, 3)] if changed else [])
        return self.misled(found)

    def misled(self, found):
        """What a server that lists sizes wrongly says instead."""
        change = {
            "right": lambda size: size,
            "text": str,
            "missing": lambda size: None,
            "wrong": lambda size: size + 1,
            "negative": lambda size: -1,
        }[self.sizes]
        return [(path, is_folder, size if is_folder else change(size)) for path, is_folder, size in found]

    def page(self, items, token, size):
        """One page of `items` and the token of the next, or None."""
        if self.repeat_token:
            return items[:size], "again"
        start = int(base64.b64decode(token)) if token else 0
        end = start + size
        return items[start:end], base64.b64encode(str(end).encode()).decode() if end < len(items) else None

    # -- what is handed out

    def sign(self, tree: str, path: str):
        """A signed URL and the headers that have to come with it."""
        number = uuid.uuid4().hex
        headers = {"x-stand-in-required": "yes"} if self.signed_headers else {}
        signature = hashlib.sha256(number.encode()).hexdigest()
        with self.lock:
            self.signed[number] = [tree, path, time.time() + self.signed_ttl, headers, 0]
            self.secrets.add(signature)
        base = self.signed_base or self.origin("storage")
        return (
            f"{base}/signed/{number}/{urllib.parse.quote(path)}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            f"&X-Amz-Expires={self.signed_ttl}&X-Amz-Signature={signature}&x=a%2Bb%2Fc%3D",
            headers,
        )

    def issue(self, prefix: str, seconds: int):
        token = prefix + uuid.uuid4().hex
        with self.lock:
            self.issued[token] = [time.time() + seconds, self.token_uses or None]
            self.secrets.add(token)
        return token

    def accepts(self, token: str) -> bool:
        """Whether an OAuth token is good for one more request."""
        with self.lock:
            known = self.issued.get(token)
            if known is None or known[0] <= time.time() or known[1] == 0:
                return False
            if known[1] is not None:
                known[1] -= 1
            return True

    def expire(self, what):
        """Ends all tokens or signed URLs at once."""
        with self.lock:
            if "tokens" in what:
                for known in self.issued.values():
                    known[0] = 0
            if "urls" in what:
                for known in self.signed.values():
                    known[2] = 0


def blob(size: int, seed: bytes) -> bytes:
    """`size` bytes that do not repeat and do not compress."""
    state = hashlib.shake_128(seed)
    return state.digest(size)


def make_trees(folder: Path):
    """The models: `model` (odd names, an empty file, 3 MiB, folders over several pages), `ten` small files, `small` and
    `medium` for a thousand runs, `large` (two files over 8 MiB). Each is a folder that MLflow would take for a model."""
    text = "artifact_path: model\nflavors:\n  python_function:\n    loader_module: stand_in\n"
    trees = {
        "model": {
            "MLmodel": text.encode(),
            "requirements.txt": b"numpy\n",
            "data/weights.bin": blob(3 * 1024 * 1024 + 17, b"weights"),
            "data/sp ace+é%41&#.txt": b"odd name\n",
            "empty.bin": b"",
            **{f"many/f{number}.txt": f"file {number}\n".encode() for number in range(5)},
        },
        "ten": {"MLmodel": text.encode(), **{f"part-{number}.bin": blob(2000 + number, b"ten%d" % number) for number in range(9)}},
        "small": {
            "MLmodel": text.encode(),
            "model.bin": blob(300_001, b"small"),
            "data/a b.bin": blob(5_000, b"a"),
            "data/c.bin": blob(65_536, b"c"),
            "data/empty": b"",
        },
        # Over the size from which addresses are signed.
        "medium": {"MLmodel": text.encode(), "weights.bin": blob((8 << 20) + 5, b"medium"), "data/c.bin": blob(70_000, b"d")},
        "large": {
            "MLmodel": text.encode(),
            "weights-a.bin": blob(40 << 20, b"large a"),
            "weights-b.bin": blob((24 << 20) + 1, b"large b"),
        },
    }
    for tree, files in trees.items():
        for path, contents in files.items():
            file = folder / "trees" / tree / path
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(contents)
