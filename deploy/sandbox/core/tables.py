"""The SQLite tables of a department's records, and how they are opened."""

import sqlite3
from pathlib import Path

_SCHEMA = """
create table if not exists counter(
    series text, year integer, last integer not null, primary key (series, year));
create table if not exists record(
    number text primary key, key text not null unique, direction text not null, flow text not null, role text,
    state text not null, ext_case text, ext_referral text, ext_task text unique, content text not null,
    since text not null);
create table if not exists reference(
    kind text, value text, number text not null references record(number), primary key (kind, value, number));
create table if not exists step(
    seq integer primary key autoincrement, key text not null unique,
    number text not null references record(number), kind text not null, act text, at text not null,
    fields text not null, unique (number, act));
create table if not exists received(
    ordinal integer primary key autoincrement, delivery_id text not null unique,
    number text references record(number), kind text not null, at text not null, fields text not null);
create index if not exists received_number on received(number);
create table if not exists paper(sha256 text primary key, content blob not null);
"""


def open_tables(path: Path, department: str) -> sqlite3.Connection:
    """Opens (and on first use creates) the file. A commit that returned survives kill -9 and loss of power.

    Raises ValueError when the file belongs to another department.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("pragma journal_mode=wal")
    db.execute("pragma synchronous=full")
    db.execute("pragma foreign_keys=on")
    db.execute("pragma busy_timeout=10000")
    db.executescript(_SCHEMA)
    db.execute("create table if not exists owner(department text not null)")
    owner = db.execute("select department from owner").fetchone()
    if owner is None:
        db.execute("insert into owner values (?)", (department,))
    elif owner["department"] != department:
        db.close()
        raise ValueError(f"{path} holds the records of {owner['department']!r}, not of {department!r}")
    return db
