"""What each kind of model server differs in: one table. No vendor's field is named anywhere else.

Every server speaks OpenAI's shapes; the differences are which switch turns thinking on and off, which fields may
not travel together, what the models are called, and how much one embedding request may carry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import urlsplit

from llm.errors import ConfigurationError

ThinkingSwitch = Literal["enable_thinking", "chat_template_kwargs", "reasoning_effort", "none"]

ALIASES = ("qwen3-max", "qwen3-max-instruct", "qwen3-max-thinking")
"""Names people know the reference models by. A server need not offer them: the profile's preferred ids stand in."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of server. The defaults are what a plain OpenAI-compatible server does."""

    name: str
    base_url: str = ""
    """Where it usually is. Empty: OPENAI_BASE_URL has to say."""
    hosts: tuple[str, ...] = ()
    """Parts of `host:port` that tell this kind of server from its address."""
    needs_key: bool = False

    instruct_models: tuple[str, ...] = ()
    """Preferred ids, best first. Empty: the first chat model the server lists."""
    thinking_models: tuple[str, ...] = ()
    embedding_model: str = ""
    """Empty: embeddings come from the local server unless EMBEDDING_MODEL says otherwise."""
    embedding_dimensions: int | None = None
    embedding_sizes: tuple[int, ...] = ()
    """The dimensions `embedding_model` can be asked for. Empty: it has one size, and `dimensions` is not sent."""
    embedding_batch: int = 32
    embedding_parallel: int = 1
    """Embedding requests under way at once for one call of `embed`."""
    rerank_model: str = ""
    rerank_path: str = "/rerank"
    """After the base URL; with a leading `//`, after the host."""

    thinking_switch: ThinkingSwitch = "none"
    thinking_budgets: tuple[tuple[str, int], ...] = ()
    """Longest chain of thought in tokens by the beginning of the model's id. Empty: no budget is sent."""
    thinking_budget: int | None = None
    """Sent when the caller gives none: some models refuse the switch without it, and it bounds the cost."""
    inline_thinking: bool = False
    """Without a reasoning parser this server leaves `<think>` in the content, or only its closing tag."""
    echoes_reasoning: bool = True
    """History may carry the reasoning under the field it came in."""
    forces_tools_in_thinking: bool = True
    """A forced tool_choice is accepted while thinking; where not, it becomes `auto`."""
    refused_tool_names: frozenset[str] = frozenset()
    plain_content: bool = True
    """Content is sent as a string, never as a list of parts."""

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    stream_options: bool = True
    """Usage is asked for with `stream_options`."""
    quota_is_billing: bool = False
    """`insufficient_quota` means an empty account rather than a limit that recovers within a minute."""
    requests_per_minute: int | None = None


