"""How files are written and read: whole and for their owner only, and never more of one than a limit says.

write_atomically   a file that is there whole or not at all, mode 0600
write_output       the same, but not over a file that somebody edited; check_output asks before the work
check_place        whether a file can be written there, asked before the work
create_once        a small file that must not be there yet, for its owner only
make_folder        a folder that only its owner may enter, mode 0700
read_bounded       the bytes of a file, up to a limit
load_json          JSON text as plain data, with limits on its depth
state_folder       where the person who runs lsnb keeps what outlives a run; config_folders and cache_folder likewise
"""

from __future__ import annotations

from lsnb.files.atomic import check_place, create_once, make_folder, write_atomically
from lsnb.files.bounded import FileTroubleError, load_json, read_bounded
from lsnb.files.folders import cache_folder, config_folders, state_folder
from lsnb.files.outputs import check_output, remember_output, write_output

__all__ = [
    "FileTroubleError",
    "cache_folder",
    "check_output",
    "check_place",
    "config_folders",
    "create_once",
    "load_json",
    "make_folder",
    "read_bounded",
    "remember_output",
    "state_folder",
    "write_atomically",
    "write_output",
]
