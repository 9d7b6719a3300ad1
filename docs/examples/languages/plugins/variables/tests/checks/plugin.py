"""A test that is a component: it calls the plugin and looks at what is sent. Its main file is called as a plugin's."""

from componentize_py_types import Err

from mighost.plugins import testing, variables

TEMPERATURE = """
air_temperature:
  title: Air temperature
  minimum: -90
  maximum: 60
"""


def one_statement_for_each_limit_and_the_comment():
    count = variables.describe("readings", TEMPERATURE)
    sent = testing.statements()
    assert count == 1, count
    assert any(">= -90" in statement for statement in sent), sent
    assert any("<= 60" in statement for statement in sent), sent
    assert sent[-1].startswith("comment on column"), sent


def what_was_described_can_be_forgotten():
    variables.describe("readings", TEMPERATURE)
    described = len(testing.statements())
    variables.forget("readings", TEMPERATURE)
    assert len(testing.statements()) == 2 * described, testing.statements()


def a_misspelt_key_is_refused():
    try:
        testing.call("plugin variables", 'describe("readings", "a: {minimun: 1}")')
    except Err as error:
        assert "minimun is not known" in error.value.text, error.value.text
    else:
        raise AssertionError("it was taken")


CASES = [one_statement_for_each_limit_and_the_comment, what_was_described_can_be_forgotten, a_misspelt_key_is_refused]


def cases():
    return [case.__name__.replace("_", " ") for case in CASES]


def run(name):
    for case in CASES:
        if case.__name__.replace("_", " ") == name:
            case()
