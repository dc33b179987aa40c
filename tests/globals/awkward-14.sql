-- What there is since 14. After awkward.sql.

grant pg_read_all_data to "Mixed", z_first with admin option;

-- pg_dumpall of 13 breaks a comment at the end of the line in such a name, so that what follows is a statement; pgark does not.
alter role "new
line" set statement_timeout = 17;
