"""What the environment says becomes model servers, or a sentence that names the variable."""

import pickle

import pytest

from llm.errors import ConfigurationError
from llm.profiles import LOCAL, MODELSTUDIO, PROFILES, ModelServers

read = ModelServers.from_environment
INTERNATIONAL = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"


def test_no_key_at_all_means_the_local_server_does_everything() -> None:
    servers = read({})
    assert servers.profile is servers.embedding_profile is LOCAL
    assert servers.chat.base_url == servers.embedding.base_url == "http://127.0.0.1:8001/v1"
    assert servers.rerank is not None
    assert servers.rerank.base_url == "http://127.0.0.1:8001/v1/rerank"
    assert (servers.embedding_model, servers.embedding_dimensions) == ("zhinang-local-embedding", 256)
    assert servers.needs_local_server


@pytest.mark.parametrize("variable", ["DASHSCOPE_API_KEY", "API_KEY"])
def test_a_dashscope_key_means_model_studio(variable: str) -> None:
    servers = read({variable: "sk-1"})
    assert servers.profile is MODELSTUDIO
    assert (servers.chat.base_url, servers.chat.api_key) == (INTERNATIONAL, "sk-1")
    assert (servers.embedding_model, servers.embedding_dimensions) == ("text-embedding-v4", 1024)
    assert servers.limits.requests_per_minute == 600
    assert not servers.needs_local_server


def test_model_studio_reranks_under_another_root() -> None:
    servers = read({"DASHSCOPE_API_KEY": "sk-1"})
    assert servers.rerank is not None
    assert servers.rerank.base_url == "https://dashscope-intl.aliyuncs.com/compatible-api/v1/reranks"
    assert servers.rerank.api_key == "sk-1"


def test_dashscope_key_comes_before_api_key() -> None:
    assert read({"API_KEY": "b", "DASHSCOPE_API_KEY": "a"}).chat.api_key == "a"


