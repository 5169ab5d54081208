"""Sources: places whose files a collection follows. `KINDS` is the table, `work` looks at them, `verbs` keeps them."""

from kb.sources import folder, git, s3, sitemap, url
from kb.sources.kinds import Kind

KINDS: dict[str, Kind] = {
    "url": url.KIND,
    "sitemap": sitemap.KIND,
    "folder": folder.KIND,
    "s3": s3.KIND,
    "git": git.KIND,
}
PUSH = "push"
"""The kind of a source that other systems fill through the API; nothing is fetched for it."""
