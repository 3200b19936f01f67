import ollama
from langchain_ollama import ChatOllama, OllamaEmbeddings
from support import EMBEDDER, KEY, MODEL, URL, WRONG_KEY, fault, raises, run


def model(name=MODEL, key=KEY):
    headers = {"Authorization": f"Bearer {key}"}
    return ChatOllama(model=name, base_url=URL, client_kwargs={"headers": headers})


def test_invoke_answers():
    assert model().invoke("Why is the sky blue?").text


def test_streams():
    assert len(list(model().stream("Why is the sky blue?"))) > 2


def test_embeds():
    headers = {"Authorization": f"Bearer {KEY}"}
    embedder = OllamaEmbeddings(model=EMBEDDER, base_url=URL, client_kwargs={"headers": headers})
    assert len(embedder.embed_documents(["a", "b"])) == 2


def test_key_in_the_url():
    assert ChatOllama(model=MODEL, base_url=f"{URL}/k/{KEY}").invoke("Why?").text


def test_wrong_key_raises():
    with raises(ollama.ResponseError):
        model(key=WRONG_KEY).invoke("Why?")


def test_unknown_model_raises():
    with raises(ollama.ResponseError):
        model("nobody-has-this").invoke("Why?")


def test_broken_stream_raises():
    with fault("reset-mid-line", afterChunks=3), raises(ollama.ResponseError):
        list(model().stream("Why is the sky blue?"))


def test_stream_without_its_end_raises():
    with fault("clean-end", afterChunks=3), raises(ollama.ResponseError):
        list(model().stream("Why is the sky blue?"))


run(globals())
