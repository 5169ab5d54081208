"""Files in, text with structure out: `parse_file` reads any supported file in a confined child process."""

from kb.parsing.archives import Member, expand_zip
from kb.parsing.errors import ErrorCode, ParseError
from kb.parsing.filenames import safe_filename
from kb.parsing.kinds import KINDS
from kb.parsing.limits import ParseLimits
from kb.parsing.parsed import Block, Line, Parsed, ParsedPage, Part
from kb.parsing.recognized import Recognized
from kb.parsing.sandbox import Reading, parse_file
from kb.parsing.spool import ParsedFile

__all__ = [
    "KINDS",
    "Block",
    "ErrorCode",
    "Line",
    "Member",
    "ParseError",
    "ParseLimits",
    "Parsed",
    "ParsedFile",
    "ParsedPage",
    "Part",
    "Reading",
    "Recognized",
    "expand_zip",
    "parse_file",
    "safe_filename",
]
