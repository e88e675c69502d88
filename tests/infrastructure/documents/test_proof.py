"""What rests on AWS alone is registered, all of it, and docs/proof.md shows the registry."""

from __future__ import annotations

import ast
import copy
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from documents import proof
from local.inside.patches import FOR_DEPLOYMENTS, PATCHES
from ops.costs import prices
from ops.proof.probe import Fact, Verdict
from ops.proof.registry import CLAIMS
from ops.proof.report import Report, newest
from project.checkout import ROOT
from tests.permissions.at_run_time import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infrastructure.conftest import Template

ALL = [claim for claims in CLAIMS.values() for claim in claims]
PAGES = {ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")} - {
    proof.DOCUMENT
}
_DOCUMENTATION = re.compile(r"https://docs\.aws\.amazon\.com/[^\s)>`\"|]+")


def statements(node: Any) -> Iterator[dict[str, Any]]:
    """Give the statements of all policies within a part of a template."""
    match node:
        case {"Effect": _, "Action": _}:
            yield node
        case dict():
            for part in node.values():
                yield from statements(part)
        case list():
            for part in node:
                yield from statements(part)
        case str() if '"Effect"' in node:  # a policy that is written as text
            yield from statements(json.loads(node))


def conditions(template: dict[str, Any]) -> set[str]:
    """Name each condition of a permission, with whom it is for: `key of whom`."""
    return {
        f"{key} of {_whom(statement)}"
        for statement in statements(_without_references(template["Resources"]))
        for keys in statement.get("Condition", {}).values()
        for key in keys
    }


def _whom(statement: dict[str, Any]) -> str:
    match statement.get("Principal"):
        case None:
            return "a role"
        case {"Service": str(service)}:
            return service
        case _:
            return "everybody"


def _without_references(node: Any) -> Any:
    """Put text in the place of what joins text with references, so that it can be read."""
    match node:
        case {"Fn::Join": [str(between), [*parts]]}:
            return between.join(p if isinstance(p, str) else "REFERENCE" for p in parts)
        case dict():
            return {key: _without_references(part) for key, part in node.items()}
        case list():
            return [_without_references(part) for part in node]
    return node


def sources() -> set[str]:
    """Give all pages that the claims name, without the places within them."""
    return {source.partition("#")[0] for claim in ALL for source in claim.sources}


def test_the_document_is_current() -> None:
    """docs/proof.md shows the registry as it is; `make docs` writes it."""
    assert proof.document(newest()) == proof.DOCUMENT.read_text()


@pytest.mark.parametrize("page", proof.PAGES)
def test_what_pages_say_of_it_is_current(page: str) -> None:
    """What a page says of what was tried is made from the newest report, not by hand."""
    text = (ROOT / page).read_text()
    assert "<!-- proof: " in text
    assert proof.marked(text, newest()) == text


def test_no_page_says_it_by_hand() -> None:
    """A sentence that something is read and not tried would stay when it was tried."""
    marks = re.compile(r"<!-- proof: [a-z-]+ -->.*?<!-- /proof -->", re.DOTALL)
    texts = {page: marks.sub("", page.read_text()) for page in PAGES}
    assert [page for page, text in texts.items() if "read, not tried" in text] == []


def report(*facts: Fact) -> Report:
    """Give a report of a run on AWS."""
    return Report(
        date="2026-12-01",
        where="aws",
        region="us-east-1",
        version="1.0.0",
        commit="0" * 40,
        dirty=False,
        template="",
        quick=False,
        ended="whole",
        seconds=1,
        facts=facts,
    )


