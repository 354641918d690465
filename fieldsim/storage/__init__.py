"""Files that are whole or absent: run folders, checkpoints, tables, VTK files; guards of memory and disk."""

from fieldsim.storage.atomic import (
    WrittenFile,
    file_sha256,
    open_regular,
    read_bytes,
    whole_file,
    write_bytes,
    write_text,
)
from fieldsim.storage.checkpoint import Checkpoint, load, save
from fieldsim.storage.disk import free_bytes, guard_disk
from fieldsim.storage.lock import FolderLock
from fieldsim.storage.memory import available_bytes, guard, human_bytes, memory_limits
from fieldsim.storage.names import check_name
from fieldsim.storage.run_folder import RunFolder
from fieldsim.storage.tables import read_json, write_csv, write_json
from fieldsim.storage.vtk_files import structured_suffix, write_collection, write_structured

__all__ = [
    "Checkpoint",
    "FolderLock",
    "RunFolder",
    "WrittenFile",
    "available_bytes",
    "check_name",
    "file_sha256",
    "free_bytes",
    "guard",
    "guard_disk",
    "human_bytes",
    "load",
    "memory_limits",
    "open_regular",
    "read_bytes",
    "read_json",
    "save",
    "structured_suffix",
    "whole_file",
    "write_bytes",
    "write_collection",
    "write_csv",
    "write_json",
    "write_structured",
    "write_text",
]