MODELSTUDIO = Profile(
    name="modelstudio",
    base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    hosts=("dashscope", ".maas.aliyuncs.com"),
    needs_key=True,
    instruct_models=("qwen3-max", "qwen3-max-2026-01-23", "qwen3.8-max", "qwen3.7-max", "qwen3.5-plus"),
    thinking_models=("qwen3-max", "qwen3-max-2026-01-23", "qwen3.8-max", "qwen3.7-max", "qwen3.5-plus"),
    embedding_model="text-embedding-v4",
    embedding_dimensions=1024,
    embedding_sizes=(2048, 1536, 1024, 768, 512, 256, 128, 64),
    embedding_batch=10,
    embedding_parallel=4,
    rerank_model="qwen3-rerank",
    rerank_path="//compatible-api/v1/reranks",
    thinking_switch="enable_thinking",
    thinking_budgets=(("qwen3.8-", 262_144), ("qwen3.7-", 131_072), ("qwen3-max", 81_920), ("", 38_912)),
    thinking_budget=32_768,
    forces_tools_in_thinking=False,
    refused_tool_names=frozenset({"search"}),
    requests_per_minute=600,
)
OPENAI = Profile(
    name="openai",
    base_url="https://api.openai.com/v1",
    hosts=("api.openai.com",),
    needs_key=True,
    instruct_models=("gpt-5.1", "gpt-4.1", "gpt-4o"),
    thinking_models=("gpt-5.1", "gpt-5", "o4-mini"),
    embedding_model="text-embedding-3-small",
    embedding_dimensions=1024,
    embedding_sizes=(1536, 1024, 768, 512, 256),
    embedding_batch=128,
    embedding_parallel=4,
    thinking_switch="reasoning_effort",
    echoes_reasoning=False,
    max_tokens_field="max_completion_tokens",
    quota_is_billing=True,
)
VLLM = Profile(name="vllm", thinking_switch="chat_template_kwargs", inline_thinking=True)
SGLANG = Profile(
    name="sglang",
    base_url="http://127.0.0.1:30000/v1",
    hosts=(":30000",),
    thinking_switch="chat_template_kwargs",
    inline_thinking=True,
)
OLLAMA = Profile(
    name="ollama",
    base_url="http://127.0.0.1:11434/v1",
    hosts=(":11434",),
    thinking_switch="reasoning_effort",
    inline_thinking=True,
)
LMSTUDIO = Profile(name="lmstudio", base_url="http://127.0.0.1:1234/v1", hosts=(":1234",), inline_thinking=True)
XINFERENCE = Profile(
    name="xinference",
    base_url="http://127.0.0.1:9997/v1",
    hosts=(":9997",),
    thinking_switch="chat_template_kwargs",
    inline_thinking=True,
)
COMPATIBLE = Profile(name="compatible", inline_thinking=True)
LOCAL = Profile(
    name="local",
    base_url="http://127.0.0.1:8001/v1",
    instruct_models=("zhinang-local-instruct",),
    thinking_models=("zhinang-local-thinking",),
    embedding_model="zhinang-local-embedding",
    embedding_dimensions=256,
    embedding_batch=64,
    rerank_model="zhinang-local-rerank",
    thinking_switch="enable_thinking",
)
PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (MODELSTUDIO, OPENAI, VLLM, SGLANG, OLLAMA, LMSTUDIO, XINFERENCE, COMPATIBLE, LOCAL)
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server is and what opens it. For rerank `base_url` is the full address."""

    base_url: str
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how often a server is waited for. Seconds, unless the name says otherwise."""

    connect: float = 5
    chunk: float = 120
    """The longest silence before the first or between two pieces of a reply."""
    deadline: float = 900
    """One reply with all its repeats."""
    embedding: float = 60
    rerank: float = 15
    connections: int = 512
    """Requests under way at once, per process and kind of client."""
    requests_per_minute: int | None = None
    """Started requests, per process and key. None: no limit of our own."""
    patience: float = 1
    """Factor on every wait between two tries."""