def test_what_was_tried_is_said() -> None:
    """After a run each row says when it was tried and whether it holds, and so do the pages."""
    held = Fact("workers-decide-themselves", {}, {}, Verdict.HOLDS)
    other = Fact("header-lines", {}, {}, Verdict.DIFFERS)
    untold = Fact("access-log", {}, {}, Verdict.UNKNOWN)
    found = report(held, other, untold)
    text = proof.document(found)
    assert "Nothing here has run on AWS" not in text
    assert "of 3 claims 1 hold, 1 differ, 1 could not be told." in text
    assert text.count("| tried on 2026-12-01: holds: ") == 1
    assert text.count("| tried on 2026-12-01: differs: ") == 1
    assert ", 2 tried.\n" in text
    page = "A <!-- proof: workers-decide-themselves -->read, not tried<!-- /proof -->. B"
    assert "-->tried on 2026-12-01: holds<!--" in proof.marked(page, found)
    assert proof.marked(proof.marked(page, found), None) == page


@pytest.mark.parametrize("claim", ALL, ids=lambda claim: claim.id)
def test_a_claim_is_whole(claim: Any) -> None:
    """Each says in sentences what AWS does and what is seen, how to look, and who says so."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", claim.id)
    for text in (claim.says, claim.expected, claim.look):
        assert text.endswith("."), text
        assert "|" not in text
    assert claim.sources
    assert all(source.startswith("https://") for source in claim.sources)
    assert claim.said


@pytest.mark.parametrize("place", sorted({place for claim in ALL for place in claim.said}))
def test_a_place_is_there(place: str) -> None:
    """Where the registry says that something is said there is such a document or piece of code."""
    path, _, part = place.partition("#")
    text = (ROOT / path).read_text()
    if path.endswith(".md"):
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        slugs = {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in headings}
        assert part in {"", *slugs}
    elif part:
        tree = ast.walk(ast.parse(text))
        named = {getattr(node, "name", None) or getattr(node, "id", None) for node in tree}
        assert part in named


def test_no_id_is_given_twice() -> None:
    """A report can name a claim by its id."""
    assert len({claim.id for claim in ALL}) == len(ALL)


def test_every_patch_has_a_row() -> None:
    """What a patch says of AWS is registered, and nothing of a patch that is gone."""
    patches = {*PATCHES, *FOR_DEPLOYMENTS} - {"placeholders"}  # stands for what is left out
    assert {patch for claim in ALL for patch in claim.patches} == patches


def test_every_condition_has_a_row(templates: dict[str, Template]) -> None:
    """No permission hangs on a condition that nobody would look at on AWS, in any stage."""
    found = set().union(*(conditions(one.document) for one in templates.values()))
    assert found == {condition for claim in ALL for condition in claim.conditions}


def test_a_new_condition_is_found(prod: Template) -> None:
    """Whoever adds a condition to a policy is told to register it."""
    document = copy.deepcopy(prod.document)
    (policy, *_) = (r for r in document["Resources"].values() if r["Type"] == "AWS::IAM::Policy")
    policy["Properties"]["PolicyDocument"]["Statement"].append(
        {"Effect": "Allow", "Action": "s3:*", "Condition": {"Bool": {"aws:ViaAWSService": "true"}}}
    )
    assert conditions(document) - conditions(prod.document) == {"aws:ViaAWSService of a role"}


def test_what_aws_does_by_itself_has_rows() -> None:
    """Whatever excuses a permission as used by AWS itself is registered with its page."""
    assert {rule.source.partition("#")[0] for rule in RULES} <= sources()


def test_what_documents_take_from_aws_has_rows() -> None:
    """A link to AWS's documentation is registered with what it is to show.

    Those of prices stand in the table of prices, each with the day on which it was read.
    """
    links = {link for page in PAGES for link in _DOCUMENTATION.findall(page.read_text())}
    pages = {link.partition("#")[0].rstrip(".,") for link in links}
    priced = {str(price.seen) for price in prices.all_prices().values()}
    assert len(pages) > 10
    assert pages - priced <= sources()


def test_what_was_not_tried_has_rows() -> None:
    """Where a document says that something is read and not tried, the registry has it."""
    untried = {str(p.relative_to(ROOT)) for p in PAGES if "not tried" in p.read_text()}
    assert untried
    assert untried <= {place.partition("#")[0] for claim in ALL for place in claim.said}
