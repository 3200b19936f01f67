import anthropic
from support import KEY, MODEL, QUESTION, URL, WRONG_KEY, fault, raises, run


def client(key=KEY):
    return anthropic.Anthropic(base_url=URL, api_key=key, max_retries=0)


def ask(model=MODEL, key=KEY):
    return client(key).messages.create(model=model, max_tokens=64, messages=QUESTION)


def stream():
    with client().messages.stream(model=MODEL, max_tokens=64, messages=QUESTION) as events:
        return "".join(events.text_stream)


def test_message_answers():
    assert any(block.type == "text" and block.text for block in ask().content)


def test_message_streams():
    assert stream()


def test_counts_tokens():
    assert client().messages.count_tokens(model=MODEL, messages=QUESTION).input_tokens > 0


def test_auth_token_as_bearer():
    bearer = anthropic.Anthropic(base_url=URL, auth_token=KEY, api_key=None, max_retries=0)
    assert bearer.messages.create(model=MODEL, max_tokens=64, messages=QUESTION).content


def test_wrong_key_raises():
    with raises(anthropic.AuthenticationError):
        ask(key=WRONG_KEY)


def test_unknown_model_raises():
    with raises(anthropic.NotFoundError) as raised:
        ask(model="nobody-has-this")
    assert "nobody-has-this" in str(raised.error)


def test_error_mid_stream_raises():
    with fault("error-line", afterChunks=3), raises(anthropic.APIError):
        stream()


def test_broken_stream_raises():
    with fault("reset-mid-line", afterChunks=3), raises(anthropic.APIError):
        stream()


def test_stream_without_its_end_raises():
    with fault("clean-end", afterChunks=3), raises(anthropic.APIError):
        stream()


run(globals())