@pytest.mark.parametrize(
    ("url", "profile"),
    [
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "modelstudio"),
        ("https://ws1.cn-beijing.maas.aliyuncs.com/compatible-mode/v1", "modelstudio"),
        ("https://api.openai.com/v1", "openai"),
        ("http://gpu:11434/v1", "ollama"),
        ("http://gpu:1234/v1", "lmstudio"),
        ("http://gpu:9997/v1", "xinference"),
        ("http://gpu:30000/v1", "sglang"),
        ("http://gpu:8000/v1", "compatible"),
        ("http://127.0.0.1:8001/v1", "local"),
    ],
)
def test_the_profile_is_guessed_from_the_address(url: str, profile: str) -> None:
    assert read({"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "k"}).profile.name == profile


def test_model_studios_key_with_an_unknown_address_is_a_gateway_before_it() -> None:
    servers = read({"OPENAI_BASE_URL": "https://models.example.com/v1", "DASHSCOPE_API_KEY": "sk-1"})
    assert servers.profile is MODELSTUDIO
    assert servers.rerank is not None
    assert servers.rerank.base_url == "https://models.example.com/compatible-api/v1/reranks"


def test_a_given_profile_is_not_guessed() -> None:
    servers = read({"OPENAI_BASE_URL": "http://gpu:8000/v1", "MODEL_PROFILE": "VLLM"})
    assert servers.profile.name == "vllm"
    assert servers.chat.api_key == ""


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://gpu:11434", "http://gpu:11434/v1"),
        ("http://gpu:11434/v1/", "http://gpu:11434/v1"),
        ("http://gpu:8000/v1/chat/completions", "http://gpu:8000/v1"),
        ("https://dashscope.aliyuncs.com", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
    ],
)
def test_addresses_are_forgiven_what_people_paste_along(given: str, used: str) -> None:
    assert read({"OPENAI_BASE_URL": given, "OPENAI_API_KEY": "k"}).chat.base_url == used


def test_chat_elsewhere_leaves_embeddings_to_the_local_server() -> None:
    servers = read({"OPENAI_BASE_URL": "http://gpu:8000/v1", "MODEL_PROFILE": "vllm"})
    assert servers.embedding_profile is LOCAL
    assert servers.rerank is None
    assert servers.needs_local_server


def test_an_embedding_model_named_stays_with_the_chat_server() -> None:
    env = {"OPENAI_BASE_URL": "http://gpu:11434/v1", "EMBEDDING_MODEL": "bge-m3", "EMBEDDING_DIMENSIONS": "1024"}
    servers = read(env)
    assert servers.embedding == servers.chat
    assert (servers.embedding_model, servers.embedding_dimensions) == ("bge-m3", 1024)


def test_embeddings_may_live_elsewhere() -> None:
    servers = read(
        {
            "DASHSCOPE_API_KEY": "sk-1",
            "EMBEDDING_BASE_URL": "http://gpu:9997/v1",
            "EMBEDDING_MODEL": "bge-m3",
            "EMBEDDING_API_KEY": "e",
        }
    )
    assert (servers.embedding_profile.name, servers.embedding.api_key) == ("xinference", "e")
    assert servers.embedding_dimensions is None


def test_the_chat_key_is_not_sent_to_another_host() -> None:
    servers = read(
        {
            "DASHSCOPE_API_KEY": "sk-1",
            "EMBEDDING_BASE_URL": "http://gpu:9997/v1",
            "EMBEDDING_MODEL": "m",
            "RERANK_URL": "http://gpu:9997/v1/rerank",
        }
    )
    assert servers.embedding.api_key == ""
    assert servers.rerank is not None
    assert servers.rerank.api_key == ""


def test_local_embeddings_beside_a_hosted_chat_model() -> None:
    servers = read({"DASHSCOPE_API_KEY": "sk-1", "EMBEDDING_MODEL": "zhinang-local-embedding"})
    assert servers.embedding_profile is LOCAL
    assert servers.embedding.api_key == ""
    assert servers.needs_local_server


def test_rerank_by_name_on_a_server_of_its_own() -> None:
    env = {"OPENAI_BASE_URL": "http://gpu:8000/v1", "RERANK_MODEL": "bge-reranker", "RERANK_API_KEY": "r"}
    servers = read(env)
    assert servers.rerank is not None
    assert (servers.rerank.base_url, servers.rerank.api_key) == ("http://gpu:8000/v1/rerank", "r")


@pytest.mark.parametrize(("variable", "word"), [("RERANK_MODEL", "none"), ("RERANK_URL", "off")])
def test_rerank_can_be_turned_off(variable: str, word: str) -> None:
    assert read({"DASHSCOPE_API_KEY": "sk-1", variable: word}).rerank is None


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"MODEL_PROFILE": "gpt"}, "MODEL_PROFILE"),
        ({"MODEL_PROFILE": "modelstudio"}, "DASHSCOPE_API_KEY"),
        ({"MODEL_PROFILE": "openai"}, "OPENAI_API_KEY"),
        ({"MODEL_PROFILE": "vllm"}, "OPENAI_BASE_URL"),
        ({"OPENAI_BASE_URL": "gpu:8000"}, "OPENAI_BASE_URL"),
        ({"OPENAI_BASE_URL": "http://gpu:port/v1"}, "OPENAI_BASE_URL"),
        ({"OPENAI_BASE_URL": "http://user:key@gpu/v1"}, "OPENAI_BASE_URL"),
        ({"LOCAL_MODEL_URL": "nowhere"}, "LOCAL_MODEL_URL"),
        ({"EMBEDDING_BASE_URL": "http://gpu:9/v1"}, "EMBEDDING_MODEL"),
        ({"EMBEDDING_BASE_URL": "ftp://gpu/v1", "EMBEDDING_MODEL": "m"}, "EMBEDDING_BASE_URL"),
        ({"EMBEDDING_DIMENSIONS": "many"}, "EMBEDDING_DIMENSIONS"),
        ({"EMBEDDING_DIMENSIONS": "0"}, "EMBEDDING_DIMENSIONS"),
        ({"DASHSCOPE_API_KEY": "sk-1", "EMBEDDING_DIMENSIONS": "1000"}, "2048, 1536, 1024"),
        ({"OPENAI_BASE_URL": "http://gpu:8000/v1", "RERANK_URL": "http://gpu:9/rerank"}, "RERANK_MODEL"),
        ({"RERANK_URL": "rerank"}, "RERANK_URL"),
        ({"DASHSCOPE_API_KEY": "sk-sp-1"}, "OPENAI_BASE_URL"),
        ({"MODEL_REQUESTS_PER_MINUTE": "-1"}, "MODEL_REQUESTS_PER_MINUTE"),
    ],
)
def test_a_wrong_value_gives_a_sentence_that_names_the_variable(env: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        read(env)
    assert str(caught.value).endswith(".")


def test_blank_values_count_as_not_set() -> None:
    assert read({"DASHSCOPE_API_KEY": "  ", "MODEL_PROFILE": ""}).profile is LOCAL


def test_secrets_are_never_in_a_repr() -> None:
    servers = read({"DASHSCOPE_API_KEY": "sk-verysecret", "EMBEDDING_API_KEY": "embedsecret"})
    assert "secret" not in repr(servers)


def test_servers_can_key_a_cache_and_cross_a_process() -> None:
    servers = read({"DASHSCOPE_API_KEY": "sk-1"})
    assert hash(servers) == hash(pickle.loads(pickle.dumps(servers)))


def test_every_profile_stands_under_its_own_name() -> None:
    assert all(profile.name == name for name, profile in PROFILES.items())
    assert {"modelstudio", "openai", "vllm", "sglang", "ollama", "lmstudio", "xinference", "local"} <= set(PROFILES)
