"""What a person asked of the knowledge base and cannot have, said so that they know what to do."""

from typing import Literal

Kind = Literal["forbidden", "not_found", "conflict", "invalid", "too_large", "storage"]

SENTENCES: dict[str, tuple[Kind, str, str]] = {
    "not_allowed": (
        "forbidden",
        "You may not change this. Ask an administrator, or somebody who looks after this collection.",
        "你没有修改权限。请联系管理员或该知识库的维护者。",
    ),
    "not_found": (
        "not_found",
        "It does not exist, or you may not read it.",
        "内容不存在，或你没有阅读权限。",
    ),
    "name_missing": ("invalid", "Give the collection a name.", "请为知识库填写名称。"),
    "name_too_long": (
        "invalid",
        "The name is longer than 200 characters. Choose a shorter one.",
        "名称超过 200 个字符，请缩短名称。",
    ),
    "name_taken": (
        "conflict",
        "There is already a collection of this name. Choose another name.",
        "已有同名的知识库，请换一个名称。",
    ),
    "unknown_group": (
        "invalid",
        "There is no group of this name: {names}. Choose groups that exist, or create it first.",
        "没有这个用户组：{names}。请选择已有的用户组，或先创建它。",
    ),
    "would_lose_access": (
        "invalid",
        "You would no longer be able to read it yourself. Add one of your own groups.",
        "这样设置后你自己将无法阅读。请加入你所在的一个用户组。",
    ),
    "too_large": (
        "too_large",
        "The file is larger than {megabytes} MB. Split it into smaller files and upload those.",
        "文件超过 {megabytes} MB。请拆分为较小的文件后再上传。",
    ),
    "too_many_attached": (
        "conflict",
        "A conversation takes at most {most} files. Remove one, or start a new conversation.",
        "一个对话最多附加 {most} 个文件。请移除一个，或开始新的对话。",
    ),
    "dates_reversed": (
        "invalid",
        "The last day of validity is before the first. Correct the dates.",
        "失效日期早于生效日期，请更正日期。",
    ),
    "title_missing": ("invalid", "Give the document a title.", "请填写文档标题。"),
    "title_too_long": (
        "invalid",
        "The title is longer than 500 characters. Choose a shorter one.",
        "标题超过 500 个字符，请缩短标题。",
    ),
    "bad_tags": (
        "invalid",
        "A document has at most 50 tags of at most 100 characters each. Use fewer or shorter ones.",
        "每个文档最多 50 个标签，每个标签最多 100 个字符。请减少或缩短标签。",
    ),
    "unknown_person": (
        "invalid",
        "There is no account of this name: {name}. Give the user name of somebody who can sign in.",
        "没有这个账号：{name}。请填写可以登录的人的用户名。",
    ),
    "find_too_slow": (
        "invalid",
        "Looking through every text for these words took too long. Name a document, or look for rarer words.",
        "在全部文本中查找这些文字耗时过长。请指定文档，或改用更少见的词语。",
    ),
    "query_refused": (
        "invalid",
        "The query was not run. {reason}",
        "查询未能执行。{reason}",
    ),
    "queries_busy": (
        "conflict",
        "Too many queries are running. Try again in a moment.",
        "同时运行的查询过多，请稍后重试。",
    ),
    "embedding_unreachable": (
        "conflict",
        "The embedding model {model} cannot be asked: its server is not named. Set NEXT_EMBEDDING_MODEL to it first.",
        "无法调用向量模型 {model}：尚未配置它的服务器。请先用 NEXT_EMBEDDING_MODEL 指定。",
    ),
    "embedding_incomplete": (
        "conflict",
        "The embedding model {model} does not have all passages yet. Wait until it has, then switch.",
        "向量模型 {model} 尚未处理完所有段落，请等待完成后再切换。",
    ),
    "embedding_takes_over": (
        "conflict",
        "EMBEDDING_MODEL names {model}, which would answer again at once. Set EMBEDDING_MODEL as it was and "
        "NEXT_EMBEDDING_MODEL to {model}; then you can choose between them here.",
        "EMBEDDING_MODEL 指定了 {model}，它会立即重新启用。请将 EMBEDDING_MODEL 改回，"
        "并用 NEXT_EMBEDDING_MODEL 指定 {model}，然后即可在此选择。",
    ),
    "embedding_answers": (
        "conflict",
        "The embedding model {model} answers. Switch to another one first.",
        "向量模型 {model} 正在使用，请先切换到其他模型。",
    ),
    "embedding_named": (
        "conflict",
        "The settings name the embedding model {model}: it would be filled again. Take it out of the settings first.",
        "配置中仍指定了向量模型 {model}，删除后会被重新填充。请先从配置中移除。",
    ),
    "storage_full": (
        "storage",
        "The server's storage is full; the file was not kept. Tell your administrator and upload it again later.",
        "服务器存储空间已满，文件未保存。请联系管理员，稍后重新上传。",
    ),
    "address_invalid": (
        "invalid",
        "This is not an address that can be fetched. Write it like https://example.com/page.",
        "这不是可以抓取的网址。请按 https://example.com/page 的形式填写。",
    ),
    "scheme_refused": (
        "invalid",
        "Only addresses that begin with http:// or https:// are fetched.",
        "只抓取以 http:// 或 https:// 开头的网址。",
    ),
    "address_credentials": (
        "invalid",
        "The address holds a name or a password. Take it out; secrets have a field of their own.",
        "网址中含有用户名或密码，请将其去掉；密钥请填写在专用字段中。",
    ),
    "address_refused": (
        "invalid",
        "“{host}” is inside a closed network and is not fetched. The operator may allow it with FETCH_ALLOWED.",
        "“{host}”位于内部网络，不予抓取。运维人员可通过 FETCH_ALLOWED 放行。",
    ),
    "host_unknown": (
        "invalid",
        "There is no server called “{host}”. Check the address.",
        "找不到名为“{host}”的服务器，请检查网址。",
    ),
    "not_reached": (
        "invalid",
        "“{host}” could not be reached, or broke the connection off. Try again later.",
        "无法连接“{host}”，或连接中断。请稍后再试。",
    ),
    "too_slow": (
        "invalid",
        "“{host}” took too long to answer. Try again later.",
        "“{host}”响应过慢。请稍后再试。",
    ),
    "too_many_redirects": (
        "invalid",
        "“{host}” redirects again and again. Give the address at which the content really stands.",
        "“{host}”反复重定向。请填写内容实际所在的网址。",
    ),
    "page_gone": ("not_found", "There is nothing at {address} any more.", "{address} 已不存在。"),
    "answered_with": (
        "invalid",
        "{address} answered with status {status}. Check the address, and whether it can be read without signing in.",
        "{address} 返回状态 {status}。请检查网址，并确认无需登录即可阅读。",
    ),
    "encoding_refused": (
        "invalid",
        "The server sent its content packed as “{encoding}”, which cannot be unpacked.",
        "服务器以“{encoding}”压缩内容，无法解压。",
    ),
    "answer_too_large": (
        "invalid",
        "“{host}” answered with more than {kilobytes} KB, which is not read. Ask it for less.",
        "“{host}”返回的内容超过 {kilobytes} KB，不予读取。请缩小查询范围。",
    ),
    "mcp_answered_with": (
        "invalid",
        "“{host}” answered with status {status}. Check the address and the secret.",
        "“{host}”返回状态 {status}。请检查网址和密钥。",
    ),
    "mcp_redirected": (
        "invalid",
        "“{host}” redirects to another address, which is not followed. Give the address at which the server really is.",
        "“{host}”重定向到其他网址，不予跟随。请填写服务器实际所在的网址。",
    ),
    "mcp_failed": (
        "invalid",
        "“{host}” did not answer as a server of the Model Context Protocol does ({said}). Check the address.",
        "“{host}”没有按模型上下文协议（MCP）作答（{said}）。请检查网址。",
    ),
    "tool_server_name_missing": ("invalid", "Give the server a name.", "请为服务器填写名称。"),
    "tool_server_name_taken": (
        "conflict",
        "There is already a server of this name. Choose another name.",
        "已有同名的服务器，请换一个名称。",
    ),
    "tool_secret_lost": (
        "invalid",
        "The secret of this server can no longer be read, because our own key has changed. Enter it again.",
        "系统密钥已更换，此服务器的密钥无法再读取，请重新填写。",
    ),
    "header_refused": (
        "invalid",
        "This is not a header that can carry the secret. Leave it empty, or write one like X-Api-Key.",
        "该请求头不能用于携带密钥。请留空，或填写 X-Api-Key 之类的名称。",
    ),
    "secret_refused": (
        "invalid",
        "The secret has characters that a header cannot carry. Copy it again.",
        "密钥中含有请求头无法携带的字符，请重新复制。",
    ),
    "list_unreadable": (
        "invalid",
        "What the server lists cannot be read as a list. Check that the address is right.",
        "服务器返回的清单无法识别。请确认网址是否正确。",
    ),
    "too_many_entries": (
        "invalid",
        "There are more than {most} entries. Choose a narrower part of it.",
        "条目超过 {most} 个，请缩小范围。",
    ),
    "folder_refused": (
        "invalid",
        "This folder may not be watched. The operator names the folders that may, with SOURCE_FOLDERS.",
        "不允许监视该文件夹。可监视的文件夹由运维人员通过 SOURCE_FOLDERS 指定。",
    ),
    "folder_missing": (
        "invalid",
        "The folder {path} is not there or cannot be read. Is its disk connected?",
        "文件夹 {path} 不存在或无法读取。请检查其磁盘是否已挂载。",
    ),
    "file_unreadable": (
        "invalid",
        "The file could not be read. Check its permissions.",
        "无法读取该文件，请检查其权限。",
    ),
    "s3_not_installed": (
        "invalid",
        "The server was installed without S3. Tell your operator to install Zhinang with the extra “s3”.",
        "服务器未安装 S3 组件。请联系运维人员安装 zhinang[s3]。",
    ),
    "git_not_installed": (
        "invalid",
        "The program “git” is not on the worker's machine. Tell your operator to install it.",
        "工作进程所在的机器上没有 git 程序。请联系运维人员安装。",
    ),
    "branch_unknown": (
        "invalid",
        "The repository has no branch “{branch}”. Check its name.",
        "仓库中没有分支“{branch}”，请检查名称。",
    ),
    "repository_refused": (
        "invalid",
        "{address} could not be read as a Git repository. Check the address and the access token.",
        "无法将 {address} 作为 Git 仓库读取。请检查地址和访问令牌。",
    ),
    "secret_lost": (
        "invalid",
        "The secret of this source can no longer be read, because the server's own key has changed. "
        "Enter it again under “Change”.",
        "服务器密钥已更换，此来源的密钥无法再读取。请在“修改”中重新填写。",
    ),
    "archive_in_source": (
        "invalid",
        "Archives of a source are not unpacked. Put its files beside it, or upload the archive by hand.",
        "来源中的压缩包不会自动解压。请放入其中的文件，或手动上传压缩包。",
    ),
    "name_of_entry_too_long": (
        "invalid",
        "The name of this file is too long to be followed. Shorten it.",
        "文件名过长，无法跟踪。请缩短名称。",
    ),
    "source_without_owner": (
        "invalid",
        "The person who set this source up may no longer change the collection. Set it up again.",
        "添加此来源的人已无权修改该知识库。请重新添加。",
    ),
    "would_delete_most": (
        "conflict",
        "{gone} of {known} documents are no longer there. They are kept until somebody says whether to delete them.",
        "{known} 篇文档中有 {gone} 篇已不在来源处。在有人确认是否删除之前，它们都会保留。",
    ),
    "sync_unknown": (
        "not_found",
        "This synchronisation was never begun, or has ended. Send the list again without `sync`.",
        "该同步不存在或已结束。请不带 sync 重新发送清单。",
    ),
    "source_name_missing": ("invalid", "Give the source a name.", "请为来源填写名称。"),
    "source_kind_unknown": ("invalid", "There is no such kind of source.", "没有这种来源。"),
    "source_changed": (
        "conflict",
        "The source was changed during this look; another one begins.",
        "检查过程中来源已被修改，将重新开始检查。",
    ),
    "setting_missing": ("invalid", "Fill in: {field}.", "请填写：{field}。"),
    "nothing_to_answer": (
        "conflict",
        "This source is not waiting for an answer.",
        "该来源没有等待答复的问题。",
    ),
    "went_wrong": (
        "invalid",
        "Something went wrong on our side. It will be tried again; the server's log says more.",
        "我们这边出了问题，稍后会重试；详情见服务器日志。",
    ),
    "set_name_missing": ("invalid", "Name the evaluation set.", "请填写评测集名称。"),
    "note_empty": ("invalid", "Write the note first.", "请先写批注内容。"),
    "note_on_note": (
        "invalid",
        "A note gets no notes of its own. Add one to the document it is about.",
        "批注不能再添加批注。请在原文档上添加。",
    ),
    "nothing_ticked": (
        "invalid",
        "Tick the hits whose documents are right, or say that none is.",
        "请勾选正确的结果；如果都不对，请勾选“没有正确的文档”。",
    ),
    "set_empty": (
        "conflict",
        "The set has no questions yet. Try a search and keep it, or import questions.",
        "该评测集还没有问题。请在试搜中保存问题，或导入问题。",
    ),
    "question_file_missing": (
        "invalid",
        "Choose a file of JSON lines with at most 20 MB.",
        "请选择不超过 20 MB 的 JSON Lines 文件。",
    ),
    "question_missing": ("invalid", "Write a question first.", "请先写问题。"),
    "nothing_to_retry": (
        "conflict",
        "There is nothing to try again: the latest version has neither failed nor been cancelled.",
        "无需重试：最新版本没有失败，也没有被取消。",
    ),
    "nothing_to_cancel": (
        "conflict",
        "There is nothing to cancel: the latest version is not being processed.",
        "无需取消：最新版本不在处理中。",
    ),
}


class DocumentError(Exception):
    """A person must know. `code` and `kind` are for programs, the sentences in English and in Chinese for people."""

    def __init__(self, code: str, en: str = "", zh: str = "", **values: object) -> None:
        kind, default_en, default_zh = SENTENCES.get(code, ("invalid", en, zh))
        self.code = code
        self.kind: Kind = kind
        self.en = en or default_en.format(**values)
        self.zh = zh or default_zh.format(**values)
        super().__init__(self.en)

    def sentence(self, language: str) -> str:
        """The sentence in the given language: Chinese for `zh…`, English otherwise."""
        return self.zh if language.lower().startswith("zh") else self.en