@dataclass(frozen=True, slots=True)
class ModelServers:
    """Which servers and models answer for chat, embeddings and rerank: the one hand-over to the other parts.

    A model id of None, or one of `ALIASES`, is resolved to the profile's first preferred id that the server offers.
    """

    profile: Profile
    chat: Endpoint
    embedding_profile: Profile
    embedding: Endpoint
    embedding_model: str
    embedding_dimensions: int | None = None
    """None: as many as the model gives, measured at its first use."""
    rerank: Endpoint | None = None
    rerank_model: str = ""
    instruct_model: str | None = None
    thinking_model: str | None = None
    limits: Limits = Limits()

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        """Read the model servers' variables. With none of them set, the local server does everything.

        Raises ConfigurationError with a sentence that names the variable.
        """
        chosen = {name: value.strip() for name, value in env.items() if value.strip()}
        profile = _profile(chosen)
        chat = _chat_endpoint(profile, chosen)
        embedding_profile, embedding = _embedding_endpoint(profile, chat, chosen)
        rerank, rerank_model = _rerank(profile, chat, chosen)
        model = chosen.get("EMBEDDING_MODEL") or embedding_profile.embedding_model
        if not model:
            raise ConfigurationError(
                "EMBEDDING_BASE_URL needs EMBEDDING_MODEL: the id of the embedding model that server offers."
            )
        per_minute = _whole(chosen, "MODEL_REQUESTS_PER_MINUTE", 1, 1_000_000)
        return cls(
            profile=profile,
            chat=chat,
            embedding_profile=embedding_profile,
            embedding=embedding,
            embedding_model=model,
            embedding_dimensions=_dimensions(embedding_profile, model, chosen),
            rerank=rerank,
            rerank_model=rerank_model,
            instruct_model=chosen.get("INSTRUCT_MODEL"),
            thinking_model=chosen.get("THINKING_MODEL"),
            limits=Limits(requests_per_minute=per_minute or profile.requests_per_minute),
        )

    @classmethod
    def next_from_environment(cls, env: Mapping[str, str]) -> Self | None:
        """The same servers with the embedding model that is to follow (the NEXT_EMBEDDING_ variables); None: none is.

        Raises ConfigurationError with a sentence that names the variable.
        """
        names = ("MODEL", "DIMENSIONS", "BASE_URL", "API_KEY")
        following = {name: env.get(f"NEXT_EMBEDDING_{name}", "").strip() for name in names}
        if not following["MODEL"]:
            if any(following.values()):
                raise ConfigurationError("NEXT_EMBEDDING_MODEL is not set. Set it to the model that is to follow.")
            return None
        others = {name: value for name, value in env.items() if not name.startswith("EMBEDDING_")}
        try:
            return cls.from_environment(others | {f"EMBEDDING_{name}": value for name, value in following.items()})
        except ConfigurationError as error:
            raise ConfigurationError(str(error).replace("EMBEDDING_", "NEXT_EMBEDDING_")) from error

    @property
    def needs_local_server(self) -> bool:
        """Whether `python -m llm.local` has to run."""
        return "local" in (self.profile.name, self.embedding_profile.name)


def _profile(env: Mapping[str, str]) -> Profile:
    if name := env.get("MODEL_PROFILE"):
        if name.lower() not in PROFILES:
            raise ConfigurationError(f"MODEL_PROFILE is {name!r}. Set it to one of: {', '.join(PROFILES)}.")
        return PROFILES[name.lower()]
    hosted = MODELSTUDIO if {"DASHSCOPE_API_KEY", "API_KEY"} & env.keys() else None
    if url := env.get("OPENAI_BASE_URL"):
        guessed = _guess(_url("OPENAI_BASE_URL", url), env)
        # Model Studio's key with an unknown address: a gateway before it.
        return hosted if hosted and guessed is COMPATIBLE else guessed
    return hosted or (OPENAI if "OPENAI_API_KEY" in env else LOCAL)


def _guess(url: str, env: Mapping[str, str]) -> Profile:
    """The kind of server behind an address, by its host and port."""
    if url == _local_url(env):
        return LOCAL
    host = urlsplit(url).netloc.lower()
    return next((profile for profile in PROFILES.values() if any(part in host for part in profile.hosts)), COMPATIBLE)


def _chat_endpoint(profile: Profile, env: Mapping[str, str]) -> Endpoint:
    if profile is LOCAL:
        return Endpoint(_local_url(env))
    names: tuple[str, ...] = ("OPENAI_API_KEY", "API_KEY")
    if profile is MODELSTUDIO:
        names = ("DASHSCOPE_API_KEY", "API_KEY", "OPENAI_API_KEY")
    key = next((env[name] for name in names if name in env), "")
    if profile.needs_key and not key:
        raise ConfigurationError(f"{names[0]} is not set. Set it to the API key of the {profile.name} service.")
    url = env.get("OPENAI_BASE_URL", profile.base_url)
    if not url:
        raise ConfigurationError(
            f"OPENAI_BASE_URL is not set. Set it to the address of the {profile.name} server, like http://host:8000/v1."
        )
    if key.startswith("sk-sp-") and "OPENAI_BASE_URL" not in env:
        raise ConfigurationError("This is a plan's API key (sk-sp-…). Set OPENAI_BASE_URL to the address of that plan.")
    return Endpoint(_url("OPENAI_BASE_URL", url), key)


