"""What storage raises: the drivers' own exceptions stop here."""

from __future__ import annotations

from tuning.errors import Conflict, FtBotError


class DatabaseError(FtBotError):
    """The database can't be used just now."""

    code = "database"
    remedy = "Try again in a minute; if it stays so, ask the administrator to run `ft-bot doctor`."


class DatabaseSettingWrong(FtBotError):
    """FT_DATABASE_URL can't be used."""

    code = "database_setting"
    remedy = (
        "Set it to sqlite:////path/to/file.db or postgresql://user:password@host:5432/name, "
        "or leave it out: then a SQLite file in FT_DATA_DIR is used."
    )


class DatabaseNotMigrated(DatabaseError):
    """The database's tables are not those of this version of ft-bot."""

    code = "database_not_migrated"
    remedy = "Run `ft-bot migrate`."


class RecordRefused(Conflict):
    """This contradicts what is on record."""

    code = "record_refused"


class DiskFull(FtBotError):
    """The bot's disk is full."""

    code = "disk_full"
    remedy = "Ask the administrator to make room in FT_DATA_DIR, then drop the file again."
