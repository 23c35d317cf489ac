"""The page of LangSmith's operations is true: it names them all, and what it calls done is requested and tested."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from docs.coverage import operations
from lsnb import sandbox
from lsnb.organization import Organization
from lsnb.plan import CHANGE_KINDS
from lsnb.service import capabilities
from lsnb.service.api import Api
from lsnb.service.api.keys import NewKey
from lsnb.service.config import load_settings
from lsnb.service.progress import Silent
from lsnb.service.secret_sinks import SecretBox
from lsnb.service.transport import Transport
from lsnb.service.user_only import UserOnly
from lsnb.tables import SPECS
from tests.apply import things as t
from tests.apply.acme import EVERY_KIND, Acme

TESTS = Path(__file__).parent
CONTRACT = TESTS.parents[1] / "shared" / "langsmith"
METHODS = ("get", "post", "put", "patch", "delete")
need_contract = pytest.mark.skipif(not CONTRACT.is_dir(), reason="the service's contract is not beside this checkout")


def key_of(operation):
    """Name an operation without the names of its parameters, which differ between documents."""
    return operation.method, re.sub(r"{\w+}", "{}", operation.full_path)


def test_every_operation_stands_there_once():
    """No operation is in two groups."""
    keys = [key_of(operation) for operation in operations()]
    assert len(set(keys)) == len(keys)


@need_contract
def test_all_operations_of_the_official_document_are_there():
    """Nothing of it is missing, and nothing is called official that is newer."""
    paths = json.loads((CONTRACT / "openapi-admin.json").read_text(encoding="utf-8"))["paths"]
    official = {
        (method.upper(), re.sub(r"{\w+}", "{}", path))
        for path, item in paths.items()
        for method in item
        if method in METHODS
    }
    assert 123 == len(official)
    assert official == {key_of(operation) for operation in operations() if not operation.is_newer}


def told(text, *, with_seed):
    """Read the operations of the tables of a text: (method, short path) to what the column of LangSmith's page says."""
    found, base, column = {}, "", None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("|"):
            column = None
        elif column is None:
            column = cells.index("Seed") if "Seed" in cells else -1
        elif column >= 0 or not with_seed:
            for methods, path in re.findall(
                r"((?:GET|POST|PUT|PATCH|DELETE)(?:(?:/| / )(?:POST|PUT|PATCH|DELETE))*) `([^`]+)`", cells[0]
            ):
                path = path.partition("?")[0].removeprefix("/api/v1")
                if path.startswith("/"):
                    base = path
                else:
                    path = re.sub(r"/{\w+}$", "", base) + path.removeprefix("…")
                for method in re.split(r" ?/ ?", methods):
                    found[method, re.sub(r"{\w+}", "{}", path)] = cells[column][:1] if column >= 0 else ""
    return found


@need_contract
def test_what_langsmiths_page_names_is_all_there():
    """The column agrees with the contract, and of what the page names nothing is left out."""
    text = (CONTRACT / "API.md").read_text(encoding="utf-8")
    section = text[text.index("## 8. Endpoints") : text.index("## 9. Newer")]
    wanted = {key for key, seed in told(section, with_seed=True).items() if seed in "YS" and seed}
    # That section's headings name the rest: the one operation of single sign-on.
    wanted |= {("POST", "/sso/email-verification/send")}
    named = {(method, path.removeprefix("/api/v1")): o for o in operations() for method, path in [key_of(o)] if o.seed}
    assert wanted == {key for key, operation in named.items() if not operation.is_newer}
    assert (25, 2) == (len(wanted), sum(operation.seed == "S" for operation in named.values()))
    assert [] == [key for key, operation in named.items() if operation.status == "no"]
    assert [("PATCH", "/orgs/current/service-keys/{}")] == [key for key, o in named.items() if o.is_newer]


@need_contract
def test_newer_operations_are_all_there():
    """What is documented and not in the official document has its rows too."""
    text = (CONTRACT / "API.md").read_text(encoding="utf-8")
    section = text[text.index("## 9. Newer") : text.index("## 10. Recipes")]
    ours = {
        (method, path.removeprefix("/api/v1").replace("/v1/platform", "/platform"))
        for method, path in map(key_of, operations())
    }
    newer = {(m, p) for m, p in told(section, with_seed=False) if p.startswith("/") and "…" not in p}
    newer = {(m, re.sub(r"^(/\S+?) .*", r"\1", p)) for m, p in newer}
    assert len(newer) >= 8
    assert set() == newer - ours
    # Written with two paths in a row, or as the other method of the same path.
    for key in (
        ("DELETE", "/orgs/current/personal-access-tokens/{}/revocation"),
        ("PATCH", "/workspaces/current/members/{}/pending"),
        ("DELETE", "/platform/orgs/current/access-policies/roles/{}/access-policies"),
    ):
        assert key in ours


