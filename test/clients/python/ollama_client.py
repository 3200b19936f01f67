import ollama
from support import EMBEDDER, KEY, MODEL, QUESTION, URL, WRONG_KEY, fault, raises, run


def client(key=KEY):
    return ollama.Client(host=URL, headers={"Authorization": f"Bearer {key}"})


def test_chat_answers():
    answer = client().chat(model=MODEL, messages=QUESTION)
    assert answer.done and answer.message.content


def test_chat_streams():
    parts = list(client().chat(model=MODEL, messages=QUESTION, stream=True))
    assert len(parts) > 2 and parts[-1].done


def test_generate_streams():
    parts = list(client().generate(model=MODEL, prompt="Why?", stream=True))
    assert len(parts) > 2 and parts[-1].done


def test_embeds():
    assert len(client().embed(model=EMBEDDER, input=["a", "b"]).embeddings) == 2


def test_lists_models():
    assert MODEL in [model.model for model in client().list().models]


def test_key_in_the_url():
    answer = ollama.Client(host=f"{URL}/k/{KEY}").chat(model=MODEL, messages=QUESTION)
    assert answer.message.content


def test_wrong_key_raises():
    with raises(ollama.ResponseError) as raised:
        client(WRONG_KEY).chat(model=MODEL, messages=QUESTION)
    assert raised.error.status_code == 401, raised.error


def test_unknown_model_raises():
    with raises(ollama.ResponseError) as raised:
        client().chat(model="nobody-has-this", messages=QUESTION)
    assert raised.error.status_code == 404 and "nobody-has-this" in raised.error.error, raised.error


def test_error_mid_stream_raises():
    with fault("error-line", afterChunks=3), raises(ollama.ResponseError):
        list(client().chat(model=MODEL, messages=QUESTION, stream=True))


def test_broken_stream_raises():
    with fault("reset-mid-line", afterChunks=3), raises(ollama.ResponseError):
        list(client().chat(model=MODEL, messages=QUESTION, stream=True))


def test_stream_without_its_end_raises():
    with fault("clean-end", afterChunks=3), raises(ollama.ResponseError):
        list(client().chat(model=MODEL, messages=QUESTION, stream=True))


run(globals())
