#!/usr/bin/env python3
"""Write an archive as an old pg_dump would have: downgrade.py ARCHIVE MINOR OUTPUT, MINOR being 10 to 13.

The archive must be of version 1.14 or 1.15. Entries lose the fields that the old version has not; 1.12 and older have no search path,
1.11 and older make large objects with their data. Offsets are left unset, since everything moves.
"""
import sys

sys.path.insert(0, __file__.rpartition('/')[0])
sys.dont_write_bytecode = True
from archdiff import Archive

BLOB_TAGS = ('LARGE OBJECT ',)


def byte(n):
    return bytes([n])


def int_(n):
    return byte(n < 0) + abs(n).to_bytes(4, 'little')


def str_(s):
    if s is None:
        return int_(-1)
    s = s.encode('utf-8', 'surrogateescape')
    return int_(len(s)) + s


def kept(entry, minor):
    if minor < 13 and entry['desc'] == 'SEARCHPATH':
        return False
    about_blob = entry['desc'] in ('ACL', 'COMMENT') and (entry['tag'] or '').startswith(BLOB_TAGS)
    return minor >= 12 or not (entry['desc'] == 'BLOB' or about_blob)


def main(source, minor, target):
    minor = int(minor)
    archive = Archive(source)
    blocks = archive.f.read()
    out = b'PGDMP' + bytes([1, minor, 0, 4, 8, 1])
    out += int_(0 if archive.compression == 'none' else -1)
    out += b''.join(map(int_, archive.created))
    out += str_(archive.dbname) + str_(archive.server_version) + str_(archive.dump_version)
    entries = [entry for entry in archive.entries if kept(entry, minor)]
    out += int_(len(entries))
    for e in entries:
        out += int_(e['id']) + int_(e['dumper']) + str_(e['tableoid']) + str_(e['oid']) + str_(e['tag']) + str_(e['desc'])
        if minor >= 11:
            out += int_(e['section'])
        for field in ('defn', 'drop', 'copy', 'namespace', 'tablespace', 'owner'):
            out += str_(e[field])
        out += str_('true' if e['desc'] == 'TABLE' and minor < 12 else 'false')
        out += b''.join(str_(str(id)) for id in e['deps']) + str_(None)
        out += byte(3 if e['offset_flag'] == 3 else 1) + bytes(8)
    with open(target, 'wb') as f:
        f.write(out + blocks)


main(*sys.argv[1:])
