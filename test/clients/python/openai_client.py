import openai
from support import EMBEDDER, KEY, MODEL, QUESTION, URL, WRONG_KEY, fault, raises, run


def client(key=KEY):
    return openai.OpenAI(base_url=f"{URL}/v1", api_key=key, max_retries=0)


def stream():
    return list(client().chat.completions.create(model=MODEL, messages=QUESTION, stream=True))


def test_chat_answers():
    answer = client().chat.completions.create(model=MODEL, messages=QUESTION)
    assert answer.choices[0].message.content


def test_chat_streams():
    chunks = stream()
    assert len(chunks) > 2 and chunks[-1].choices[0].finish_reason


def test_responses_stream():
    events = list(client().responses.create(model=MODEL, input="Why?", stream=True))
    assert events[-1].type == "response.completed"


def test_embeds():
    answer = client().embeddings.create(model=EMBEDDER, input=["a", "b"])
    assert len(answer.data) == 2


def test_lists_models():
    assert MODEL in [model.id for model in client().models.list()]


def test_wrong_key_raises():
    with raises(openai.AuthenticationError):
        client(WRONG_KEY).chat.completions.create(model=MODEL, messages=QUESTION)


def test_unknown_model_raises():
    with raises(openai.NotFoundError) as raised:
        client().chat.completions.create(model="nobody-has-this", messages=QUESTION)
    assert "nobody-has-this" in str(raised.error)


def test_error_mid_stream_raises():
    with fault("error-line", afterChunks=3), raises(openai.APIError):
        stream()


def test_broken_stream_raises():
    with fault("reset-mid-line", afterChunks=3), raises(openai.APIError):
        stream()


def test_stream_without_its_end_raises():
    with fault("clean-end", afterChunks=3), raises(openai.APIError):
        stream()


def test_broken_answer_raises():
    with fault("reset-after-headers"), raises(openai.APIError):
        client().chat.completions.create(model=MODEL, messages=QUESTION)


run(globals())