def _embedding_endpoint(profile: Profile, chat: Endpoint, env: Mapping[str, str]) -> tuple[Profile, Endpoint]:
    """EMBEDDING_BASE_URL, or the chat server where it has a known embedding model, or the local server."""
    key = env.get("EMBEDDING_API_KEY", "")
    model = env.get("EMBEDDING_MODEL")
    if url := env.get("EMBEDDING_BASE_URL"):
        url = _url("EMBEDDING_BASE_URL", url)
        same_host = urlsplit(url).netloc == urlsplit(chat.base_url).netloc
        return _guess(url, env), Endpoint(url, key or (chat.api_key if same_host else ""))
    if model == LOCAL.embedding_model or not (model or profile.embedding_model):
        return LOCAL, Endpoint(_local_url(env))
    return profile, Endpoint(chat.base_url, key or chat.api_key)


def _rerank(profile: Profile, chat: Endpoint, env: Mapping[str, str]) -> tuple[Endpoint | None, str]:
    """The rerank server, or none: where the profile has no known model, RERANK_MODEL has to name one."""
    url, model = env.get("RERANK_URL", ""), env.get("RERANK_MODEL", profile.rerank_model)
    if {url.lower(), model.lower()} & {"off", "none"}:
        return None, ""
    if not model:
        if url:
            raise ConfigurationError("RERANK_URL needs RERANK_MODEL: the id of the model that orders the results.")
        return None, ""
    if url:
        url = _address("RERANK_URL", url)
    elif profile.rerank_path.startswith("//"):
        parts = urlsplit(chat.base_url)
        url = f"{parts.scheme}://{parts.netloc}{profile.rerank_path[1:]}"
    else:
        url = chat.base_url + profile.rerank_path
    same_host = urlsplit(url).netloc == urlsplit(chat.base_url).netloc
    return Endpoint(url, env.get("RERANK_API_KEY") or (chat.api_key if same_host else "")), model


def _dimensions(profile: Profile, model: str, env: Mapping[str, str]) -> int | None:
    known = model == profile.embedding_model
    asked = _whole(env, "EMBEDDING_DIMENSIONS", 1, 4000)
    if asked is None:
        return profile.embedding_dimensions if known else None
    sizes = profile.embedding_sizes or (profile.embedding_dimensions,)
    if known and asked not in sizes:
        offered = ", ".join(str(size) for size in sizes)
        raise ConfigurationError(f"EMBEDDING_DIMENSIONS is {asked}. Set it to one that {model} offers: {offered}.")
    return asked


def _local_url(env: Mapping[str, str]) -> str:
    return _url("LOCAL_MODEL_URL", env.get("LOCAL_MODEL_URL", LOCAL.base_url))


def _url(variable: str, value: str) -> str:
    """A base URL without what people paste along: the final path of a call, a slash; with `/v1` where no path is."""
    url = _address(variable, value).removesuffix("/chat/completions").removesuffix("/embeddings").rstrip("/")
    if urlsplit(url).path:
        return url
    return url + ("/compatible-mode/v1" if any(part in url for part in MODELSTUDIO.hosts) else "/v1")


def _address(variable: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.username or parts.query or parts.fragment:
        raise ConfigurationError(f"{variable} is not an address like https://host/v1 without a key or query in it.")
    return value.rstrip("/")


def _whole(env: Mapping[str, str], variable: str, least: int, most: int) -> int | None:
    text = env.get(variable)
    if text is None:
        return None
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ConfigurationError(f"{variable} is {text!r}. Set it to a whole number from {least} to {most}.")
    return int(text)