def names_in(text):
    """Find what the page names in a row."""
    return re.findall(r"`([^`]+)`", text)


def exists(name):
    """Tell whether what the page names is there in lsnb, or is an operation or setting of the service."""
    head, _, rest = name.partition(".")
    places = {"Api": Api, "UserOnly": UserOnly, "org": Organization, "offers": capabilities}
    if head == "snap":
        return rest in SPECS
    if head in places:
        return hasattr(places[head], rest)
    return name in CHANGE_KINDS or name in ("sso_only", "unshare_all") or re.match(r"(GET|POST|PATCH|DELETE) /", name)


@pytest.mark.parametrize("operation", operations(), ids=lambda o: f"{o.method} {o.path}")
def test_what_a_row_names_is_there(operation):
    """Tables, kinds of change, methods and tests that the page names exist; every done row has a test."""
    assert operation.by
    assert [] == [name for name in names_in(operation.by) if not exists(name)]
    if operation.status in ("done", "user only"):
        file, _, function = operation.test.partition("::")
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if operation.status in ("done", "another way"):
        assert names_in(operation.by)


@pytest.fixture(scope="module")
def requested(tmp_path_factory):
    """Drive the demo organization through everything that the page calls done; give the requests that went well."""
    folder = tmp_path_factory.mktemp("driven")
    seen = []

    def collect(server):
        seen.extend((line["method"], line["path"]) for line in server.requests if line["status"] < 400)
        server.reset()

    def connect(server, key):
        return Organization(Transport(load_settings(endpoint=server.url, api_key=server.keys[key], environ={})))

    with sandbox.start(seed="small") as server:
        acme = Acme(server)
        org = connect(server, "admin_pat")
        org.whoami()
        org.snapshot(display=Silent())
        connect(server, "workspace_key").snapshot(display=Silent())
        collect(server)
        server.state.behaviours.enriched_members = False
        org.snapshot(tables=["access"], display=Silent())
        collect(server)
        for number, rows in enumerate(
            (
                EVERY_KIND,
                (
                    ("new.six", "", "Organization User"),
                    ("new.seven", "", "Organization User"),
                    ("new.hire", "Production", "Viewer"),
                    ("new.hire", "Staging", "", "remove"),
                    ("mixed.case@partner.example", "", "Organization User"),
                ),
            )
        ):
            assert acme.apply(acme.plan(*rows), journal=folder / f"people-{number}.jsonl").is_done
            collect(server)
        t.prepare(acme)
        plan = t.plan_of(acme, *t.every_kind(acme), t.setting("sso_only", True, False))
        server.state.organization.settings["sso_only"] = True
        assert acme.apply(plan, journal=folder / "things.jsonl", secrets=SecretBox()).is_done
        acme.api.restrict_role(acme.role_id("Annotator"), is_restricted=True)
        collect(server)
        adds = [
            t.add_member(acme, name, "Security Review")
            for name in ("grace.kim", "mei.tanaka", "zoe.muller", "wei.zhang", "anton.vogel", "liam.murphy")
        ]
        here = {email for email, where, _ in acme.grants() if where == "Security Review"}
        adds = [change for change in adds if change.email not in here]
        assert acme.apply(t.plan_of(acme, *adds), journal=folder / "adds.jsonl").is_done
        collect(server)
        next(key for key in server.state.keys.values() if key.name == "workspace_key").role_id = acme.role_id("Admin")
        limited, place = Acme(server, key="workspace_key"), acme.workspace_id("Production")
        made = limited.api.create_workspace_key(place, NewKey("Extra", acme.role_id("Viewer"), None, (place,)))
        limited.api.delete_workspace_key(place, made.record["id"])
        collect(server)
    return seen


@pytest.mark.parametrize(
    "operation", [o for o in operations() if o.status == "done"], ids=lambda o: f"{o.method} {o.path}"
)
def test_what_is_marked_done_is_requested(requested, operation):
    """A snapshot and plans of every kind reach the operation, and the service carries it out."""
    path = re.sub(r"{\w+}", "[^/]+", operation.full_path)
    if not path.startswith("/api/"):
        path = f"(?:/api|/api/v1)?{path}"
    wanted = re.compile(path)
    assert any(method == operation.method and wanted.fullmatch(where) for method, where in requested)
