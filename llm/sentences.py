"""What people read when a model server fails: what happened and what to do, in English and Chinese.

`{detail}` is the server's own message with secrets masked. Only sentences for whoever runs the
system carry it.
"""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "configuration": (
        "The model server is not set up correctly. An administrator can run `manage.py check_models`. {detail}",
        "模型服务的配置有误。管理员可以运行 `manage.py check_models` 检查。{detail}",
    ),
    "model_missing": (
        "The configured model is not offered by the model server. An administrator should set INSTRUCT_MODEL, "
        "THINKING_MODEL, EMBEDDING_MODEL or RERANK_MODEL to one that is. {detail}",
        "模型服务不提供所配置的模型。请管理员将 INSTRUCT_MODEL、THINKING_MODEL、EMBEDDING_MODEL 或 RERANK_MODEL "
        "设为可用的模型。{detail}",
    ),
    "address": (
        "The configured address does not answer like a model server. An administrator should check OPENAI_BASE_URL, "
        "EMBEDDING_BASE_URL or RERANK_URL. {detail}",
        "所配置的地址不是模型服务接口。请管理员检查 OPENAI_BASE_URL、EMBEDDING_BASE_URL 或 RERANK_URL。{detail}",
    ),
    "authentication": (
        "The model server does not accept the API key. An administrator should check the key, and that it belongs to "
        "the region and plan of OPENAI_BASE_URL.",
        "模型服务不接受该 API 密钥。请管理员检查密钥是否正确，以及是否属于 OPENAI_BASE_URL 所在的地域和套餐。",
    ),
    "access_denied": (
        "The API key may not use this model. An administrator should grant it access in the model service's console.",
        "该 API 密钥无权使用此模型。请管理员在模型服务控制台中授权。",
    ),
    "quota": (
        "The free quota of the model is used up. An administrator should turn on paid use in the model service's "
        "console or choose another model.",
        "该模型的免费额度已用完。请管理员在模型服务控制台开通付费，或改用其他模型。",
    ),
    "billing": (
        "The model service's account has a payment problem. An administrator should settle it in its console.",
        "模型服务账户存在欠费或计费问题。请管理员在服务控制台处理。",
    ),
    "rate_limit": (
        "The model service is receiving too many requests. Try again in a minute.",
        "模型服务当前请求过多，请一分钟后重试。",
    ),
    "overloaded": (
        "The model service is overloaded. Try again in a minute.",
        "模型服务繁忙，请一分钟后重试。",
    ),
    "timeout": (
        "The model took too long to answer. Try again, or ask a shorter question.",
        "模型响应超时。请重试，或换一个更简短的问题。",
    ),
    "connection": (
        "The model server cannot be reached. Try again; if it stays so, an administrator should check that it runs "
        "and that its address is right.",
        "无法连接模型服务。请重试；如果仍然失败，请管理员检查服务是否运行、地址是否正确。",
    ),
    "content_filter": (
        "The model provider's content filter blocked this question or its answer. Put the question differently.",
        "模型提供方的内容审核拦截了这个问题或回答。请换一种方式提问。",
    ),
    "context_length": (
        "The question with its sources and history is too long for the model. Start a new conversation, or ask about "
        "fewer documents.",
        "问题连同资料和历史记录超出了模型的长度限制。请新建对话，或缩小涉及的文档范围。",
    ),
    "invalid_request": (
        "The model server refused the request. {detail}",
        "模型服务拒绝了该请求。{detail}",
    ),
    "thinking_must_stream": (
        "Thinking is only asked for as a stream.",
        "深度思考模式只支持流式输出。",
    ),
    "repetition": (
        "The model kept repeating the same step, so the server stopped it. Put the question differently.",
        "模型不断重复同一步骤，已被服务端停止。请换一种方式提问。",
    ),
    "bad_output": (
        "The model's reply could not be read. Try again.",
        "无法读取模型的回复，请重试。",
    ),
    "no_answer": (
        "The model finished without giving an answer. Try again.",
        "模型没有给出回答就结束了，请重试。",
    ),
    "only_reasoning": (
        "The model thought about the question but gave no answer. Try again, or ask a narrower question.",
        "模型进行了思考，但没有给出回答。请重试，或缩小问题范围。",
    ),
    "truncated": (
        "The model's reply broke off before its end. Try again.",
        "模型的回复中途中断，请重试。",
    ),
    "internal": (
        "The model service had an internal error. Try again in a minute.",
        "模型服务发生内部错误，请一分钟后重试。",
    ),
}
