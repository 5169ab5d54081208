"""The embedded default: an OpenAI-compatible server that needs no key and no network."""

INSTRUCT = "zhinang-local-instruct"
THINKING = "zhinang-local-thinking"
EMBEDDING = "zhinang-local-embedding"
RERANK = "zhinang-local-rerank"
