-- Privileges on parameters, which there are since 15. After awkward.sql.

grant set on parameter work_mem to r_group;
grant set on parameter work_mem to z_first with grant option;
set role z_first;
grant set on parameter work_mem to "quo""ted";
reset role;
grant set, alter system on parameter "My_App"."Odd" to "back\slash", public;
grant alter system on parameter log_statement to "Ümläut Größe" with grant option;
grant all on parameter shared_buffers to "select";
grant set on parameter lc_messages to postgres;
