"""What is made from the tables of the Elasticsearch platform is what the tables say."""

from scripts.elasticsearch_files import DEPLOY, made_files, made_there


def test_files_are_current() -> None:
    """`make reference` makes them so again."""
    made = made_files()
    assert made_there() == {path for path in made if path.parent.parent == DEPLOY}
    assert [path for path, text in made.items() if path.read_text(encoding="utf-8") != text] == []
