"""Write what is made from tables of the Elasticsearch platform: `deploy/`, answers in its docs.

`make reference` runs it; a test fails when a file is not what the tables say.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from .rendering import ROOT, copy_template, render

TEMPLATE = ROOT / "template"
DOCS = TEMPLATE / "docs" / "elasticsearch.md"
DEPLOY = TEMPLATE / "deploy" / "elasticsearch"
BEGIN = "<!-- answers: made from `answers.py` -->\n"
END = "<!-- end of answers -->\n"

_FILES = {
    "lifecycle policy": "1-lifecycle-policy.json",
    "ingest pipeline": "2-ingest-pipeline.json",
    "component template of mappings": "3-mappings.json",
    "component template of settings": "4-settings.json",
    "index template": "5-index-template.json",
}
_WORDS = {
    "deliver": "delivered",
    "retry": "sent again",
    "hold": "on hold, with an alert",
    "split": "halved until the culprit is found",
    "reject": "rejected: dead letter, or dropped and counted",
}
_OTHER = "any other type"
_PACKAGE = "acme_elasticsearch"
_ROLES = {"elasticsearch": "/_security/role/", "opensearch": "/_plugins/_security/api/roles/"}


def main() -> None:
    """Write all files anew."""
    made = made_files()
    for path in made_there() - made.keys():
        path.unlink()
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def made_there() -> set[Path]:
    """Return the files that are there in the folders that hold nothing but made ones."""
    return {path for name in _ROLES for path in (DEPLOY / name).rglob("*") if path.is_file()}


def made_files() -> dict[Path, str]:
    """Return path -> text of all that is made from tables."""
    with tempfile.TemporaryDirectory() as folder:
        template = copy_template(Path(folder) / "template")
        project = render(template, Path(folder) / "project", platform="elasticsearch")
        sys.path.insert(0, str(project / "src"))
        try:
            return {DOCS: _with_answers(DOCS.read_text(encoding="utf-8")), **_deploy_files()}
        finally:
            sys.path.remove(str(project / "src"))
            for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
                del sys.modules[name]


def _module(name: str) -> Any:
    return importlib.import_module(f"{_PACKAGE}.elasticsearch.{name}")


def _deploy_files() -> dict[Path, str]:
    config = _module("config").ElasticsearchConfig(url="https://localhost:9200")
    objects, admin = _module("objects"), _module("admin")
    files: dict[Path, str] = {}
    rows = ["| File | Sent as |", "| --- | --- |"]
    for name, roles in _ROLES.items():
        product = admin.Product(name)
        for thing in objects.things(config, product):
            path = DEPLOY / name / _FILES[thing.kind]
            files[path] = _json(thing.body)
            rows.append(f"| `{path.relative_to(DEPLOY).as_posix()}` | `PUT {thing.path}` |")
        files[DEPLOY / name / "role.json"] = _json(objects.role(config, product))
        rows.append(f"| `{name}/role.json` | `PUT {roles}{objects.base_name(config)}` |")
    elasticsearch = admin.Product("elasticsearch")
    files[DEPLOY / "elasticsearch" / "api-key.json"] = _json(objects.api_key(config, elasticsearch))
    rows.append(
        "| `elasticsearch/api-key.json` | `POST /_security/api_key`; the answer has the key |"
    )
    files[DEPLOY / "README.md"] = _README.format(table="\n".join(rows))
    return files


def _with_answers(page: str) -> str:
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + _answers() + END + after


def _answers() -> str:
    """Return the tables of answers, as Markdown."""
    answers, settings = (
        _module("answers"),
        importlib.import_module(f"{_PACKAGE}._delivery.settings"),
    )
    items = {(status, ""): rule for status, rule in answers.ITEM_RULES.items()}
    for key in answers.RULES_BY_TYPE.keys() & items.keys():
        items[key[0], _OTHER] = items[key]  # the rule of the status is for the types without one
    items |= answers.RULES_BY_TYPE
    chosen = {(status, ""): rule for status, rule in answers.CHOSEN_RULES.items()}
    known = settings.HTTP_STATUS_CLASSES.items()
    whole = {(status, ""): answers.Rule(kind) for status, kind in known}
    whole |= {(status, ""): rule for status, rule in answers.REQUEST_RULES.items()}
    whole |= {key: rule for key, rule in answers.RULES_BY_TYPE.items() if key[0] != 409}
    rest = "| 3xx, any other 4xx | on hold, with an alert |\n| any other 5xx | sent again |\n"
    return "".join(
        [
            "\nFor one document:\n\n",
            _table(items),
            f"\nThe same for a 400 `{answers.OF_MANY_KINDS}` whose reason begins like this:\n\n",
            _table({(400, beginning): rule for beginning, rule in answers.RULES_BY_REASON.items()}),
            "\nFor a document whose data stream the event chose, instead of a hold:\n\n",
            _table(chosen),
            "\nFor a whole request:\n\n",
            _table(whole),
            rest,
        ]
    )


def _table(rules: dict[tuple[int, str], Any]) -> str:
    rows = ["| Answer | Meaning |", "| --- | --- |"]
    for (status, error_type), rule in sorted(rules.items()):
        answer = f"{status} `{error_type}`" if error_type else f"{status}"
        answer = f"{status}, {_OTHER}" if error_type == _OTHER else answer
        meaning = _WORDS[rule.kind]
        meaning += f", after {rule.after_seconds:g} s or more" if rule.after_seconds else ""
        meaning += f": {rule.advice}" if rule.advice else ""
        rows.append(f"| {answer} | {meaning} |")
    return "\n".join(rows) + "\n"


def _json(body: Any) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


_README = """\
# What the cluster needs

<!-- Yours: `copier update` merges changes of the template into it. -->

These files are for `data_stream: logs-fapilog-default`. `setup` makes the same for your settings,
shows it first, and touches nothing of anybody else's. By hand, in this order, as an administrator:

{table}

```sh
curl -X PUT "$URL/_index_template/logs-fapilog" -H 'Content-Type: application/json' \\
  -H "Authorization: ApiKey $ADMIN_KEY" --data-binary @elasticsearch/5-index-template.json
```

`role.json` is the least that the sink needs: it may create documents, and neither read nor delete
any.

`compose.yaml` starts a node to try this with. The `.env` files are settings of the sink for three
situations: [deployment.md](../../docs/deployment.md).
"""


if __name__ == "__main__":
    main()
